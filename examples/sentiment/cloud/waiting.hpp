// SPDX-License-Identifier: MIT
#pragma once
// Waits for jobs and endpoints.

#include "sentiment/cloud/job_logs.hpp"
#include "sentiment/cloud/sagemaker.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace sentiment::cloud {

struct Watching {
  std::chrono::milliseconds poll{10'000};            ///< interval between requests
  std::function<void(const std::string&)> report{};  ///< called with a line about each change of the status
  std::function<void(const std::string&)>
      log_line{};  ///< called with each log line of the job; not set: logs are not read
};

/// Waits until a training job has ended, with any result. Throws Interrupted; then the job continues.
JobState wait_for_job(const Session& session, const std::string& name, const Watching& watching);

/// Waits until an endpoint is in service or has failed. Throws Interrupted.
EndpointState wait_for_endpoint(SageMaker& sagemaker, const std::string& name, const Watching& watching);

/// Deletes an endpoint. If it is still being created, waits, because the service refuses until then. Returns
/// false if it does not exist.
bool delete_endpoint_when_made(SageMaker& sagemaker, const std::string& name, const Watching& watching);

/// Deletes an endpoint, its configuration and their models, called `name` if they cannot be determined. Waits
/// if the endpoint is still being created. Returns what was deleted ("endpoint NAME", ...), or nothing if
/// nothing of that name exists.
std::vector<std::string> delete_deployment(SageMaker& sagemaker, const std::string& name,
                                           const Watching& watching);

}  // namespace sentiment::cloud
