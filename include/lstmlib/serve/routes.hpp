// SPDX-License-Identifier: MIT
#pragma once
// Which path does what, and what a request must be to be computed.

#include "lstmlib/serve/media_type.hpp"
#include "lstmlib/serve/server.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

struct Route {
  std::string path;
  Answer answer;                     ///< GET and HEAD
  std::optional<Computed> computed;  ///< POST
};

class Routes {
 public:
  /// The route of this path, a new one if there is none.
  Route& add(const std::string& path) {
    const auto at =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.path == path; });
    return at != routes_.end() ? *at : routes_.emplace_back(Route{path, {}, {}});
  }
  /// Throws HttpError 404 or 405.
  const Route& find(const Request& request) const {
    const auto at = std::find_if(routes_.begin(), routes_.end(),
                                 [&](const Route& r) { return fits(request.path, r.path); });
    if (at == routes_.end()) throw HttpError(404, "there is nothing at this path");
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (get ? !at->answer : request.method != "POST" || !at->computed)
      throw HttpError(405, message(request.method, " is not for this path"),
                      at->answer ? at->computed ? "GET, HEAD, POST" : "GET, HEAD" : "POST");
    return *at;
  }

 private:
  static bool fits(std::string_view path, std::string_view pattern) {
    const auto star = pattern.find('*');
    if (star == std::string_view::npos) return path == pattern;
    const auto before = pattern.substr(0, star), behind = pattern.substr(star + 1);
    if (path.size() <= before.size() + behind.size() || !path.starts_with(before) || !path.ends_with(behind))
      return false;
    return path.substr(before.size(), path.size() - before.size() - behind.size()).find('/') ==
           std::string_view::npos;
  }

  std::vector<Route> routes_;  // few
};

namespace detail {
inline std::string listed(std::span<const std::string_view> types) {
  std::string all;
  for (const auto type : types) all.append(all.empty() ? "" : ", ").append(type);
  return all;
}
}  // namespace detail

/// Puts the types of body and answer, which are settled now, into the request. Throws HttpError 415 or 406.
inline void settle_types(const Computed& computed, Request& request) {
  if (const auto& types = computed.types; !types.empty()) {
    if (request.content_type.empty()) request.content_type = types[0];
    if (std::find(types.begin(), types.end(), request.content_type) == types.end())
      throw HttpError(415, message("Content-Type ", request.content_type.substr(0, 80), "; expected one of ",
                                   detail::listed(types)));
  }
  if (const auto& types = computed.answer_types; !types.empty()) {
    const std::string_view preferred =
        computed.default_accept.empty() ? types[0] : std::string_view(computed.default_accept);
    request.accept = negotiated_type(request.accept, types, preferred);
    if (request.accept.empty())
      throw HttpError(406, message("Accept allows none of ", detail::listed(types)));
  }
}

}  // namespace lstmlib::serve
