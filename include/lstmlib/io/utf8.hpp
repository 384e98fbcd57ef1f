// SPDX-License-Identifier: MIT
#pragma once
// Strict conversion between UTF-8 and code points: no surrogates, no overlong forms, nothing above U+10FFFF.

#include "lstmlib/version.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// Whether UTF-8 can encode it: U+0000 to U+10FFFF without the surrogates.
constexpr bool is_scalar_value(char32_t code_point) {
  return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF);
}

/// Appends a code point, which must be a scalar value.
inline void append_utf8(std::string& text, char32_t code_point) {
  const auto put = [&](char32_t byte) {
    text.push_back(static_cast<char>(static_cast<unsigned char>(byte)));
  };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

/// Removes the first code point from `text`. Returns false and leaves `text` unchanged if it is empty or does
/// not start with valid UTF-8.
inline bool take_code_point(std::string_view& text, char32_t& code_point) {
  if (text.empty()) return false;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return false;
  char32_t value = length == 1 ? first : first & (0xFFu >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return false;
    value = (value << 6) | (byte(at) & 0x3Fu);
  }
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[length] || !is_scalar_value(value)) return false;
  code_point = value;
  text.remove_prefix(length);
  return true;
}

/// Whether all of `text` is valid UTF-8.
inline bool is_utf8(std::string_view text) {
  char32_t ignored = 0;
  while (take_code_point(text, ignored)) continue;
  return text.empty();
}

/// Converts Latin-1 to UTF-8.
inline std::string utf8_from_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char byte : bytes) append_utf8(text, static_cast<unsigned char>(byte));
  return text;
}

/// `text` for an error message: control characters and invalid UTF-8 as \\xhh, cut after about `max_length`
/// bytes.
inline std::string printable(std::string_view text, std::size_t max_length = 80) {
  constexpr char digits[] = "0123456789abcdef";
  std::string shown;
  while (!text.empty() && shown.size() < max_length) {
    char32_t code_point = 0;
    const auto byte = static_cast<unsigned char>(text[0]);
    if (take_code_point(text, code_point) && code_point >= 0x20 && code_point != 0x7F) {
      append_utf8(shown, code_point);
      continue;
    }
    if (code_point == 0 && byte != 0) text.remove_prefix(1);
    shown += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
  }
  return text.empty() ? shown : shown + "...";
}

/// Like printable(), but never cut: different names must look different.
inline std::string printable_name(std::string_view name) { return printable(name, std::string_view::npos); }

}  // namespace lstmlib::io
