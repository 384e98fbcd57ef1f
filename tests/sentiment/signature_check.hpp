// SPDX-License-Identifier: MIT
#pragma once
// The other side of Signature Version 4: what a service would say of a request, from the bytes that came.

#include "sentiment/http_server.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace sentiment::test {

struct Keys {
  std::string access = "AKIDOFTHETESTS", secret = "an/obvious+secret/that/no/line/may/show", token{};
};

inline std::string sha256_hex(const std::string& text) {
  unsigned char digest[32];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr);
  std::string hex;
  for (const unsigned char byte : digest) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    hex += two;
  }
  return hex;
}
inline std::string hmac_sha256(const std::string& key, const std::string& text) {
  unsigned char digest[32];
  unsigned length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest, &length);
  return {reinterpret_cast<char*>(digest), length};
}

/// What is wrong with a request's signature for a service in eu-west-3; "" where nothing is.
inline std::string signature_fault(const HttpRequest& request, const Keys& keys, const std::string& service) {
  std::map<std::string, std::string> headers;
  std::istringstream lines(request.head);
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const auto colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon), value = line.substr(colon + 1);
    for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    value.erase(0, (std::min)(value.find_first_not_of(' '), value.size()));
    value.erase(value.find_last_not_of("\r ") + 1);
    headers[name] = value;
  }
  const std::string authorization = headers["authorization"], date = headers["x-amz-date"],
                    day = date.substr(0, 8);
  const std::string scope = day + "/eu-west-3/" + service + "/aws4_request";
  const std::string begin = "AWS4-HMAC-SHA256 Credential=" + keys.access + "/" + scope + ", SignedHeaders=";
  if (authorization.rfind(begin, 0) != 0) return "authorization is '" + authorization + "'";
  const auto comma = authorization.find(", Signature=");
  if (comma == std::string::npos) return "no signature";
  const std::string names = authorization.substr(begin.size(), comma - begin.size());
  std::string canonical_headers;
  std::istringstream each(names);
  std::vector<std::string> signed_names;
  for (std::string name; std::getline(each, name, ';');) {
    if (!headers.contains(name)) return name + " is signed and not sent";
    canonical_headers += name + ":" + headers[name] + "\n";
    signed_names.push_back(name);
  }
  const auto is_signed = [&](const std::string& name) {
    return std::find(signed_names.begin(), signed_names.end(), name) != signed_names.end();
  };
  for (const auto& [name, value] : headers)
    if ((name == "host" || name == "content-type" || name.rfind("x-amz-", 0) == 0) && !is_signed(name))
      return name + " is not signed";
  if (headers["x-amz-security-token"] != keys.token) return "another session token";
  const std::string payload = sha256_hex(request.body);
  if (service == "s3" && headers["x-amz-content-sha256"] != payload)
    return "x-amz-content-sha256 is not that of the body";
  const auto mark = request.path.find('?');
  const std::string path = request.path.substr(0, mark),
                    query = mark == std::string::npos ? "" : request.path.substr(mark + 1);
  const std::string canonical = request.method() + "\n" + path + "\n" + query + "\n" + canonical_headers +
                                "\n" + names + "\n" + payload;
  std::string key = "AWS4" + keys.secret;
  for (const std::string& part : {day, std::string("eu-west-3"), service, std::string("aws4_request")})
    key = hmac_sha256(key, part);
  const std::string raw =
      hmac_sha256(key, "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + sha256_hex(canonical));
  std::string hex;
  for (const char c : raw) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(c));
    hex += two;
  }
  return authorization.substr(comma + 12) == hex ? "" : "the signature differs";
}

/// The service that a request was signed for: s3, sagemaker, logs, sts.
inline std::string signed_service(const HttpRequest& request) {
  const std::string authorization = request.field("authorization");
  const auto end = authorization.find("/aws4_request");
  if (end == std::string::npos) return "";
  const auto begin = authorization.rfind('/', end - 1);
  return authorization.substr(begin + 1, end - begin - 1);
}

}  // namespace sentiment::test
