// SPDX-License-Identifier: MIT
#pragma once
// A client for /endpoints/NAME/invocations, by libcurl.

#include <memory>
#include <span>
#include <string>

namespace sentiment {

class EndpointClient {
 public:
  /// `url`: http or https, without a path. Throws Error for other addresses.
  EndpointClient(const std::string& url, const std::string& name, long timeout_seconds);
  ~EndpointClient();

  /// One line per sentence, in order; `format` as in `sentiment predict`. Throws Error with the server's
  /// message for anything but a complete response.
  std::string invoke(std::span<const std::string> sentences, const std::string& format);

  /// Whether the server's /ping reports that its model is loaded.
  bool healthy();

 private:
  struct Session;
  std::unique_ptr<Session> session_;
  std::string address_, ping_;
};

}  // namespace sentiment
