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
void append_utf8(std::string& text, char32_t code_point);

/// Removes the first code point from `text`. Returns false and leaves `text` unchanged if it is empty or does
/// not start with valid UTF-8.
bool take_code_point(std::string_view& text, char32_t& code_point);

/// Whether all of `text` is valid UTF-8.
bool is_utf8(std::string_view text);

/// Converts Latin-1 to UTF-8.
std::string utf8_from_latin1(std::string_view bytes);

/// `text` for an error message: control characters and invalid UTF-8 as \\xhh, cut after about `max_length`
/// bytes.
std::string printable(std::string_view text, std::size_t max_length = 80);

/// Like printable(), but never cut: different names must look different.
std::string printable_name(std::string_view name);

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/utf8.inl"
#endif
