// SPDX-License-Identifier: MIT
#include "sentiment/serving/read_body.hpp"

#include "sentiment/data/text/decoder.hpp"

#include "lstmlib/io/npy_header.hpp"
#include "lstmlib/io/utf8.hpp"
#include "lstmlib/serve/message.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <span>
#include <string>

namespace sentiment {

namespace {

using lstmlib::message;
using lstmlib::serve::HttpError;

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  throw HttpError(400, message(parts...));
}

std::string hexadecimal(std::uint32_t number) {
  char digits[8];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr};
}

/// Accepts only the few JSON forms of sentences while parsing, so no tree is built and nesting costs nothing.
/// `key` is the only key of an object. Its value is a list or, with `one`, a text; then a text may also stand
/// alone.
class SentenceReader final : public nlohmann::json_sax<nlohmann::json> {
 public:
  SentenceReader(Texts& texts, std::string_view key, bool one) : texts_(texts), key_(key), one_(one) {}

  bool string(string_t& text) override {
    if (place_ == Place::key_seen && !one_) return wrong("a text");
    if (place_ != Place::start && place_ != Place::list && place_ != Place::key_seen) return wrong("a text");
    texts_.add(text);
    if (place_ == Place::key_seen) place_ = Place::object_full;
    return true;
  }
  bool start_array(std::size_t) override {
    if (one_ || (place_ != Place::start && place_ != Place::key_seen)) return wrong("a list");
    place_ = Place::list;
    return true;
  }
  bool end_array() override {
    place_ = Place::object_full;
    return true;
  }
  bool start_object(std::size_t) override {
    if (place_ != Place::start) return wrong("an object");
    place_ = Place::object;
    if (!one_) texts_.instances = true;
    return true;
  }
  bool key(string_t& key) override {
    if (place_ != Place::object || key != key_)
      refuse("the key \"", lstmlib::io::printable(key), "\" is unexpected, expected the key \"", key_, "\"");
    place_ = Place::key_seen;
    return true;
  }
  bool end_object() override {
    if (place_ == Place::object) refuse("an object without the key \"", key_, "\"");
    return true;
  }
  bool null() override { return wrong("null"); }
  bool boolean(bool) override { return wrong("a boolean"); }
  bool number_integer(number_integer_t) override { return wrong("a number"); }
  bool number_unsigned(number_unsigned_t) override { return wrong("a number"); }
  bool number_float(number_float_t, const string_t&) override { return wrong("a number"); }
  bool binary(binary_t&) override { return wrong("bytes"); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception& error) override {
    const std::string_view text = error.what();
    refuse(text.substr(std::min(text.find("] ") + 2, text.size())));  // removes the exception's name
  }

 private:
  enum class Place { start, list, object, key_seen, object_full };

  bool wrong(std::string_view what) const {
    refuse(what, ", expected ", one_ ? message("a string or {\"", key_, "\": string}") : "a list of strings");
  }

  Texts& texts_;
  std::string_view key_;
  bool one_;
  Place place_ = Place::start;
};

void read_json(std::string_view json, Texts& texts, std::string_view key, bool one) {
  SentenceReader reader(texts, key, one);
  nlohmann::json::sax_parse(json.begin(), json.end(), &reader);
}

void read_json_lines(std::string_view body, Texts& texts) {
  skip_byte_order_mark(body);
  for (std::size_t number = 1; !body.empty(); ++number) {
    const std::string_view line = take_line(body);
    try {
      read_json(line, texts, "source", true);
    } catch (const HttpError& error) {
      throw HttpError(error.status(), message("line ", number, ": ", error.what()));
    }
  }
}

/// Removes a quoted field and the line end after it from `text`. Returns false and changes nothing if there
/// is none.
bool take_quoted(std::string_view& text, std::string& field) {
  if (!text.starts_with('"')) return false;
  field.clear();
  for (std::size_t at = 1;;) {
    const auto quote = text.find('"', at);
    if (quote == std::string_view::npos) return false;
    field.append(text, at, quote - at);
    std::string_view behind = text.substr(quote + 1);
    if (behind.starts_with('"')) {
      field += '"';
      at = quote + 2;
      continue;
    }
    if (!take_line(behind).empty()) return false;
    text = behind;
    return true;
  }
}

/// A sentence may begin with a quote: a line that is not a complete quoted field is taken as it is.
void read_csv(std::string_view body, Texts& texts) {
  if (!lstmlib::io::is_utf8(body)) refuse("the body is not UTF-8");
  skip_byte_order_mark(body);
  std::string field;
  while (!body.empty()) texts.add(take_quoted(body, field) ? std::string_view(field) : take_line(body));
}

void read_npy(std::string_view body, Texts& texts) {
  namespace io = lstmlib::io;
  io::MemorySource source(std::as_bytes(std::span(body)), "body");
  const io::NpyHeader header = io::read_npy_header(source);
  if (header.layout.dtype != io::ArrayDtype::unicode)
    refuse("body: an array of texts (<U) is expected, not of ", name_of(header.layout.dtype));
  if (header.shape.size() > 1) refuse("body: an array with one axis is expected, not ", header.shape.size());
  const auto count = static_cast<std::uint64_t>(io::count_elements(header.shape, header.layout.item_size));
  const auto width = static_cast<std::uint64_t>(header.layout.item_size) / 4;
  if (source.remaining() != count * width * 4)  // no overflow: count_elements has checked
    refuse("body: ", source.remaining(), " bytes of data, ", count * width * 4, " expected");
  const auto* at = reinterpret_cast<const std::byte*>(body.data()) + source.position();
  const auto code_point = [&](std::uint64_t i) {
    const auto value = io::load_little<std::uint32_t>(at + 4 * i);
    return static_cast<char32_t>(header.layout.big_endian ? __builtin_bswap32(value) : value);
  };
  std::string text;
  for (std::uint64_t i = 0; i < count; ++i, at += 4 * width) {
    std::uint64_t length = width;  // without trailing U+0000
    while (length > 0 && code_point(length - 1) == 0) --length;
    text.clear();
    for (std::uint64_t k = 0; k < length; ++k) {
      const char32_t c = code_point(k);
      if (!io::is_scalar_value(c))
        refuse("body: text ", i + 1, ": U+", hexadecimal(static_cast<std::uint32_t>(c)),
               " is not a character");
      io::append_utf8(text, c);
    }
    texts.add(text);
  }
}

}  // namespace

Texts read_body(std::string_view body, std::string_view type, bool char_based) {
  Texts texts(char_based);
  try {
    if (type == json_type) read_json(body, texts, "instances", false);
    else if (type == json_lines_type) read_json_lines(body, texts);
    else if (type == csv_type) read_csv(body, texts);
    else if (type == npy_type) read_npy(body, texts);
    else throw HttpError(415, message("Content-Type ", type));
  } catch (const HttpError&) { throw; } catch (const lstmlib::Error& error) {
    throw HttpError(400, error.what());
  }
  if (texts.size() == 0) refuse("no sentences");
  return texts;
}

}  // namespace sentiment
