// SPDX-License-Identifier: MIT
#pragma once
// Times as services write them.

#include <ctime>
#include <optional>
#include <string>

namespace sentiment::cloud {

/// Seconds since 1970 of "2026-11-24T16:39:28Z"; parts of a second are left out, and instead of Z there may be
/// a zone such as +01:00. Nothing for what is no such time.
std::optional<std::time_t> parse_timestamp(const std::string& text);

}  // namespace sentiment::cloud
