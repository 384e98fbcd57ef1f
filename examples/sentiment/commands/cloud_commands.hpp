// SPDX-License-Identifier: MIT
#pragma once
// The commands of `sentiment cloud` and their common options.

#include "sentiment/cloud/training_job.hpp"
#include "sentiment/cloud/waiting.hpp"
#include "sentiment/commands/session_options.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace sentiment {

void add_cloud_fit(CLI::App& cloud);
void add_cloud_status(CLI::App& cloud);
void add_cloud_logs(CLI::App& cloud);
void add_cloud_stop(CLI::App& cloud);
void add_cloud_deploy(CLI::App& cloud);
void add_cloud_predict(CLI::App& cloud);
void add_cloud_delete(CLI::App& cloud);
void add_cloud_run(CLI::App& cloud);

struct CloudOptions {
  SessionOptions session;
  double poll_seconds = 10;
  bool json = false;

  /// Reports changes of a status and, with `with_logs`, the job's log lines on standard error.
  cloud::Watching watching(bool with_logs = false) const;
};

/// Adds the options of SessionOptions, --poll-seconds and --json.
void add_cloud_options(CLI::App& command, CloudOptions& options);

/// The options of a training job, as given on the command line.
struct JobOptions {
  cloud::TrainingJob job;
  std::vector<std::string> hyperparameters, environment;  ///< "NAME=VALUE"

  /// Checks names, numbers, and those hyperparameters that `sentiment train` knows. Throws
  /// CLI::ValidationError. Contacts no server.
  void check() const;
  /// The job, complete except for name, channels and output. Throws CLI::ValidationError. Requests the
  /// account from the service if the role is just a name.
  cloud::TrainingJob complete(const cloud::Session& session) const;
};
void add_job_options(CLI::App& command, JobOptions& options);

/// Sentences of standard input, one per line.
std::vector<std::string> sentences_of_input();

}  // namespace sentiment
