// SPDX-License-Identifier: MIT
#pragma once
// Detects addresses such as s3://..., so that none is used as the name of a local folder by mistake.

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace sentiment {

/// Whether a text is an address rather than a path on this machine: "s3://films/x", "S3://films",
/// "s3:/films/x", "file:///data". To name a folder with such a name, write "./s3:/films".
inline bool is_address(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon < 2) return false;
  std::string scheme(text.substr(0, colon));
  for (char& c : scheme)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const bool is_scheme = is_letter(scheme[0]) && std::all_of(scheme.begin(), scheme.end(), [&](char c) {
                           return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
                         });
  constexpr std::array<std::string_view, 5> known{"s3", "file", "http", "https", "gs"};
  return is_scheme && (text.substr(colon + 1).starts_with('/') ||
                       std::find(known.begin(), known.end(), scheme) != known.end());
}

}  // namespace sentiment
