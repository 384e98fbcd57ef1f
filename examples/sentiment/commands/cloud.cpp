// SPDX-License-Identifier: MIT
#include "sentiment/commands/cloud_commands.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/text/decoder.hpp"

#include <iostream>

namespace sentiment {
namespace {

/// The two sides of "NAME=VALUE".
std::map<std::string, std::string> pairs_of(const std::vector<std::string>& words, const char* option) {
  std::map<std::string, std::string> pairs;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      throw CLI::ValidationError(option, "'" + word + "' is no NAME=VALUE");
    pairs[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return pairs;
}

}  // namespace

cloud::Watching CloudOptions::watching(bool with_logs) const {
  cloud::Watching made;
  made.poll = std::chrono::milliseconds(static_cast<long>(1000 * poll_seconds));
  if (session.quiet) return made;
  made.say = [](const std::string& line) { std::cerr << "sentiment: " << line << std::endl; };
  if (with_logs) made.log_line = [](const std::string& line) { std::cerr << line << std::endl; };
  return made;
}

void add_cloud_options(CLI::App& command, CloudOptions& options) {
  add_session_options(command, options.session);
  command.add_option("--poll-seconds", options.poll_seconds, "Between two looks at what is waited for")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  command.add_flag("--json", options.json, "The result as JSON");
}

cloud::TrainingJob JobOptions::complete(const cloud::Session& session) const {
  cloud::TrainingJob made = job;
  made.hyperparameters = pairs_of(hyperparameters, "--hyperparameter");
  made.environment = pairs_of(environment, "--environment");
  if (!made.role.starts_with("arn:")) made.role = cloud::Identity::find(session).role_arn(made.role);
  return made;
}

void add_job_options(CLI::App& command, JobOptions& o) {
  command.add_option("--image", o.job.image, "Image of the container, in ECR")->required();
  command
      .add_option("--role", o.job.role, "Role that the job takes: its ARN, or its name where it has no path")
      ->required();
  command.add_option("--instance-type", o.job.instance_type, "Kind of machine to train on")
      ->capture_default_str();
  command.add_option("--instance-count", o.job.instance_count, "Machines to train on")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command.add_option("--volume-size", o.job.volume_gigabytes, "Gigabytes of each machine's disk")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command
      .add_option("--hyperparameter", o.hyperparameters,
                  "NAME=VALUE for `sentiment train`, such as epochs=10; any number of them")
      ->allow_extra_args(false);
  command
      .add_option("--environment", o.environment,
                  "NAME=VALUE for the container's environment; any number of them")
      ->allow_extra_args(false);
  command.add_option("--max-run", o.job.max_seconds, "Seconds that training may take")
      ->check(CLI::Range(1, 432000 * 10))
      ->capture_default_str();
  auto* spot =
      command.add_flag("--spot", o.job.spot,
                       "Train on spare machines, cheaper, which may be taken away: see --checkpoint-path");
  command
      .add_option("--max-wait", o.job.max_wait_seconds,
                  "Seconds for waiting and training together; default --max-run")
      ->check(CLI::Range(1, 432000 * 10))
      ->needs(spot);
  command.add_option("--checkpoint-path", o.job.checkpoints,
                     "s3://BUCKET/PREFIX for checkpoints, from which a job goes on");
}

CLI::Validator name_check() {
  return CLI::Validator(
      [](const std::string& text) {
        return cloud::is_name(text)
                   ? std::string()
                   : "'" + text + "' is no name: up to 63 letters, digits and hyphens are expected";
      },
      "");
}

std::vector<std::string> sentences_of_input() {
  std::vector<std::string> sentences;
  TextDecoder decoder("standard input");
  LineReader lines(std::cin, decoder);
  for (std::string line; lines.next(line);) sentences.push_back(std::move(line));
  decoder.report();
  return sentences;
}

void add_cloud(CLI::App& app) {
  auto* cloud = app.add_subcommand("cloud", "Train and deploy on Amazon SageMaker");
  cloud->require_subcommand(1);
  cloud->footer(
      std::string("The whole notebook in one go: `sentiment cloud run --help`. Step by step:\n"
                  "  sentiment prepare --dataset stsa.binary --out data\n"
                  "  sentiment upload --bucket B --train data/train --test data/test --vocab data/vocab\n"
                  "  sentiment cloud fit --image I --role R --channel train=s3://B/... --channel test=... "
                  "--channel vocab=...\n"
                  "  sentiment download --uri s3://.../output.tar.gz --output result\n"
                  "  sentiment cloud deploy --job J\n"
                  "  echo 'a warm and funny film' | sentiment cloud predict --endpoint E\n"
                  "  sentiment cloud delete E\n\n") +
      about_credentials);
  add_cloud_fit(*cloud);
  add_cloud_status(*cloud);
  add_cloud_logs(*cloud);
  add_cloud_stop(*cloud);
  add_cloud_deploy(*cloud);
  add_cloud_predict(*cloud);
  add_cloud_delete(*cloud);
  add_cloud_run(*cloud);
}

}  // namespace sentiment
