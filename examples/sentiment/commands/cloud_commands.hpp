// SPDX-License-Identifier: MIT
#pragma once
// The commands below `sentiment cloud`, and the options that they share.

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

  /// Changes of a status go to standard error, and with `with_logs` the job's lines.
  cloud::Watching watching(bool with_logs = false) const;
};

/// Adds those of SessionOptions, --poll-seconds and --json.
void add_cloud_options(CLI::App& command, CloudOptions& options);

/// What a training job is asked for, as words of the command line.
struct JobOptions {
  cloud::TrainingJob job;
  std::vector<std::string> hyperparameters, environment;  ///< "NAME=VALUE"

  /// Whether all that is asked for can be: names, numbers, and what `sentiment train` takes of the
  /// hyperparameters it knows. Throws CLI::ValidationError. Asks nobody.
  void check() const;
  /// The job, complete but for name, channels and output. Throws CLI::ValidationError. Asks for the account
  /// where the role is but a name.
  cloud::TrainingJob complete(const cloud::Session& session) const;
};
void add_job_options(CLI::App& command, JobOptions& options);

/// Sentences of standard input, one a line.
std::vector<std::string> sentences_of_input();

}  // namespace sentiment
