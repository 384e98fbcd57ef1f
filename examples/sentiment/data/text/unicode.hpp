// SPDX-License-Identifier: MIT
#pragma once
// UTF-8 text as Python sees it: decoding that drops bad bytes, lines, code points, white space. All strings
// that leave here are valid UTF-8.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// The bytes without those that are not valid UTF-8, as Python's `bytes.decode("utf-8", errors="ignore")`.
std::string decode_utf8(std::string_view bytes);

/// The lines of a decoded text; a line ends at \n, \r or \r\n and nothing else, and the end is not part of
/// it. A text that ends with a line end has no empty line behind it. The views are of `text`.
std::vector<std::string_view> lines(std::string_view text);

/// The code points of a decoded text, one string each, as Python's `list(text)`.
std::vector<std::string> characters(std::string_view text);

/// Number of code points of a decoded text, as Python's `len(text)`.
std::size_t length(std::string_view text);

/// The text without white space at both ends, as Python's `text.strip()`. A view of `text`.
std::string_view strip(std::string_view text);

/// The words between white space, as Python's `text.split()`. Views of `text`.
std::vector<std::string_view> split(std::string_view text);

/// The text in lower case, as Python's `text.lower()`: full mapping, no language, final sigma by context.
std::string lower(std::string_view text);

/// The value of an integer as Python's `int(text)` reads it: digits of any script, a sign, single underscores
/// between digits. False where Python refuses it, or where it does not fit in 32 bits.
bool parse_integer(std::string_view text, std::int32_t& value);

}  // namespace sentiment
