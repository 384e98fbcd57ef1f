// SPDX-License-Identifier: MIT
#pragma once
// A training job on this machine: `sentiment train` in a folder laid out like a training container.

#include "sentiment/cloud/local/bucket.hpp"

#include <functional>
#include <map>
#include <string>

namespace sentiment::local {

struct JobRequest {
  std::string name;
  std::map<std::string, std::string> hyperparameters, channels;  ///< channels: names to URIs of the bucket
};

struct JobWatch {
  /// Called when it changes.
  std::function<void(const std::string& status, const std::string& message)> status;
  /// Called with each line of output.
  std::function<void(const std::string& line)> line;
};

struct JobResults {
  std::string model, output;  ///< URIs of model.tar.gz and output.tar.gz
};

/// Does what the service does: provides the channels, runs the program, packs model/ and output/data/ into
/// the bucket under the job's name. The container's folder, in `instances`, is always removed at the end.
/// Throws Error with the job's reason if it fails, and cloud::Interrupted after a signal, once the job has
/// stopped cleanly.
JobResults run_job(const JobRequest& request, const Bucket& bucket, const fs::path& instances,
                   const JobWatch& watch);

}  // namespace sentiment::local
