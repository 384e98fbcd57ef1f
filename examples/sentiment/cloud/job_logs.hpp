// SPDX-License-Identifier: MIT
#pragma once
// The output of a training job's containers, from CloudWatch.

#include "sentiment/cloud/service.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace sentiment::cloud {

class JobLogs {
 public:
  /// `session` must outlive it.
  JobLogs(const Session& session, std::string job) : service_(session, logs_service), job_(std::move(job)) {}

  /// Passes all lines since the last call to `take`, host by host, in order of time; `host` is for example
  /// "algo-1". Does nothing if the job has no log yet. Throws like Service::send.
  void read(const std::function<void(std::string_view host, std::string_view line)>& take);

 private:
  void find_streams();

  Service service_;
  std::string job_;
  std::map<std::string, std::string>
      tokens_{};  ///< by stream: where the next lines begin; empty: at the first line
};

}  // namespace sentiment::cloud
