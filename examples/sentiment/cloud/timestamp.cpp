// SPDX-License-Identifier: MIT
#include "sentiment/cloud/timestamp.hpp"

#include <cstdio>

namespace sentiment::cloud {

std::optional<std::time_t> parse_timestamp(const std::string& text) {
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (!rest) return std::nullopt;
  if (*rest == '.') do
      ++rest;
    while (*rest >= '0' && *rest <= '9');
  std::time_t time = ::timegm(&parts);
  if (*rest == '+' || *rest == '-') {
    const int sign = *rest == '+' ? 1 : -1;
    std::tm zone{};
    const char* end = ::strptime(rest + 1, "%H:%M", &zone);
    if (!end) return std::nullopt;
    time -= sign * (3600 * zone.tm_hour + 60 * zone.tm_min);
    rest = end;
  } else if (*rest == 'Z') {
    ++rest;
  } else {
    return std::nullopt;
  }
  return *rest == 0 ? std::optional(time) : std::nullopt;
}

}  // namespace sentiment::cloud
