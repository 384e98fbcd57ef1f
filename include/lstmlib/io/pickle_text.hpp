// SPDX-License-Identifier: MIT
#pragma once
// Text of pickle protocol 0: one line with escapes.

#include "lstmlib/io/utf8.hpp"

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace lstmlib::inline LSTMLIB_ABI::io::detail {

/// Removes a number of `min_digits` to `max_digits` digits from the front of the text. Empty if there is
/// none.
template <class = void>
std::optional<std::uint32_t> take_digits(std::string_view& text, std::size_t min_digits,
                                         std::size_t max_digits, int base) {
  const std::string_view digits = text.substr(0, max_digits);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  const auto count = static_cast<std::size_t>(end - digits.data());
  if (error != std::errc() || count < min_digits) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

/// Decodes the line of opcode UNICODE to UTF-8: Latin-1 with \uXXXX and \UXXXXXXXX. Empty for a broken escape
/// or a surrogate.
template <class = void>
std::optional<std::string> decode_unicode_line(std::string_view line) {
  std::string text;
  while (!line.empty()) {
    std::optional<std::uint32_t> code_point = static_cast<unsigned char>(line[0]);
    const std::size_t digits = line.starts_with("\\u") ? 4 : line.starts_with("\\U") ? 8 : 0;
    line.remove_prefix(digits > 0 ? 2 : 1);
    if (digits > 0) code_point = take_digits(line, digits, digits, 16);
    if (!code_point || !is_scalar_value(*code_point)) return std::nullopt;
    append_utf8(text, *code_point);
  }
  return text;
}

/// Decodes the line of opcode STRING to bytes: quoted, with the escapes of Python 2's repr. Empty if invalid.
template <class = void>
std::optional<std::string> decode_string_line(std::string_view line) {
  if (line.size() < 2 || line.front() != line.back() || (line[0] != '\'' && line[0] != '"'))
    return std::nullopt;
  line = line.substr(1, line.size() - 2);
  constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
  std::string bytes;
  while (!line.empty()) {
    const bool escape = line[0] == '\\';
    if (escape) line.remove_prefix(1);
    if (line.empty()) return std::nullopt;
    const std::size_t letter = letters.find(line[0]);
    if (!escape || letter != std::string_view::npos) {
      bytes.push_back(escape ? meanings[letter] : line[0]);
      line.remove_prefix(1);
      continue;
    }
    const bool hexadecimal = line[0] == 'x';
    if (hexadecimal) line.remove_prefix(1);
    const auto value = hexadecimal ? take_digits(line, 2, 2, 16) : take_digits(line, 1, 3, 8);
    if (!value || *value > 0xFF) return std::nullopt;
    bytes.push_back(static_cast<char>(static_cast<unsigned char>(*value)));
  }
  return bytes;
}

}  // namespace lstmlib::io::detail
