// SPDX-License-Identifier: MIT
#pragma once
// An endpoint's answers.

#include "sentiment/cloud/service.hpp"

#include <span>
#include <string>

namespace sentiment::cloud {

class DeployedEndpoint {
 public:
  /// `session` outlives it.
  DeployedEndpoint(const Session& session, std::string name)
      : service_(session, runtime_service), name_(std::move(name)) {}

  /// One line for each sentence, in order; `format` as in `sentiment predict`. The sentences must be UTF-8.
  /// Throws as Service::send, and Error for an answer that is none.
  std::string invoke(std::span<const std::string> sentences, const std::string& format);

 private:
  Service service_;
  std::string name_;
};

}  // namespace sentiment::cloud
