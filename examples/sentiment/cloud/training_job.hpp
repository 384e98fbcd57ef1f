// SPDX-License-Identifier: MIT
#pragma once
// A training job: what to request, and its state.

#include "sentiment/cloud/s3.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment::cloud {

/// An input of a job: an S3 prefix that the container sees as a folder.
struct Channel {
  std::string name;
  S3Uri uri;
};

/// The defaults are those of the Python SDK's Estimator.
struct TrainingJob {
  std::string name, image, role;  ///< role: its ARN
  std::string instance_type = "ml.c5.xlarge";
  int instance_count = 1;
  int volume_gigabytes = 30;
  std::map<std::string, std::string> hyperparameters{}, environment{};
  std::vector<Channel> channels{};
  std::string output;               ///< "s3://BUCKET/PREFIX": results go below PREFIX/NAME/output
  long max_seconds = 24 * 60 * 60;  ///< limit of the training time
  bool spot = false;                ///< on spot instances, which may be withdrawn
  long max_wait_seconds = 0;        ///< with spot: limit of training and waiting; 0: max_seconds
  std::string checkpoints{};        ///< an S3 prefix; empty: none
};

/// The body of CreateTrainingJob, with the fields that the SDK's generic Estimator sets.
std::string training_job_request(const TrainingJob& job);

/// The state of a job from DescribeTrainingJob.
struct JobState {
  struct Transition {
    std::string status, message;  ///< "Downloading", "Downloading input data"
  };
  std::string name, arn, status, secondary, failure;
  std::string image, role, model,
      output;  ///< model, output: addresses of the archives; model is empty until the end
  long training_seconds = 0, billable_seconds = 0;
  std::vector<Transition> transitions{};

  bool ended() const { return status == "Completed" || status == "Failed" || status == "Stopped"; }

  /// Throws Error for an invalid response.
  static JobState parse(std::string_view answer);
};

/// A name in the SDK's format, "BASE-2026-11-24-16-39-28-290", with the UTC time. `base` is cleaned and cut
/// so that the name has at most 63 characters.
std::string unique_name(std::string_view base);

/// The last part of an image's name without its tag, which the SDK uses as the base of names.
std::string base_of_image(std::string_view image);

}  // namespace sentiment::cloud
