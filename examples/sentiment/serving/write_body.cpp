// SPDX-License-Identifier: MIT
#include "sentiment/serving/write_body.hpp"

#include "lstmlib/io/npy_header.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/serving/read_body.hpp"
#include "sentiment/data/text/score_text.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <algorithm>
#include <charconv>

namespace sentiment {

namespace {

using lstmlib::message;
using lstmlib::serve::Content;
using lstmlib::serve::HttpError;

void check_size(std::size_t bytes, std::size_t max_bytes) {
  if (bytes > max_bytes)
    throw HttpError(413, message("the response would be larger than ", max_bytes,
                                 " bytes; please send fewer sentences at a time"));
}

void append_number(std::string& text, std::int32_t number) {
  char digits[16];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_row(std::string& json, const Answers& answers, std::size_t i) {
  json += '[';
  append_json_text(json, answers.texts[i]);
  json += ", ";
  append_number(json, answers.labels[i]);
  json += ", ";
  json += score_text(answers.scores[i]);
  json += ']';
}

std::string write_json(const Answers& answers, std::size_t max_bytes) {
  std::string json = answers.texts.instances ? "{\"predictions\": [" : "[";
  for (std::size_t i = 0; i < answers.texts.size(); ++i) {
    if (i > 0) json += ", ";
    append_row(json, answers, i);
    check_size(json.size(), max_bytes);
  }
  return json += answers.texts.instances ? "]}" : "]";
}

std::string write_json_lines(const Answers& answers, std::size_t max_bytes) {
  std::string lines;
  for (std::size_t i = 0; i < answers.texts.size(); ++i) {
    append_row(lines, answers, i);
    lines += '\n';
    check_size(lines.size(), max_bytes);
  }
  return lines;
}

/// Quotes only if necessary, like Python's csv.writer.
std::string write_csv(const Answers& answers, std::size_t max_bytes) {
  std::string lines;
  for (std::size_t i = 0; i < answers.texts.size(); ++i) {
    const std::string_view text = answers.texts[i];
    if (text.find_first_of(",\"\r\n") == std::string_view::npos) {
      lines += text;
    } else {
      lines += '"';
      for (const char c : text) {
        if (c == '"') lines += '"';
        lines += c;
      }
      lines += '"';
    }
    lines += ',';
    append_number(lines, answers.labels[i]);
    lines += ',';
    lines += score_text(answers.scores[i]);
    lines += '\n';
    check_size(lines.size(), max_bytes);
  }
  return lines;
}

/// Like numpy.save for the array of texts that NumPy makes of such rows, where numbers become texts of 32
/// characters.
std::string write_npy(const Answers& answers, std::size_t max_bytes) {
  const std::size_t count = answers.texts.size();
  std::size_t width = 32;
  for (std::size_t i = 0; i < count; ++i)
    if (answers.texts[i].size() > width) width = std::max(width, length(answers.texts[i]));
  check_size(count * 3 * width * 4, max_bytes);
  lstmlib::io::Array head;
  head.dtype = lstmlib::io::ArrayDtype::unicode;
  head.item_size = static_cast<lstmlib::Index>(4 * width);
  head.shape = {static_cast<lstmlib::Index>(count), 3};
  std::string file(lstmlib::io::as_text(lstmlib::io::format_npy_header(head)));
  file.reserve(file.size() + count * 3 * width * 4);
  const auto append = [&](std::string_view text) {
    std::size_t left = width;
    for (char32_t c = 0; lstmlib::io::take_code_point(text, c); --left)
      for (int shift = 0; shift < 32; shift += 8)
        file += static_cast<char>(static_cast<unsigned char>(c >> shift));
    file.append(4 * left, '\0');
  };
  for (std::size_t i = 0; i < count; ++i) {
    append(answers.texts[i]);
    append(std::to_string(answers.labels[i]));
    append(score_text(answers.scores[i]));
  }
  return file;
}

}  // namespace

Content write_body(const Answers& answers, std::string_view type, std::size_t max_bytes) {
  if (type == json_type) return {std::string(type), write_json(answers, max_bytes)};
  if (type == json_lines_type) return {std::string(type), write_json_lines(answers, max_bytes)};
  if (type == csv_type) return {std::string(type), write_csv(answers, max_bytes)};
  return {std::string(npy_type), write_npy(answers, max_bytes)};
}

void append_json_text(std::string& json, std::string_view text) {
  json += '"';
  while (!text.empty()) {
    const auto special = std::find_if(text.begin(), text.end(),
                                      [](char c) { return c < 0x20 || c == 0x7F || c == '"' || c == '\\'; });
    json.append(text.begin(), special);  // plain ASCII, copied as it is; bytes from 0x80 are negative
    text.remove_prefix(static_cast<std::size_t>(special - text.begin()));
    if (text.empty()) break;
    char32_t c = 0;
    if (!lstmlib::io::take_code_point(text, c)) break;
    const auto escape = [&](char32_t unit) {
      constexpr char digits[] = "0123456789abcdef";
      json += "\\u";
      for (int shift = 12; shift >= 0; shift -= 4) json += digits[(unit >> shift) & 15];
    };
    switch (c) {
      case '"': json += "\\\""; break;
      case '\\': json += "\\\\"; break;
      case '\n': json += "\\n"; break;
      case '\r': json += "\\r"; break;
      case '\t': json += "\\t"; break;
      case '\b': json += "\\b"; break;
      case '\f': json += "\\f"; break;
      case 0x7F: json += '\x7F'; break;
      default:
        if (c >= 0x10000) {
          escape(0xD800 + ((c - 0x10000) >> 10));
          escape(0xDC00 + ((c - 0x10000) & 0x3FF));
        } else {
          escape(c);
        }
    }
  }
  json += '"';
}

}  // namespace sentiment
