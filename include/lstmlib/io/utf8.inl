// SPDX-License-Identifier: MIT
#pragma once
// UTF-8. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/utf8.hpp"

namespace lstmlib::inline LSTMLIB_ABI::io {

LSTMLIB_INLINE void append_utf8(std::string& text, char32_t code_point) {
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

LSTMLIB_INLINE bool take_code_point(std::string_view& text, char32_t& code_point) {
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

LSTMLIB_INLINE bool is_utf8(std::string_view text) {
  char32_t ignored = 0;
  while (take_code_point(text, ignored)) continue;
  return text.empty();
}

LSTMLIB_INLINE std::string utf8_from_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char byte : bytes) append_utf8(text, static_cast<unsigned char>(byte));
  return text;
}

LSTMLIB_INLINE std::string printable(std::string_view text, std::size_t max_length) {
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

LSTMLIB_INLINE std::string printable_name(std::string_view name) {
  return printable(name, std::string_view::npos);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
