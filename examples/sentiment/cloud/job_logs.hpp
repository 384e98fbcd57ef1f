// SPDX-License-Identifier: MIT
#pragma once
// What the containers of a training job print, from CloudWatch.

#include "sentiment/cloud/service.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sentiment::cloud {

class JobLogs {
 public:
  /// `session` outlives it.
  JobLogs(const Session& session, std::string job) : service_(session, logs_service), job_(std::move(job)) {}

  /// Gives all lines that have come since the last call to `take`, one host after the other, in order of
  /// time; `host` is "algo-1". Nothing where the job has no log yet. Throws as Service::send.
  void read(const std::function<void(std::string_view host, std::string_view line)>& take);

 private:
  void find_streams();

  Service service_;
  std::string job_;
  std::map<std::string, std::string>
      tokens_{};  ///< of each stream: where the next lines begin; empty: at the first one
};

}  // namespace sentiment::cloud
