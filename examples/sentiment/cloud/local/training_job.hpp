// SPDX-License-Identifier: MIT
#pragma once
// A training job on this machine: `sentiment train` in a folder laid out as a training container.

#include "sentiment/cloud/local/bucket.hpp"

#include <functional>
#include <map>
#include <string>

namespace sentiment::local {

struct JobRequest {
  std::string name;
  std::map<std::string, std::string> hyperparameters, channels;  ///< channels: to URIs of the bucket
};

struct JobWatch {
  std::function<void(const std::string& status, const std::string& message)> status;  ///< when it changes
  std::function<void(const std::string& line)> line;                                  ///< that the job prints
};

struct JobResults {
  std::string model, output;  ///< URIs of model.tar.gz and output.tar.gz
};

/// Does what the service does: brings the channels, runs the program, packs model/ and output/data/ into the
/// bucket, below the job's name. The container's folder, in `instances`, is gone at the end, however that
/// came. Throws Error with the reason that the job gave for a failure; cloud::Interrupted after a signal,
/// when the job has been stopped in order.
JobResults run_job(const JobRequest& request, const Bucket& bucket, const fs::path& instances,
                   const JobWatch& watch);

}  // namespace sentiment::local
