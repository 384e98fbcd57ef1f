// SPDX-License-Identifier: MIT
// sentiment cloud deploy, predict, delete
#include "sentiment/cloud/deployment.hpp"
#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/cloud/names.hpp"
#include "sentiment/cloud/runtime.hpp"
#include "sentiment/commands/cloud_commands.hpp"
#include "sentiment/commands/cloud_output.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/value_checks.hpp"

#include <algorithm>
#include <memory>
#include <span>

namespace sentiment {
namespace {

using lstmlib::Error;
using lstmlib::fail;

struct DeployOptions {
  CloudOptions cloud;
  std::string job;
  cloud::Deployment deployment;
  bool no_wait = false;
};

void deploy(DeployOptions o) {
  const cloud::Session session = o.cloud.session.session();
  cloud::SageMaker sagemaker(session);
  auto& model = o.deployment.model;
  if (!o.job.empty()) {
    const cloud::JobState job = sagemaker.describe_training_job(o.job);
    if (job.status != "Completed" && job.status != "Stopped")
      fail<Error>("training job ", o.job, " is ", job.status, ", so there is no model to deploy");
    if (model.data.empty()) model.data = job.model;
    if (model.image.empty()) model.image = job.image;
    if (model.role.empty()) model.role = job.role;
  }
  if (!model.role.starts_with("arn:")) model.role = cloud::Identity::find(session).role_arn(model.role);
  if (o.deployment.name.empty()) o.deployment.name = cloud::unique_name(cloud::base_of_image(model.image));
  const std::string name = o.deployment.name;

  cloud::Undo undo(o.cloud.watching());
  cloud::deploy(sagemaker, o.deployment, undo, o.cloud.watching());
  undo.forget();  // from here on the endpoint stays, even if waiting is interrupted
  cloud::EndpointState state{name, "", name, "Creating", ""};
  try {
    if (!o.no_wait) state = cloud::wait_for_endpoint(sagemaker, name, o.cloud.watching());
  } catch (const cloud::Interrupted&) {
    std::cerr << "sentiment: endpoint " << name << " is being made; delete it with `sentiment cloud delete "
              << name << "`\n";
    throw;
  }
  Facts()
      .add("endpoint", name)
      .add("status", state.status)
      .add_if("failure_reason", state.failure)
      .add("endpoint_config", name)
      .add("model", name)
      .print(o.cloud.json);
  if (!o.no_wait && state.status != "InService")
    fail<Error>("endpoint ", name, " is ", state.status, ": ", cloud::one_line(state.failure),
                " (delete it with `sentiment cloud delete ", name, "`)");
}

struct CloudPredictOptions {
  SessionOptions session;
  std::string endpoint, format = "text";
  std::size_t batch_size = 256;
};

void predict(const CloudPredictOptions& o) {
  const cloud::Session session = o.session.session();
  cloud::DeployedEndpoint endpoint(session, o.endpoint);
  const std::vector<std::string> sentences = sentences_of_input();
  for (std::size_t begin = 0; begin < sentences.size(); begin += o.batch_size) {
    const std::size_t count = (std::min)(o.batch_size, sentences.size() - begin);
    std::cout << endpoint.invoke(std::span(sentences).subspan(begin, count), o.format) << std::flush;
  }
}

struct DeleteOptions {
  CloudOptions cloud;
  std::string name;
};

void erase(const DeleteOptions& o) {
  const cloud::Session session = o.cloud.session.session();
  cloud::SageMaker sagemaker(session);
  const auto deleted = cloud::delete_deployment(sagemaker, o.name, o.cloud.watching());
  if (deleted.empty())
    fail<Error>("there is no endpoint, endpoint config or model ", o.name, " in ", session.region);
  Facts().add("deleted", deleted).print(o.cloud.json);
}

}  // namespace

void add_cloud_deploy(CLI::App& cloud) {
  auto* command = cloud.add_subcommand("deploy", "Deploy a trained model to an endpoint");
  const auto o = std::make_shared<DeployOptions>();
  auto* job =
      command->add_option("--job", o->job, "Training job that made the model; also gives image and role")
          ->check(checked_by(cloud::fault_of_name));
  command->add_option("--model-data", o->deployment.model.data, "s3://BUCKET/KEY of a model.tar.gz")
      ->check(s3_address());
  command->add_option("--image", o->deployment.model.image, "Image of the container")
      ->check(checked_by(cloud::fault_of_image));
  command->add_option("--role", o->deployment.model.role, "Role of the endpoint: its ARN or its name")
      ->check(checked_by(cloud::fault_of_role));
  command->add_option("--instance-type", o->deployment.instance_type, "Instance type")
      ->check(checked_by(cloud::fault_of_instance_type))
      ->capture_default_str();
  command->add_option("--instance-count", o->deployment.instance_count, "Machines")
      ->check(whole_number(1, 1000))
      ->capture_default_str();
  command
      ->add_option("--name", o->deployment.name,
                   "Name of endpoint, configuration and model; default: image name and time")
      ->check(checked_by(cloud::fault_of_name));
  command->add_flag("--no-wait", o->no_wait, "Do not wait until the endpoint is in service");
  add_cloud_options(*command, o->cloud);
  command->footer(
      "Makes a model, an endpoint configuration and an endpoint of one name, and waits until it is in "
      "service. If a step\n"
      "fails, the earlier ones are undone.\n"
      "Examples:\n  sentiment cloud deploy --job my-job\n"
      "  sentiment cloud deploy --model-data s3://B/my-job/output/model.tar.gz --image I --role R --name "
      "films");
  command->callback([o, job] {
    const auto& model = o->deployment.model;
    if (job->count() == 0 && (model.data.empty() || model.image.empty() || model.role.empty()))
      throw CLI::RequiredError("--job, or --model-data, --image and --role");
    run_interruptible([&] { deploy(*o); });
  });
}

void add_cloud_predict(CLI::App& cloud) {
  auto* command =
      cloud.add_subcommand("predict", "Send sentences from standard input, one per line, to an endpoint");
  const auto o = std::make_shared<CloudPredictOptions>();
  command->add_option("--endpoint", o->endpoint, "Name of the endpoint")
      ->required()
      ->check(checked_by(cloud::fault_of_name));
  command
      ->add_option("--format", o->format,
                   "text (prediction, score and sentence, separated by tabs), json or csv")
      ->check(CLI::IsMember({"text", "json", "csv"}))
      ->capture_default_str();
  command->add_flag_callback(
      "--json", [o] { o->format = "json"; }, "The same as --format json");
  command->add_option("--batch-size", o->batch_size, "Sentences per request")
      ->check(whole_number(1, 65536))
      ->capture_default_str();
  add_session_options(*command, o->session);
  command->footer("Example:\n  echo 'a warm and funny film' | sentiment cloud predict --endpoint films");
  command->callback([o] { run_interruptible([&] { predict(*o); }); });
}

void add_cloud_delete(CLI::App& cloud) {
  auto* command = cloud.add_subcommand("delete", "Delete an endpoint, its configuration and its model");
  const auto o = std::make_shared<DeleteOptions>();
  command->add_option("name", o->name, "Name of the endpoint")
      ->required()
      ->check(checked_by(cloud::fault_of_name));
  add_cloud_options(*command, o->cloud);
  command->footer("Training jobs and objects in S3 are kept.\nExample:\n  sentiment cloud delete films");
  command->callback([o] { run_interruptible([&] { erase(*o); }); });
}

}  // namespace sentiment
