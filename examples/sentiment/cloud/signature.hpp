// SPDX-License-Identifier: MIT
#pragma once
// AWS Signature Version 4, which proves that the sender of a request holds a secret key.

#include "sentiment/cloud/request.hpp"

#include <ctime>
#include <optional>
#include <string>

namespace sentiment::cloud {

/// Never printed: there is no output operator, and `hide` removes it from external texts.
struct Credentials {
  std::string access_key, secret_key;
  std::string session_token{};       ///< empty for permanent keys
  std::optional<std::time_t> end{};  ///< expiry in seconds since 1970, if known

  /// `text` with "(hidden)" in place of each secret, because services repeat them in error messages.
  std::string hide(std::string text) const;
};

/// What a signature is valid for.
struct Scope {
  std::string region;
  std::string service;  ///< name in signatures: s3, sagemaker, logs, sts
};

/// A request with its signature. Only `sign` creates one, and only these are sent, except for requests by
/// `unsigned_request`.
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

/// Adds x-amz-date, x-amz-security-token if there is a token, x-amz-content-sha256 for S3, and authorization.
/// Signs the host and all headers of the request. The path is encoded once for S3 and twice for all other
/// services. Throws Error without a key or a secret. Source: AWS General Reference, "Signing AWS API
/// requests".
SignedRequest sign(Request request, const Credentials& credentials, const Scope& scope, std::time_t now);

/// A request without a signature: it asks for credentials with a token that it contains.
SignedRequest unsigned_request(Request request);

}  // namespace sentiment::cloud
