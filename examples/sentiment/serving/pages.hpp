// SPDX-License-Identifier: MIT
#pragma once
// What a browser and tools get: the page and the description of the interface. Both are files of this folder,
// compiled in.

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment {

/// The page, with these names of the classes from 0 on.
std::string page_html(const std::vector<std::string>& labels);

/// Its Content-Security-Policy: nothing from elsewhere.
inline constexpr std::string_view page_policy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src "
    "data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

std::string_view openapi_json();

}  // namespace sentiment
