// SPDX-License-Identifier: MIT
#pragma once
// A request to a cloud service, and how its parts are written into an address.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sentiment::cloud {

/// Where a service answers.
struct Address {
  std::string origin;  ///< "https://HOST" or "http://HOST:PORT", without a path
  std::string host;    ///< as the header Host has it: with the port where that is not the scheme's own
  std::string prefix;  ///< a path before all others, without a slash at its end; mostly empty

  /// Takes an address apart. Throws Error for what is none of http or https, or has a query or a user in it.
  static Address parse(const std::string& url);
};

/// Nothing in it is encoded yet.
struct Request {
  std::string method = "GET";
  Address address{};
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> query{};
  std::map<std::string, std::string> headers{};  ///< names in lower case; all of them are signed
  std::string body{};

  /// The path after the address's own, each byte but letters, digits and "-_.~/" as %XX.
  std::string encoded_path() const;
  /// Names and values encoded, sorted, each with its "=".
  std::string encoded_query() const;
  std::string url() const;
};

/// Each byte but letters, digits and "-_.~" as %XX; with `keep_slash` the slash stays, too.
std::string uri_encode(std::string_view text, bool keep_slash = false);

}  // namespace sentiment::cloud
