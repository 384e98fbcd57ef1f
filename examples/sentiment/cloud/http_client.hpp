// SPDX-License-Identifier: MIT
#pragma once
// Sends signed requests by libcurl.

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/signature.hpp"
#include "sentiment/support/certificates.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace sentiment::cloud {

struct Answer {
  long status = 0;
  std::map<std::string, std::string> headers{};  ///< names in lower case
  std::string body{};

  /// Value of a header; empty if it is missing.
  std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
};

/// An error of the other side.
struct RemoteError : lstmlib::Error {
  RemoteError(const std::string& text, bool may_pass) : Error(text), passing(may_pass) {}
  bool passing;  ///< a retry may succeed
};

/// No response, or an incomplete one.
struct ConnectionError : RemoteError {
  using RemoteError::RemoteError;
};

/// How to send a request.
struct Exchange {
  std::function<void(std::string_view)>
      take{};  ///< gets the body of a 200 or 206 in pieces, instead of Answer::body
  /// Bytes sent and received so far, and the expected size of the response; 0: unknown.
  std::function<void(std::uint64_t sent, std::uint64_t received, std::uint64_t expected)> progress{};
  std::size_t max_bytes = 16 << 20;  ///< limit of Answer::body; exceeding it is a permanent ConnectionError
  /// The connection counts as lost after so long with less than a byte per second.
  long stalled_seconds = 60;
};

/// One connection at a time, reused for requests to the same host. Follows no redirects, because a signature
/// is for one host. Not thread-safe.
class HttpClient {
 public:
  /// Trusts these certificates; default: those of the system.
  explicit HttpClient(http::Certificates certificates = {});
  ~HttpClient();

  /// Sends a request. Responses of any status are returned. Throws ConnectionError, Interrupted on a signal,
  /// and what `take` throws.
  Answer send(const SignedRequest& request, const Exchange& exchange = {});

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  http::Certificates certificates_;
};

}  // namespace sentiment::cloud
