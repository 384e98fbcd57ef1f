// SPDX-License-Identifier: MIT
#pragma once
// Looking at a job or an endpoint until it has come to its end.

#include "sentiment/cloud/job_logs.hpp"
#include "sentiment/cloud/sagemaker.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace sentiment::cloud {

struct Watching {
  std::chrono::milliseconds poll{10'000};         ///< between two looks
  std::function<void(const std::string&)> say{};  ///< takes a line about each change of the status
  std::function<void(const std::string&)>
      log_line{};  ///< takes each line that the job prints; not set: they are not read
};

/// Looks at a training job until it has ended, however it did. Throws Interrupted; the job goes on then.
JobState wait_for_job(const Session& session, const std::string& name, const Watching& watching);

/// Looks at an endpoint until it is in service or has failed. Throws Interrupted.
EndpointState wait_for_endpoint(SageMaker& sagemaker, const std::string& name, const Watching& watching);

/// Deletes an endpoint; one that is still being made, which the service refuses to delete, is waited for.
/// False where there is none.
bool delete_endpoint_when_made(SageMaker& sagemaker, const std::string& name, const Watching& watching);

/// Deletes an endpoint, its configuration and the models of that; `name` stands for those that are not to be
/// found out. An endpoint that is still being made is waited for. Returns what was deleted: "endpoint NAME",
/// ...; nothing where nothing of that name is there.
std::vector<std::string> delete_deployment(SageMaker& sagemaker, const std::string& name,
                                           const Watching& watching);

}  // namespace sentiment::cloud
