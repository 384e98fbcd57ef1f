// SPDX-License-Identifier: MIT
#include "sentiment/cloud/signature.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lstmlib/base/error.hpp"
#include "sentiment/data/sha256.hpp"

#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace sentiment::cloud {
namespace {

using lstmlib::Error;
using lstmlib::fail;

std::string hmac(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (!HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &length))
    fail<Error>("OpenSSL: HMAC failed");
  return {reinterpret_cast<const char*>(digest.data()), length};
}

/// Trims spaces and folds repeated spaces into one.
std::string folded(std::string_view value) {
  std::string out;
  for (const char c : value)
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

std::string Credentials::hide(std::string text) const {
  constexpr std::string_view instead = "(hidden)";
  for (const std::string& secret : {secret_key, session_token, access_key}) {
    if (secret.empty()) continue;
    for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += instead.size())
      text.replace(at, secret.size(), instead);
  }
  return text;
}

SignedRequest sign(Request request, const Credentials& credentials, const Scope& scope, std::time_t now) {
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    fail<Error>("no credentials to sign a request with");
  std::tm utc{};
  std::array<char, 32> date{};
  ::gmtime_r(&now, &utc);
  const std::string time(date.data(), std::strftime(date.data(), date.size(), "%Y%m%dT%H%M%SZ", &utc));
  const std::string day = time.substr(0, 8);

  const bool s3 = scope.service == "s3";
  const std::string payload = sha256_of_text(request.body);
  request.headers.erase("authorization");
  request.headers["x-amz-date"] = time;
  if (s3) request.headers["x-amz-content-sha256"] = payload;
  if (!credentials.session_token.empty()) request.headers["x-amz-security-token"] = credentials.session_token;

  std::map<std::string, std::string> headers = request.headers;
  headers["host"] = request.address.host;
  std::string canonical_headers, names;
  for (const auto& [name, value] : headers) {
    canonical_headers += name + ":" + folded(value) + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string path = request.encoded_path();
  const std::string canonical = request.method + "\n" + (s3 ? path : uri_encode(path, true)) + "\n" +
                                request.encoded_query() + "\n" + canonical_headers + "\n" + names + "\n" +
                                payload;

  const std::string where = day + "/" + scope.region + "/" + scope.service + "/aws4_request";
  const std::string to_sign = "AWS4-HMAC-SHA256\n" + time + "\n" + where + "\n" + sha256_of_text(canonical);
  std::string key = "AWS4" + credentials.secret_key;
  for (const std::string& part : {day, scope.region, scope.service, std::string("aws4_request")})
    key = hmac(key, part);
  request.headers["authorization"] = "AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + where +
                                     ", SignedHeaders=" + names + ", Signature=" + hex(hmac(key, to_sign));
  return SignedRequest(std::move(request));
}

SignedRequest unsigned_request(Request request) { return SignedRequest(std::move(request)); }

}  // namespace sentiment::cloud
