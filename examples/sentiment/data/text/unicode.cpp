// SPDX-License-Identifier: MIT
#include "sentiment/data/text/unicode.hpp"

#include "sentiment/data/text/decoder.hpp"

#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>

#include "lstmlib/base/error.hpp"
#include "lstmlib/io/utf8.hpp"

#include <limits>

namespace sentiment {
namespace {

using lstmlib::fail;

constexpr std::size_t longest_text = std::size_t{1} << 30;  // ICU uses 32-bit sizes

/// Removes the first code point from decoded text. Invalid bytes are removed one by one, so the caller's loop
/// always ends.
char32_t take(std::string_view& text) {
  char32_t code_point = 0;
  if (!lstmlib::io::take_code_point(text, code_point)) text.remove_prefix(1);
  return code_point;
}

/// White space by Python's str.isspace(): that of Unicode, and the four ASCII separators.
bool is_space(char32_t code_point) {
  if (code_point < 0x80)
    return (code_point >= 0x09 && code_point <= 0x0D) || (code_point >= 0x1C && code_point <= 0x20);
  return u_isUWhiteSpace(static_cast<UChar32>(code_point)) != 0;
}

}  // namespace

std::string decode_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  while (!bytes.empty()) {
    std::string_view rest = bytes;
    char32_t code_point = 0;
    if (lstmlib::io::take_code_point(rest, code_point)) {
      text.append(bytes, 0, bytes.size() - rest.size());
      bytes = rest;
    } else {
      bytes.remove_prefix(1);  // the following bytes of a broken character are invalid as well
    }
  }
  return text;
}

std::vector<std::string_view> lines(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) found.push_back(take_line(text));
  return found;
}

std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> found;
  while (!text.empty()) {
    std::string_view rest = text;
    take(rest);
    found.emplace_back(text.substr(0, text.size() - rest.size()));
    text = rest;
  }
  return found;
}

std::size_t length(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) take(text);
  return count;
}

std::string_view strip(std::string_view text) {
  while (!text.empty()) {
    std::string_view rest = text;
    if (!is_space(take(rest))) break;
    text = rest;
  }
  std::size_t behind_last = 0;
  for (std::string_view rest = text; !rest.empty();) {
    if (!is_space(take(rest))) behind_last = text.size() - rest.size();
  }
  return text.substr(0, behind_last);
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  std::string_view word = text;  // starts at the current word
  const auto close = [&](std::string_view rest) {
    if (word.size() > rest.size()) words.push_back(word.substr(0, word.size() - rest.size()));
  };
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view before = rest;
    if (!is_space(take(rest))) continue;
    close(before);
    word = rest;
  }
  close({});
  return words;
}

std::string lower(std::string_view text) {
  if (text.size() > longest_text)
    fail<lstmlib::FormatError>("text: ", text.size(), " bytes in one line are too many");
  std::string lowered;
  icu::StringByteSink<std::string> sink(&lowered, static_cast<std::int32_t>(text.size()));
  UErrorCode status = U_ZERO_ERROR;
  icu::CaseMap::utf8ToLower("", 0, icu::StringPiece(text.data(), static_cast<std::int32_t>(text.size())),
                            sink, nullptr, status);
  if (U_FAILURE(status)) fail<lstmlib::Error>("text: lower case failed: ", u_errorName(status));
  return lowered;
}

bool parse_integer(std::string_view text, std::int32_t& value) {
  text = strip(text);
  const bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  std::int64_t magnitude = 0;
  bool after_digit = false;
  while (!text.empty()) {
    const char32_t code_point = take(text);
    if (code_point == '_' && after_digit) {
      after_digit = false;
      continue;
    }
    const std::int32_t digit = u_charDigitValue(static_cast<UChar32>(code_point));
    if (digit < 0) return false;
    magnitude = magnitude * 10 + digit;
    if (magnitude > (std::numeric_limits<std::int32_t>::max)()) return false;
    after_digit = true;
  }
  if (!after_digit) return false;
  value = static_cast<std::int32_t>(negative ? -magnitude : magnitude);
  return true;
}

}  // namespace sentiment
