// SPDX-License-Identifier: MIT
#include "sentiment/data/text/vocabulary_file.hpp"

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/data/file.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <limits>
#include <optional>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::FormatError;
namespace io = lstmlib::io;

constexpr std::uint64_t largest_file = std::uint64_t{1} << 28;

/// Streams `{"word": id, ...}` and stops at anything else, so that no deep or huge tree is ever built.
class VocabularyReader : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::vector<Vocabulary::Entry> entries;
  std::string problem;

  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("a boolean"); }
  bool number_float(double, const std::string& text) override { return refuse(text); }
  bool string(std::string&) override { return refuse("a text"); }
  bool binary(nlohmann::json::binary_t&) override { return refuse("bytes"); }
  bool start_array(std::size_t) override { return refuse("a list"); }
  bool start_object(std::size_t) override {
    if (inside_) return refuse("an object");
    return inside_ = true;
  }
  bool end_array() override { return true; }
  bool end_object() override { return true; }
  bool key(std::string& word) override {
    word_ = std::move(word);
    return true;
  }
  bool number_integer(std::int64_t id) override {
    return refuse(std::to_string(id));
  }  // the parser calls it for negative numbers
  bool number_unsigned(std::uint64_t id) override {
    if (!inside_ || id > static_cast<std::uint64_t>((std::numeric_limits<std::int32_t>::max)()))
      return refuse(std::to_string(id));
    entries.emplace_back(word_, static_cast<std::int32_t>(id));
    return true;
  }
  bool parse_error(std::size_t byte, const std::string&, const nlohmann::json::exception& error) override {
    const std::string_view description = error.what();
    const auto says = [&](std::string_view part) { return description.find(part) != std::string_view::npos; };
    const bool cut = says("unexpected end of input") || says("missing closing quote");
    problem =
        lstmlib::message("byte ", byte, ": ",
                         says("surrogate") ? "half of a surrogate pair (\\ud800 to \\udfff), which is not a "
                                             "character; a word with it cannot occur in a text"
                         : says("ill-formed UTF-8") ? "not UTF-8"
                         : cut                      ? "not JSON: it ends too early"
                                                    : "not JSON");
    if (!word_.empty()) problem += " (after the word '" + io::printable(word_) + "')";
    return false;
  }

 private:
  bool refuse(const std::string& what) {
    problem = inside_ ? lstmlib::message("id of '", word_, "' is ", what) : "it holds " + what;
    problem += "; expected one object of words and their ids from 0";
    return false;
  }
  bool inside_ = false;
  std::string word_;
};

Vocabulary checked(std::vector<Vocabulary::Entry> entries, const std::string& name) {
  try {
    return Vocabulary(std::move(entries));
  } catch (const FormatError& error) { fail<FormatError>(name, ": ", error.what()); }
}

bool is_whole_number(io::ArrayDtype dtype) {
  return dtype >= io::ArrayDtype::int8 && dtype <= io::ArrayDtype::uint64;
}

/// A value for a message: its type, and its content if that is short.
std::string described(const io::Value& value) {
  if (const auto* array = value.get_if<io::Array>())
    return lstmlib::message("an array of ", name_of(array->dtype), " ", io::shape_text(array->shape));
  std::string text = "a " + std::string(value.kind_name());
  if (const auto* number = value.get_if<double>()) text += lstmlib::message(" (", *number, ")");
  if (const auto* word = value.get_if<std::string>()) text += " ('" + io::printable(*word) + "')";
  return text;
}

