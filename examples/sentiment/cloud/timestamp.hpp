// SPDX-License-Identifier: MIT
#pragma once
// Time stamps of services.

#include <ctime>
#include <optional>
#include <string>

namespace sentiment::cloud {

/// Seconds since 1970 of "2026-11-24T16:39:28Z". Fractions of a second are ignored, and a zone such as +01:00
/// may replace the Z. Nothing for other text.
std::optional<std::time_t> parse_timestamp(const std::string& text);

}  // namespace sentiment::cloud
