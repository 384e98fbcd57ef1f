// SPDX-License-Identifier: MIT
#pragma once
// UTF-8 text with Python's semantics: decoding that drops invalid bytes, lines, code points, white space. All
// strings that these functions return are valid UTF-8.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// Drops bytes that are not valid UTF-8, like Python's `bytes.decode("utf-8", errors="ignore")`.
std::string decode_utf8(std::string_view bytes);

/// The lines of decoded text, without their ends. Only \n, \r and \r\n end a line. There is no empty line
/// after a final line end. The views refer to `text`.
std::vector<std::string_view> lines(std::string_view text);

/// The code points of decoded text, one string each, like Python's `list(text)`.
std::vector<std::string> characters(std::string_view text);

/// Number of code points of decoded text, like Python's `len(text)`.
std::size_t length(std::string_view text);

/// The text without white space at both ends, like Python's `text.strip()`. A view of `text`.
std::string_view strip(std::string_view text);

/// The words between white space, like Python's `text.split()`. Views of `text`.
std::vector<std::string_view> split(std::string_view text);

/// The text in lower case, like Python's `text.lower()`: full mapping, independent of language, final sigma
/// by context.
std::string lower(std::string_view text);

/// Parses an integer like Python's `int(text)`: digits of any script, a sign, single underscores between
/// digits. Returns false if Python refuses it or it does not fit in 32 bits.
bool parse_integer(std::string_view text, std::int32_t& value);

}  // namespace sentiment
