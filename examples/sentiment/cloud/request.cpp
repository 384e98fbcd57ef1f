// SPDX-License-Identifier: MIT
#include "sentiment/cloud/request.hpp"

#include "sentiment/support/curl.hpp"

#include <algorithm>
#include <memory>

namespace sentiment::cloud {

using lstmlib::Error;
using lstmlib::fail;

Address Address::parse(const std::string& url) {
  const std::unique_ptr<CURLU, http::CurlDelete> parsed(curl_url());
  const auto part = [&](CURLUPart which) { return http::part_of(parsed.get(), which); };
  // Messages must not show the address, which may contain a password.
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    fail<Error>("the endpoint's address is invalid, expected http:// or https:// and a host");
  const std::string scheme = part(CURLUPART_SCHEME), port = part(CURLUPART_PORT);
  if (scheme != "http" && scheme != "https")
    fail<Error>("the endpoint's address begins with ", scheme, "://, expected http:// or https://");
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_QUERY).empty())
    fail<Error>("the endpoint's address has a user or a query, expected only scheme, host, port and path");
  Address made;
  made.host = part(CURLUPART_HOST);
  if (!port.empty() && port != (scheme == "https" ? "443" : "80")) made.host += ":" + port;
  made.origin = scheme + "://" + made.host;
  made.prefix = part(CURLUPART_PATH);
  while (made.prefix.ends_with('/')) made.prefix.pop_back();
  return made;
}

std::string uri_encode(std::string_view text, bool keep_slash) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash);
    const auto byte = static_cast<unsigned char>(c);
    if (plain) out += c;
    else (out += '%') += {hex[byte >> 4], hex[byte & 15]};
  }
  return out;
}

std::string Request::encoded_path() const { return address.prefix + uri_encode(path, true); }

std::string Request::encoded_query() const {
  std::vector<std::pair<std::string, std::string>> encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(uri_encode(name), uri_encode(value));
  std::sort(encoded.begin(), encoded.end());
  std::string out;
  for (const auto& [name, value] : encoded) out += (out.empty() ? "" : "&") + name + "=" + value;
  return out;
}

std::string Request::url() const {
  const std::string query_part = encoded_query();
  return address.origin + encoded_path() + (query_part.empty() ? "" : "?" + query_part);
}

}  // namespace sentiment::cloud
