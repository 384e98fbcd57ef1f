// SPDX-License-Identifier: MIT
#include "sentiment/cloud/names.hpp"
#include "sentiment/commands/cloud_commands.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/train_options.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/training/job/settings.hpp"
#include "sentiment/model/device.hpp"
#include "sentiment/data/text/decoder.hpp"

#include <algorithm>
#include <iostream>
#include <map>

namespace sentiment {
namespace {

[[noreturn]] void refuse(const char* option, const std::string& why) {
  throw CLI::ValidationError(option, why);
}

/// Parses "NAME=VALUE" words, with distinct names, within the limits of CreateTrainingJob.
std::map<std::string, std::string> pairs_of(const std::vector<std::string>& words, const char* option,
                                            std::size_t longest_name, std::size_t longest_value) {
  constexpr std::size_t max_pairs = 100;
  std::map<std::string, std::string> pairs;
  for (const std::string& word : words) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      refuse(option, "'" + cloud::one_line(word) + "' is not NAME=VALUE");
    const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name.size() > longest_name || value.size() > longest_value)
      refuse(option, lstmlib::message(cloud::one_line(name, 100), ": a name has at most ", longest_name,
                                      " bytes and a value ", longest_value));
    if (!pairs.emplace(name, value).second)
      refuse(option, "the name " + cloud::one_line(name) + " is given twice");
  }
  if (pairs.size() > max_pairs)
    refuse(option, lstmlib::message(pairs.size(), " are given, the limit is ", max_pairs));
  return pairs;
}

/// Only checks the spelling, because devices of this machine say nothing about the job's.
std::string fault_of_device(const std::string& name) {
  const bool number = name.starts_with("cuda:") && name.size() > 5 && name.size() < 9 &&
                      name.find_first_not_of("0123456789", 5) == std::string::npos;
  if (number || name == "auto" || name == "cpu" || name == "cuda") return "";
  return "'" + cloud::one_line(name, 100) + "' is not a device, expected " + about_devices;
}

std::map<std::string, std::string> hyperparameters_of(const std::vector<std::string>& words) {
  return pairs_of(words, "--hyperparameter", 256, 2500);
}

std::map<std::string, std::string> environment_of(const std::vector<std::string>& words) {
  auto pairs = pairs_of(words, "--environment", 512, 512);
  for (const auto& [name, value] : pairs) {
    const bool known = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!known || (name[0] >= '0' && name[0] <= '9'))
      refuse("--environment", "'" + cloud::one_line(name) +
                                  "' is not a variable name: expected letters, digits and _, no digit first");
  }
  return pairs;
}

}  // namespace

cloud::Watching CloudOptions::watching(bool with_logs) const {
  cloud::Watching made;
  made.poll = std::chrono::milliseconds(static_cast<long>(1000 * poll_seconds));
  if (session.quiet) return made;
  made.report = [](const std::string& line) { std::cerr << "sentiment: " << line << std::endl; };
  if (with_logs) made.log_line = [](const std::string& line) { std::cerr << line << std::endl; };
  return made;
}

void add_cloud_options(CLI::App& command, CloudOptions& options) {
  add_session_options(command, options.session);
  command.add_option("--poll-seconds", options.poll_seconds, "Seconds between two status checks")
      ->check(number_from(0.01, 3600))
      ->capture_default_str();
  command.add_flag("--json", options.json, "The result as JSON");
}

void JobOptions::check() const {
  CLI::App train;
  TrainOptions options;
  launch::ProcessOptions processes;
  add_job_settings(train, options, processes);
  for (const auto& [name, value] : hyperparameters_of(hyperparameters)) {
    // Settings of other programs are checked by these.
    if (CLI::Option* option = job::known_option(train, name)) {
      if (option->count() > 0) refuse("--hyperparameter", name + " is given in two spellings");
      std::string wrong = job::fault_of_setting(*option, value);
      if (wrong.empty() && option->check_lname("device")) wrong = fault_of_device(value);
      if (!wrong.empty()) refuse("--hyperparameter", name + ": " + wrong);
    }
  }
  environment_of(environment);
  if (job.max_wait_seconds != 0 && job.max_wait_seconds < job.max_seconds)
    refuse("--max-wait",
           lstmlib::message(job.max_wait_seconds, " seconds are less than --max-run, ", job.max_seconds,
                            ": waiting and training together cannot take less time than training"));
}

cloud::TrainingJob JobOptions::complete(const cloud::Session& session) const {
  cloud::TrainingJob made = job;
  made.hyperparameters = hyperparameters_of(hyperparameters);
  made.environment = environment_of(environment);
  if (!made.role.starts_with("arn:")) made.role = cloud::Identity::find(session).role_arn(made.role);
  return made;
}

void add_job_options(CLI::App& command, JobOptions& o) {
  command.add_option("--image", o.job.image, "Image of the container, in ECR")
      ->required()
      ->check(checked_by(cloud::fault_of_image));
  command.add_option("--role", o.job.role, "Role of the job: its ARN, or its name if it has no path")
      ->required()
      ->check(checked_by(cloud::fault_of_role));
  command.add_option("--instance-type", o.job.instance_type, "Instance type for training")
      ->check(checked_by(cloud::fault_of_instance_type))
      ->capture_default_str();
  command.add_option("--instance-count", o.job.instance_count, "Number of instances")
      ->check(whole_number(1, 1000))
      ->capture_default_str();
  command.add_option("--volume-size", o.job.volume_gigabytes, "Disk size of each instance in gigabytes")
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  command
      .add_option("--hyperparameter", o.hyperparameters,
                  "NAME=VALUE for `sentiment train`, such as epochs=10; may be repeated")
      ->allow_extra_args(false);
  command
      .add_option("--environment", o.environment,
                  "NAME=VALUE for the container's environment; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--max-run", o.job.max_seconds, "Maximum time of training in seconds")
      ->check(whole_number(1, 432000 * 10))
      ->capture_default_str();
  auto* spot = command.add_flag(
      "--spot", o.job.spot,
      "Train on spot instances: cheaper, but they may be interrupted; see --checkpoint-path");
  command
      .add_option("--max-wait", o.job.max_wait_seconds,
                  "Maximum time of waiting and training in seconds; default --max-run")
      ->check(whole_number(1, 432000 * 10))
      ->needs(spot);
  command
      .add_option("--checkpoint-path", o.job.checkpoints,
                  "s3://BUCKET/PREFIX for checkpoints, from which a job resumes")
      ->check(s3_address());
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
      std::string("All steps in one command: `sentiment cloud run --help`. Step by step:\n"
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
