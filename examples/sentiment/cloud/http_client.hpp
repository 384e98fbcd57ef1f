// SPDX-License-Identifier: MIT
#pragma once
// Signed requests over libcurl, which is the transport and nothing more.

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

  /// A header's value; empty where it is not there.
  std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
};

/// What the other side did not do.
struct RemoteError : lstmlib::Error {
  RemoteError(const std::string& text, bool may_pass) : Error(text), passing(may_pass) {}
  bool passing;  ///< another attempt may do
};

/// No answer, or not all of it.
struct ConnectionError : RemoteError {
  using RemoteError::RemoteError;
};

/// How one request is sent.
struct Exchange {
  std::function<void(std::string_view)>
      take{};  ///< gets the body of a 200 or 206 in pieces instead of Answer::body
  /// Bytes of the bodies so far, and those of the answer's that are expected; 0: not known.
  std::function<void(std::uint64_t sent, std::uint64_t received, std::uint64_t expected)> progress{};
  std::size_t max_bytes =
      16 << 20;               ///< of Answer::body; a longer one is a ConnectionError that does not pass
  long stalled_seconds = 60;  ///< less than a byte a second for so long counts as a cut connection
};

/// One connection at a time, kept for the next request to the same host. Follows no redirection: a signature
/// is for one host. Not for several threads.
class HttpClient {
 public:
  /// Trusts these certificates, or those of the system.
  explicit HttpClient(http::Certificates certificates = {});
  ~HttpClient();

  /// Throws ConnectionError, Interrupted on a signal, and what `take` throws. An answer of any status is an
  /// answer.
  Answer send(const SignedRequest& request, const Exchange& exchange = {});

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
  http::Certificates certificates_;
};

}  // namespace sentiment::cloud
