// SPDX-License-Identifier: MIT
#pragma once
// The elements of HTTP's header fields (RFC 9110, 5.6).

#include "lstmlib/version.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve::detail {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
/// Value of a hexadecimal digit.
inline int hex_value(char c) { return is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }
inline bool is_token_character(char c) {
  return is_digit(c) || is_letter(c) ||
         (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
inline bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}
/// A character of a field's value: any but control characters; tab is allowed.
inline bool is_value_character(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte >= 0x20 && byte != 0x7F) || c == '\t';
}

/// `text` without spaces and tabs at both ends.
inline std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}
/// Removes the text before the first `mark` and the mark itself, and returns that text.
inline std::string_view take_until(std::string_view& text, char mark) {
  const auto end = std::min(text.find(mark), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}
/// The same, but ignores marks in quoted strings.
inline std::string_view take_until_unquoted(std::string_view& text, char mark) {
  std::size_t end = 0;
  for (bool quoted = false; end < text.size() && (quoted || text[end] != mark); ++end) {
    if (text[end] == '"') quoted = !quoted;
    else if (text[end] == '\\' && quoted && end + 1 < text.size()) ++end;
  }
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
inline std::string ascii_lower(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  return lowered;
}
/// Case-insensitive comparison. `lowered` is in lower case.
inline bool is_word(std::string_view text, std::string_view lowered) {
  return text.size() == lowered.size() &&
         std::equal(text.begin(), text.end(), lowered.begin(), [](char a, char b) { return lower(a) == b; });
}

/// Takes the next element of a comma-separated list, trimmed. Skips empty elements (RFC 9110, 5.6.1). Returns
/// false at the end.
inline bool take_element(std::string_view& list, std::string_view& element) {
  while (!list.empty()) {
    element = trimmed(take_until_unquoted(list, ','));
    if (!element.empty()) return true;
  }
  return false;
}

/// Removes a token or a quoted string from `text`. Returns false if there is none.
inline bool take_word(std::string_view& text) {
  std::size_t end = 0;
  if (text.starts_with('"')) {
    for (end = 1; end < text.size() && text[end] != '"'; ++end)
      if (text[end] == '\\') ++end;
    if (end >= text.size()) return false;
    ++end;
  } else {
    while (end < text.size() && is_token_character(text[end])) ++end;
    if (end == 0) return false;
  }
  text.remove_prefix(end);
  return true;
}

/// Whether `text` consists of parameters, ;name or ;name=value, with optional spaces around the marks.
inline bool are_parameters(std::string_view text) {
  const auto skip_blanks = [&] { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); };
  while (!text.empty()) {
    skip_blanks();
    if (!text.starts_with(';')) return false;
    text.remove_prefix(1);
    skip_blanks();
    if (text.starts_with('"') || !take_word(text)) return false;
    const std::string_view behind = text;
    skip_blanks();
    if (text.starts_with('=')) {
      text.remove_prefix(1);
      skip_blanks();
      if (!take_word(text)) return false;
    } else {
      text = behind;
    }
  }
  return true;
}

/// Whether this is a host with an optional port in the syntax of URIs. The empty string is accepted.
inline bool is_authority(std::string_view text) {
  std::size_t end = 0;
  if (text.starts_with('[')) {  // an IPv6 or later address
    end = text.find(']');
    if (end == std::string_view::npos || end == 1) return false;
    for (const char c : text.substr(1, end - 1))
      if (!is_hex(c) && std::string_view(":.vV-_~!$&'()*+,;=").find(c) == std::string_view::npos)
        return false;
    ++end;
  } else {
    for (; end < text.size() && text[end] != ':'; ++end) {
      const char c = text[end];
      if (c == '%' && end + 2 < text.size() && is_hex(text[end + 1]) && is_hex(text[end + 2])) continue;
      if (!is_digit(c) && !is_letter(c) &&
          (c == '\0' || std::string_view("-._~!$&'()*+,;=").find(c) == std::string_view::npos))
        return false;
    }
  }
  if (end == text.size()) return true;
  return text[end] == ':' &&
         std::all_of(text.begin() + static_cast<std::ptrdiff_t>(end) + 1, text.end(), is_digit);
}

}  // namespace lstmlib::serve::detail
