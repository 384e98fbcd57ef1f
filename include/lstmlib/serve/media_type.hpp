// SPDX-License-Identifier: MIT
#pragma once
// Media types: the type of a body, and content negotiation.

#include "lstmlib/serve/message.hpp"
#include "lstmlib/serve/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// The type alone: "application/json" for "Application/JSON; charset=utf-8".
inline std::string media_type(std::string_view field) {
  return detail::ascii_lower(detail::trimmed(detail::take_until(field, ';')));
}

/// The charset of a Content-Type field in lower case, or empty if it names none.
inline std::string charset(std::string_view field) {
  detail::take_until(field, ';');
  while (!field.empty()) {
    std::string_view value = detail::take_until_unquoted(field, ';');
    if (!detail::is_word(detail::trimmed(detail::take_until(value, '=')), "charset")) continue;
    value = detail::trimmed(value);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"'))
      value = value.substr(1, value.size() - 2);
    return detail::ascii_lower(value);
  }
  return {};
}

namespace detail {
/// A weight from 0 to 1 in thousandths; 1000 for invalid text.
inline int quality(std::string_view text) {
  const bool is_number =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == '.'; });
  double value = 1;
  if (!is_number || std::from_chars(text.data(), text.data() + text.size(), value).ec != std::errc())
    return 1000;
  return static_cast<int>(1000 * std::clamp(value, 0.0, 1.0));
}
}  // namespace detail

/// The offered type that an Accept field prefers (RFC 9110, 12.5.1). Ties are decided by the order of the
/// field. For a wildcard, `preferred` comes first, then the order of the offer. An empty field means
/// `preferred`. Returns an empty string if no type is acceptable.
inline std::string negotiated_type(std::string_view accept, std::span<const std::string_view> offered,
                                   std::string_view preferred) {
  struct Choice {
    int precision = -1;  // of the matching range: 0 */*, 1 type/*, 2 type/subtype; the most precise wins
    int quality = 0;     // in thousandths
    std::size_t place = 0;
  };
  std::vector<Choice> choices(offered.size());
  std::size_t place = 0;
  for (std::string_view parameters; detail::take_element(accept, parameters); ++place) {
    const std::string range = detail::ascii_lower(detail::trimmed(detail::take_until(parameters, ';')));
    int quality = 1000;
    while (!parameters.empty()) {
      std::string_view value = detail::take_until_unquoted(parameters, ';');
      if (detail::is_word(detail::trimmed(detail::take_until(value, '=')), "q"))
        quality = detail::quality(detail::trimmed(value));
    }
    const bool anything = range == "*/*" || range == "*";  // Java's HTTP client sends "*"
    const int precision = anything ? 0 : range.ends_with("/*") ? 1 : 2;
    for (std::size_t i = 0; i < offered.size(); ++i) {
      const bool fits = precision == 0 ||
                        (precision == 1 && offered[i].starts_with(range.substr(0, range.size() - 1))) ||
                        range == offered[i];
      if (!fits || precision <= choices[i].precision) continue;
      choices[i] = {precision, quality, place};
    }
  }
  if (place == 0) return std::string(preferred);  // empty field
  std::size_t best = offered.size();
  for (std::size_t i = 0; i < offered.size(); ++i) {
    if (choices[i].quality <= 0) continue;
    const auto better = [&](std::size_t a, std::size_t b) {
      const Choice &x = choices[a], &y = choices[b];
      if (x.quality != y.quality) return x.quality > y.quality;
      if (x.place != y.place) return x.place < y.place;
      return offered[a] == preferred && offered[b] != preferred;
    };
    if (best == offered.size() || better(i, best)) best = i;
  }
  return best == offered.size() ? std::string() : std::string(offered[best]);
}

}  // namespace lstmlib::serve
