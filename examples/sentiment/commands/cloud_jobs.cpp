// SPDX-License-Identifier: MIT
// sentiment cloud fit, status, logs, stop
#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/cloud/names.hpp"
#include "sentiment/commands/cloud_commands.hpp"
#include "sentiment/commands/cloud_output.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/value_checks.hpp"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <optional>

namespace sentiment {
namespace {

using lstmlib::Error;
using lstmlib::fail;

constexpr std::size_t max_channels = 20;  // limit of CreateTrainingJob

struct FitOptions {
  CloudOptions cloud;
  JobOptions job;
  std::vector<std::string> channels;
  bool no_wait = false, no_logs = false;
};

/// "NAME=s3://BUCKET/PREFIX", each name once. Throws CLI::ValidationError.
std::vector<cloud::Channel> channels_of(const std::vector<std::string>& words) {
  const auto refuse = [](const std::string& why) { throw CLI::ValidationError("--channel", why); };
  std::vector<cloud::Channel> channels;
  for (const std::string& word : words) {
    const auto equals = (std::min)(word.find('='), word.size());
    const std::string name = word.substr(0, equals);
    if (equals == word.size()) refuse("'" + cloud::one_line(word) + "' is not NAME=s3://BUCKET/PREFIX");
    if (const std::string wrong = cloud::fault_of_channel(name); !wrong.empty()) refuse(wrong);
    for (const cloud::Channel& other : channels)
      if (other.name == name) refuse("the channel " + name + " is given twice; each name may occur once");
    try {
      channels.push_back({name, cloud::S3Uri::parse(word.substr(equals + 1))});
    } catch (const Error& wrong) { refuse(name + ": " + wrong.what()); }
  }
  if (channels.size() > max_channels)
    refuse(
        lstmlib::message("a job takes at most ", max_channels, " channels, ", channels.size(), " are given"));
  return channels;
}

void fit(const FitOptions& o) {
  const std::vector<cloud::Channel> channels = channels_of(o.channels);
  o.job.check();
  const cloud::Session session = o.cloud.session.session();
  cloud::TrainingJob job = o.job.complete(session);
  job.channels = channels;
  if (job.name.empty()) job.name = cloud::unique_name(cloud::base_of_image(job.image));
  if (job.output.empty()) {
    const std::string bucket = cloud::Identity::find(session).default_bucket(session.region);
    cloud::S3(session).ensure_bucket(bucket);
    job.output = "s3://" + bucket + "/";
  }
  cloud::SageMaker sagemaker(session);
  sagemaker.create_training_job(job);
  if (o.no_wait) return facts_of(sagemaker.describe_training_job(job.name)).print(o.cloud.json);

  if (!o.cloud.session.quiet) std::cerr << "sentiment: training job " << job.name << std::endl;
  try {
    const cloud::JobState state = cloud::wait_for_job(session, job.name, o.cloud.watching(!o.no_logs));
    facts_of(state).print(o.cloud.json);
    if (state.status == "Failed")
      fail<Error>("training job ", job.name, " failed: ", cloud::one_line(state.failure));
  } catch (const cloud::Interrupted&) {
    std::cerr << "sentiment: the job continues; see `sentiment cloud status " << job.name
              << "`, stop it with `sentiment cloud stop " << job.name << "`\n";
    throw;
  }
}

struct NameOptions {
  CloudOptions cloud;
  std::string name;
  bool follow = false;
};

template <class Look>
auto unless_missing(const Look& look) -> std::optional<decltype(look())> {
  try {
    return look();
  } catch (const cloud::ServiceError& error) {
    if (!cloud::is_missing(error)) throw;
    return std::nullopt;
  }
}

void status(const NameOptions& o) {
  const cloud::Session session = o.cloud.session.session();
  cloud::SageMaker sagemaker(session);
  if (const auto job = unless_missing([&] { return sagemaker.describe_training_job(o.name); }))
    return facts_of(*job).print(o.cloud.json);
  const auto endpoint = unless_missing([&] { return sagemaker.describe_endpoint(o.name); });
  if (!endpoint) fail<Error>("there is no training job and no endpoint ", o.name, " in ", session.region);
  Facts()
      .add("endpoint", endpoint->name)
      .add("status", endpoint->status)
      .add_if("failure_reason", endpoint->failure)
      .add("endpoint_config", endpoint->config)
      .print(o.cloud.json);
}

void logs(const NameOptions& o) {
  const cloud::Session session = o.cloud.session.session();
  const auto print = [](const std::string& line) { std::cout << line << std::endl; };
  if (o.follow) {
    cloud::Watching watching = o.cloud.watching();
    watching.log_line = print;
    cloud::wait_for_job(session, o.name, watching);
    return;
  }
  bool any = false;
  cloud::JobLogs(session, o.name).read([&](std::string_view host, std::string_view line) {
    any = true;
    print(lstmlib::message(host, "  ", line));
  });
  if (any) return;
  cloud::SageMaker sagemaker(session);
  sagemaker.describe_training_job(o.name);  // throws if there is no such job
  std::cerr << "sentiment: the job " << o.name << " has no log lines yet\n";
}

void stop(const NameOptions& o) {
  const cloud::Session session = o.cloud.session.session();
  cloud::SageMaker(session).stop_training_job(o.name);
  Facts().add("stopping", o.name).print(o.cloud.json);
}

CLI::App* add_name_command(CLI::App& cloud, const char* name, const char* about, const char* of,
                           const std::shared_ptr<NameOptions>& options, void (*run)(const NameOptions&)) {
  auto* command = cloud.add_subcommand(name, about);
  command->add_option("name", options->name, of)->required()->check(checked_by(cloud::fault_of_name));
  add_cloud_options(*command, options->cloud);
  command->callback([options, run] { run_interruptible([&] { run(*options); }); });
  return command;
}

}  // namespace

void add_cloud_fit(CLI::App& cloud) {
  auto* command = cloud.add_subcommand("fit", "Run a training job and wait for its end");
  const auto o = std::make_shared<FitOptions>();
  add_job_options(*command, o->job);
  command
      ->add_option(
          "--channel", o->channels,
          "NAME=s3://BUCKET/PREFIX, an input of the job: train, test, vocab, and dev if there is one")
      ->required()
      ->allow_extra_args(false);
  command
      ->add_option("--output-path", o->job.job.output,
                   "s3://BUCKET/PREFIX for the results; default: the account's SageMaker bucket")
      ->check(s3_address());
  command->add_option("--name", o->job.job.name, "Name of the job; default: image name and time")
      ->check(checked_by(cloud::fault_of_name));
  command->add_flag("--no-wait", o->no_wait, "Start the job without waiting for it");
  command->add_flag("--no-logs", o->no_logs, "Do not show the output of the job");
  add_cloud_options(*command, o->cloud);
  command->footer(
      std::string("Status changes and the job's output go to standard error, the result to standard "
                  "output. Status 1 where\n"
                  "the job fails. Ctrl-C does not end the job.\n"
                  "Example:\n  sentiment cloud fit --image "
                  "123456789012.dkr.ecr.eu-west-3.amazonaws.com/sentiment:1 --role MyRole \\\n"
                  "    --channel train=s3://B/P/train --channel test=s3://B/P/test --channel "
                  "vocab=s3://B/P/vocab \\\n"
                  "    --hyperparameter epochs=10 --spot --checkpoint-path s3://B/checkpoints\n\n") +
      about_credentials);
  command->callback([o] { run_interruptible([&] { fit(*o); }); });
}

void add_cloud_status(CLI::App& cloud) {
  add_name_command(cloud, "status", "Show the status of a training job or an endpoint",
                   "Name of the job or the endpoint", std::make_shared<NameOptions>(), status)
      ->footer("Example:\n  sentiment cloud status my-job --json");
}

void add_cloud_logs(CLI::App& cloud) {
  const auto options = std::make_shared<NameOptions>();
  auto* command =
      add_name_command(cloud, "logs", "Show the output of a training job", "Name of the job", options, logs);
  command->add_flag("--follow", options->follow, "Follow until the job has ended");
  command->footer("Each line begins with its host.\nExample:\n  sentiment cloud logs my-job --follow");
}

void add_cloud_stop(CLI::App& cloud) {
  add_name_command(cloud, "stop", "Stop a training job; its results so far are kept", "Name of the job",
                   std::make_shared<NameOptions>(), stop)
      ->footer(
          "The job gets SIGTERM and has two minutes to finish.\nExample:\n  sentiment cloud stop my-job");
}

}  // namespace sentiment
