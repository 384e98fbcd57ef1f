// SPDX-License-Identifier: MIT
#pragma once
// A training job as it is asked for, and as it is seen.

#include "sentiment/cloud/s3.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment::cloud {

/// One input of a job: an S3 prefix that the container sees as a folder.
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
  std::string output;               ///< "s3://BUCKET/PREFIX": the job's results go below PREFIX/NAME/output
  long max_seconds = 24 * 60 * 60;  ///< of training
  bool spot = false;                ///< on spare machines, which may be taken away
  long max_wait_seconds = 0;        ///< with spot, training and waiting; 0: as max_seconds
  std::string checkpoints{};        ///< an S3 prefix for them; empty: none
};

/// The body of CreateTrainingJob, with the fields that the SDK's generic Estimator sets.
std::string training_job_request(const TrainingJob& job);

/// A job as DescribeTrainingJob shows it.
struct JobState {
  struct Transition {
    std::string status, message;  ///< "Downloading", "Downloading input data"
  };
  std::string name, arn, status, secondary, failure;
  std::string image, role, model,
      output;  ///< model, output: addresses of the archives; model is empty before the end
  long training_seconds = 0, billable_seconds = 0;
  std::vector<Transition> transitions{};

  bool ended() const { return status == "Completed" || status == "Failed" || status == "Stopped"; }

  /// Throws Error for an answer that is none.
  static JobState parse(std::string_view answer);
};

/// "BASE-2026-11-24-16-39-28-290", as the SDK names: at most 63 characters, `base` cut and cleaned for it.
/// The time is UTC.
std::string unique_name(std::string_view base);

/// The last part of an image's name without its tag, as the SDK takes it for the base of names.
std::string base_of_image(std::string_view image);

}  // namespace sentiment::cloud
