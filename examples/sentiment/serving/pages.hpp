// SPDX-License-Identifier: MIT
#pragma once
// Resources for browsers and tools: the web page and the description of the interface. Both are files in this
// folder that are compiled in.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// The page, with class names from class 0.
std::string page_html(const std::vector<std::string>& labels);

/// Its Content-Security-Policy: allows nothing from other origins.
inline constexpr std::string_view page_policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src "
    "data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view openapi_json();

}  // namespace sentiment
