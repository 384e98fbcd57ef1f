// SPDX-License-Identifier: MIT
#pragma once
// Media types: what a body is, and which of several a client wants.

#include "lstmlib/serve/message.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

namespace detail {
/// `text` without blanks at both ends.
inline std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}
/// What comes before the first `mark`, which is taken off `text` with it.
inline std::string_view take_until(std::string_view& text, char mark) {
  const auto end = std::min(text.find(mark), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}
inline std::string ascii_lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lowered;
}
}  // namespace detail

/// "application/json" for "Application/JSON; charset=utf-8".
inline std::string media_type(std::string_view field) {
  return detail::ascii_lower(detail::trimmed(detail::take_until(field, ';')));
}

/// Of the types on offer, the one that an Accept field likes best (RFC 9110, 12.5.1). Between equals the
/// order of the field decides, and for a wildcard `preferred`, then the order of the offer. Empty where none
/// is acceptable.
inline std::string negotiated_type(std::string_view accept, std::span<const std::string_view> offered,
                                   std::string_view preferred) {
  if (detail::trimmed(accept).empty()) return std::string(preferred);
  struct Choice {
    int precision = -1;  // of the range that decides: 0 */*, 1 type/*, 2 type/subtype; the most precise wins
    int quality = 0;     // thousandths
    std::size_t place = 0;
  };
  std::vector<Choice> choices(offered.size());
  for (std::size_t place = 0; !accept.empty(); ++place) {
    std::string_view parameters = detail::take_until(accept, ',');
    const std::string range = detail::ascii_lower(detail::trimmed(detail::take_until(parameters, ';')));
    double quality = 1;
    while (!parameters.empty()) {
      std::string_view value = detail::take_until(parameters, ';');
      if (detail::ascii_lower(detail::trimmed(detail::take_until(value, '='))) != "q") continue;
      value = detail::trimmed(value);
      if (std::from_chars(value.data(), value.data() + value.size(), quality).ec != std::errc()) quality = 1;
    }
    const int precision = range == "*/*" ? 0 : range.ends_with("/*") ? 1 : 2;
    for (std::size_t i = 0; i < offered.size(); ++i) {
      const bool fits = precision == 0 ||
                        (precision == 1 && offered[i].starts_with(range.substr(0, range.size() - 1))) ||
                        range == offered[i];
      if (!fits || precision <= choices[i].precision) continue;
      choices[i] = {precision, static_cast<int>(1000 * std::clamp(quality, 0.0, 1.0)), place};
    }
  }
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
