// SPDX-License-Identifier: MIT
#pragma once
// Routing by path and method, and content negotiation.

#include "lstmlib/serve/content_coding.hpp"
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
  RouteHandler handler;                     ///< GET and HEAD
  std::optional<InferenceRoute> inference;  ///< POST
};

class Routes {
 public:
  /// The route of this path. Adds one if there is none.
  Route& add(const std::string& path) {
    const auto at =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return r.path == path; });
    return at != routes_.end() ? *at : routes_.emplace_back(Route{path, {}, {}});
  }
  /// For GET, HEAD and POST. Throws HttpError 404 or 405, or 501 for an unknown method.
  const Route& find(const Request& request) const {
    constexpr std::string_view known[] = {"GET",   "HEAD",   "POST",    "PUT",
                                          "PATCH", "DELETE", "OPTIONS", "TRACE"};
    if (std::find(std::begin(known), std::end(known), request.method) == std::end(known))
      throw HttpError(501, message("unknown method: ", request.method.substr(0, 80)));
    const Route& route = at(request.path);
    const bool get = request.method == "GET" || request.method == "HEAD";
    if (get ? !route.handler : request.method != "POST" || !route.inference)
      throw HttpError(405, message(request.method, " is not for this path"), {{"Allow", methods(route)}});
    return route;
  }
  /// Response to OPTIONS: the methods of a path, or all methods for `*`. Throws HttpError 404.
  Response options(const Request& request) const {
    const std::string allowed = request.path == "*" ? "GET, HEAD, OPTIONS, POST" : methods(at(request.path));
    return {204, {}, {{"Allow", allowed}}};
  }

 private:
  const Route& at(std::string_view path) const {
    const auto found =
        std::find_if(routes_.begin(), routes_.end(), [&](const Route& r) { return fits(path, r.path); });
    if (found == routes_.end()) throw HttpError(404, "no such path");
    return *found;
  }
  static std::string methods(const Route& route) {
    return std::string(route.handler ? "GET, HEAD, OPTIONS" : "OPTIONS") + (route.inference ? ", POST" : "");
  }
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
/// Whether bodies of this type are binary. Then "charset=binary", which some clients send, is redundant.
inline bool is_binary(std::string_view type) {
  return !type.starts_with("text/") && type.find("json") == type.npos;
}
}  // namespace detail

/// Sent by curl by default for any body. It says nothing about the body, so it means the default type.
inline constexpr std::string_view unsaid_type = "application/x-www-form-urlencoded";

/// Stores the negotiated types of request and response and the body's coding in the request. Throws HttpError
/// 415 or 406.
inline void negotiate_types(const InferenceRoute& route, Request& request) {
  request.content_coding = negotiated_coding(request.content_coding);
  if (const auto& types = route.types; !types.empty()) {
    if (request.content_type.empty() || request.content_type == unsaid_type) request.content_type = types[0];
    if (std::find(types.begin(), types.end(), request.content_type) == types.end())
      throw HttpError(415,
                      message("Content-Type ", request.content_type.substr(0, 80), "; expected one of ",
                              detail::listed(types)),
                      {{"Accept", detail::listed(types)}});
  }
  // Text must be UTF-8. Text in another encoding would be misread silently.
  if (const auto& name = request.charset; !name.empty() && name != "utf-8" && name != "utf8" &&
                                          name != "us-ascii" &&
                                          !(name == "binary" && detail::is_binary(request.content_type)))
    throw HttpError(415, message("charset ", name.substr(0, 80), "; send the body in UTF-8"));
  if (const auto& types = route.response_types; !types.empty()) {
    const std::string_view preferred =
        route.default_accept.empty() ? types[0] : std::string_view(route.default_accept);
    request.accept = negotiated_type(request.accept, types, preferred);
    if (request.accept.empty())
      throw HttpError(406, message("Accept allows none of ", detail::listed(types)));
  }
}

}  // namespace lstmlib::serve
