// SPDX-License-Identifier: MIT
#pragma once
// CORS: requests from web pages of other origins (Fetch standard, 3.2).

#include "lstmlib/serve/message.hpp"
#include "lstmlib/serve/syntax.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// Throws Error unless `origin` is `*` or an origin as browsers send it: https://example.com:8443, lower
/// case, no path.
inline void check_origin(std::string_view origin) {
  const auto scheme = origin.find("://");
  const std::string_view host = scheme == std::string_view::npos ? "" : origin.substr(scheme + 3);
  const bool good = origin == "*" || (scheme > 0 && !host.empty() && host[0] != ':' &&
                                      detail::is_authority(host) && detail::ascii_lower(origin) == origin);
  if (!good)
    fail<Error>(
        "\"", origin.substr(0, 80),
        "\" is not an origin: expected https://HOST or http://HOST:PORT in lower case, without a path, or *");
}

/// Adds the fields that allow pages of `origins` to read the response, and that tell them what they may send.
inline void add_cors_fields(std::span<const std::string> origins, const Request& request,
                            Response& response) {
  if (origins.empty()) return;
  const auto has = [&](std::string_view origin) {
    return std::find(origins.begin(), origins.end(), origin) != origins.end();
  };
  const bool all = has("*");
  if (!all) response.fields.emplace_back("Vary", "Origin");
  if (request.origin.empty() || (!all && !has(request.origin))) return;
  response.fields.emplace_back("Access-Control-Allow-Origin", all ? "*" : request.origin);
  if (request.method == "OPTIONS" && request.asks_for_method) {
    response.fields.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST");
    response.fields.emplace_back(
        "Access-Control-Allow-Headers",
        "Accept, Content-Encoding, Content-Type, X-Amzn-SageMaker-Custom-Attributes, X-Request-Id");
    response.fields.emplace_back("Access-Control-Max-Age", "600");
  } else {
    response.fields.emplace_back("Access-Control-Expose-Headers",
                                 "X-Amzn-SageMaker-Custom-Attributes, X-Request-Id");
  }
}

}  // namespace lstmlib::serve