Vocabulary vocabulary_from_array(const io::Array& array, const std::string& name) {
  const bool single = array.dtype == io::ArrayDtype::object && array.objects.size() == 1;
  const io::Dict* dict = single ? array.objects[0].get_if<io::Dict>() : nullptr;
  if (dict == nullptr)
    fail<FormatError>(name, ": array of ", name_of(array.dtype), " ", io::shape_text(array.shape),
                      "; expected an object array that holds one dict of words and their ids");
  std::vector<Vocabulary::Entry> entries;
  entries.reserve(dict->size());
  for (const auto& [key, value] : *dict) {
    const auto* word = key.get_if<std::string>();
    const auto* id = value.get_if<std::int64_t>();
    std::optional<std::int64_t> number = id != nullptr ? std::optional(*id) : std::nullopt;
    const auto* scalar = value.get_if<io::Array>();  // a NumPy integer
    if (scalar != nullptr && scalar->elements() == 1 && is_whole_number(scalar->dtype)) {
      try {
        number = scalar->as_numbers<std::int64_t>()[0];
      } catch (const lstmlib::Error&) {}  // beyond 64 bits: not an id
    }
    if (word == nullptr)
      fail<FormatError>(name, ": entry ", entries.size(), " has a key of type ", key.kind_name(),
                        "; expected a word (str) and its id (int)");
    if (!number)
      fail<FormatError>(name, ": the id of '", io::printable(*word), "' is ", described(value),
                        ", expected an int from 0 to ", dict->size() - 1);
    if (*number < 0 || *number >= static_cast<std::int64_t>(dict->size()))
      fail<FormatError>(name, ": id ", *number, " of '", io::printable(*word), "' is not in 0 to ",
                        dict->size() - 1);
    entries.emplace_back(*word, static_cast<std::int32_t>(*number));
  }
  return checked(std::move(entries), name);
}

}  // namespace

std::string json_text(std::string_view text) {
  std::string quoted = "\"";
  const auto escape = [&](char32_t unit) {
    char code[16];
    std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(unit));
    quoted += code;
  };
  char32_t code_point = 0;
  while (io::take_code_point(text, code_point)) {
    switch (code_point) {
      case '"': quoted += "\\\""; break;
      case '\\': quoted += "\\\\"; break;
      case '\n': quoted += "\\n"; break;
      case '\r': quoted += "\\r"; break;
      case '\t': quoted += "\\t"; break;
      case '\f': quoted += "\\f"; break;
      case '\b': quoted += "\\b"; break;
      default:
        if (code_point >= 0x20 && code_point < 0x7F) {
          quoted += static_cast<char>(code_point);
        } else if (code_point < 0x10000) {
          escape(code_point);
        } else {  // a surrogate pair
          escape(0xD800 + ((code_point - 0x10000) >> 10));
          escape(0xDC00 + ((code_point - 0x10000) & 0x3FF));
        }
    }
  }
  return quoted + '"';
}

std::string vocabulary_json(const Vocabulary& vocabulary) {
  std::string json = "{";
  for (const auto& [word, id] : vocabulary.entries()) {
    if (json.size() > 1) json += ", ";
    json += json_text(word) + ": " + std::to_string(id);
  }
  return json + "}";
}

Vocabulary parse_vocabulary_json(std::string_view json, const std::string& name) {
  VocabularyReader reader;
  if (!nlohmann::json::sax_parse(json, &reader)) fail<FormatError>(name, ": vocabulary: ", reader.problem);
  return checked(std::move(reader.entries), name);
}

Vocabulary read_vocabulary(const std::filesystem::path& file) {
  const std::string bytes = read_text(file, largest_file);
  if (bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF"))
    fail<FormatError>(file.string(),
                      ": is UTF-16, by its byte order mark; convert it first: iconv -f UTF-16 -t UTF-8");
  if (!bytes.starts_with("\x93NUMPY")) return parse_vocabulary_json(bytes, file.string());
  return vocabulary_from_array(io::read_npy(file), file.string());
}

void write_vocabulary_json(const std::filesystem::path& file, const Vocabulary& vocabulary) {
  write_text(file, vocabulary_json(vocabulary));
}

void write_vocabulary_npy(const std::filesystem::path& file, const Vocabulary& vocabulary) {
  io::Dict dict;
  dict.reserve(vocabulary.entries().size());
  for (const auto& [word, id] : vocabulary.entries()) dict.emplace_back(word, id);
  make_folder(file.parent_path());
  io::write_npy(file, io::Array::object(std::move(dict)));
}

}  // namespace sentiment
