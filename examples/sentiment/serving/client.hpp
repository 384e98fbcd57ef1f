// SPDX-License-Identifier: MIT
#pragma once
// The client's side of /endpoints/NAME/invocations, over libcurl.

#include <memory>
#include <span>
#include <string>

namespace sentiment {

class EndpointClient {
 public:
  /// `url` is http or https, without a path. Throws Error where it is not.
  EndpointClient(const std::string& url, const std::string& name, long timeout_seconds);
  ~EndpointClient();

  /// One line for each sentence, in order; `format` as in `sentiment predict`. Throws Error, with what the
  /// server said, for anything but a whole answer.
  std::string invoke(std::span<const std::string> sentences, const std::string& format);

  /// Whether the server answers /ping, as it does when its model is loaded.
  bool healthy();

 private:
  struct Session;
  std::unique_ptr<Session> session_;
  std::string address_, ping_;
};

}  // namespace sentiment
