// SPDX-License-Identifier: MIT
#pragma once
// A request to a cloud service, and the encoding of its address.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentiment::cloud {

/// The address of a service.
struct Address {
  std::string origin;  ///< "https://HOST" or "http://HOST:PORT", without a path
  std::string host;    ///< value of the Host header: with the port unless it is the scheme's default
  std::string prefix;  ///< path in front of all others, without a final slash; usually empty

  /// Parses an address. Throws Error if it is not http or https, or has a query or a user.
  static Address parse(const std::string& url);
};

/// Its parts are not yet encoded.
struct Request {
  std::string method = "GET";
  Address address{};
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> query{};
  std::map<std::string, std::string> headers{};  ///< names in lower case; all headers are signed
  std::string body{};

  /// The path after the address's prefix. Bytes other than letters, digits and "-_.~/" become %XX.
  std::string encoded_path() const;
  /// Names and values encoded and sorted, each with its "=".
  std::string encoded_query() const;
  std::string url() const;
};

/// Encodes bytes other than letters, digits and "-_.~" as %XX. `keep_slash` keeps slashes, too.
std::string uri_encode(std::string_view text, bool keep_slash = false);

}  // namespace sentiment::cloud
