// SPDX-License-Identifier: MIT
#pragma once
// Predictions by an endpoint.

#include "sentiment/cloud/service.hpp"

#include <span>
#include <string>

namespace sentiment::cloud {

class DeployedEndpoint {
 public:
  /// `session` must outlive it.
  DeployedEndpoint(const Session& session, std::string name)
      : service_(session, runtime_service), name_(std::move(name)) {}

  /// One line per sentence, in order; `format` as in `sentiment predict`. Sentences must be UTF-8. Throws
  /// like Service::send, and Error for an invalid response.
  std::string invoke(std::span<const std::string> sentences, const std::string& format);

 private:
  Service service_;
  std::string name_;
};

}  // namespace sentiment::cloud
