// SPDX-License-Identifier: MIT
#pragma once
// Signature Version 4 of AWS: what makes a request one of the holder of a secret key.

#include "sentiment/cloud/request.hpp"

#include <ctime>
#include <optional>
#include <string>

namespace sentiment::cloud {

/// Never printed: there is no operator for it, and `hide` takes it out of texts of others.
struct Credentials {
  std::string access_key, secret_key;
  std::string session_token{};  ///< empty: a lasting key has none
  std::optional<std::time_t> end{};  ///< seconds since 1970, where it is known

  /// `text` with "(hidden)" in place of each of the three: services repeat them in their complaints.
  std::string hide(std::string text) const;
};

/// What a signature is good for.
struct Scope {
  std::string region;
  std::string service;  ///< the name in signatures: s3, sagemaker, logs, sts
};

/// A request that carries its signature. Only `sign` makes one, and only such are sent, but for those that
/// `unsigned_request` says are for nobody's keys.
class SignedRequest {
 public:
  const Request& get() const { return request_; }

 private:
  friend SignedRequest sign(Request request, const Credentials& credentials, const Scope& scope,
                            std::time_t now);
  friend SignedRequest unsigned_request(Request request);
  explicit SignedRequest(Request request) : request_(std::move(request)) {}
  Request request_;
};

/// Adds x-amz-date, x-amz-security-token where there is a token, for S3 x-amz-content-sha256, and
/// authorization. All headers of the request are signed, and host. S3 takes the path encoded once, every
/// other service encoded twice. Throws Error without a key or a secret. Source: AWS General Reference,
/// "Signing AWS API requests".
SignedRequest sign(Request request, const Credentials& credentials, const Scope& scope, std::time_t now);

/// A request that goes as it is: it asks for credentials, by a token that is in it.
SignedRequest unsigned_request(Request request);

}  // namespace sentiment::cloud
