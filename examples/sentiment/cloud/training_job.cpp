// SPDX-License-Identifier: MIT
#include "sentiment/cloud/training_job.hpp"

#include "sentiment/cloud/json_answer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

namespace sentiment::cloud {
namespace {

using Json = nlohmann::json;

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

std::string training_job_request(const TrainingJob& job) {
  Json channels = Json::array();
  for (const Channel& channel : job.channels)
    channels.push_back({{"ChannelName", channel.name},
                        {"DataSource",
                         {{"S3DataSource",
                           {{"S3DataType", "S3Prefix"},
                            {"S3Uri", channel.uri.text()},
                            {"S3DataDistributionType", "FullyReplicated"}}}}}});
  Json stopping = {{"MaxRuntimeInSeconds", job.max_seconds}};
  if (job.spot)
    stopping["MaxWaitTimeInSeconds"] = job.max_wait_seconds > 0 ? job.max_wait_seconds : job.max_seconds;
  Json request = {
      {"TrainingJobName", job.name},
      {"AlgorithmSpecification", {{"TrainingImage", job.image}, {"TrainingInputMode", "File"}}},
      {"RoleArn", job.role},
      {"OutputDataConfig", {{"S3OutputPath", job.output}}},
      {"ResourceConfig",
       {{"InstanceType", job.instance_type},
        {"InstanceCount", job.instance_count},
        {"VolumeSizeInGB", job.volume_gigabytes}}},
      {"StoppingCondition", stopping},
      // The SDK's defaults; they have no effect for an image without a debugger.
      {"DebugHookConfig", {{"S3OutputPath", job.output}, {"CollectionConfigurations", Json::array()}}},
      {"ProfilerConfig", {{"S3OutputPath", job.output}, {"DisableProfiler", false}}}};
  if (!channels.empty()) request["InputDataConfig"] = channels;
  if (!job.hyperparameters.empty()) request["HyperParameters"] = job.hyperparameters;
  if (!job.environment.empty()) request["Environment"] = job.environment;
  if (job.spot) request["EnableManagedSpotTraining"] = true;
  if (!job.checkpoints.empty()) request["CheckpointConfig"] = {{"S3Uri", job.checkpoints}};
  // Invalid UTF-8 from the command line must not throw here.
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

JobState JobState::parse(std::string_view answer) {
  const Json json = parse_object(answer, "DescribeTrainingJob");
  JobState state;
  state.name = text_at(json, {"TrainingJobName"});
  state.arn = text_at(json, {"TrainingJobArn"});
  state.status = text_at(json, {"TrainingJobStatus"});
  state.secondary = text_at(json, {"SecondaryStatus"});
  state.failure = text_at(json, {"FailureReason"});
  state.image = text_at(json, {"AlgorithmSpecification", "TrainingImage"});
  state.role = text_at(json, {"RoleArn"});
  state.model = text_at(json, {"ModelArtifacts", "S3ModelArtifacts"});
  state.training_seconds = number_at(json, {"TrainingTimeInSeconds"});
  state.billable_seconds = number_at(json, {"BillableTimeInSeconds"});
  std::string top = text_at(json, {"OutputDataConfig", "S3OutputPath"});
  while (top.ends_with('/')) top.pop_back();
  if (!top.empty()) state.output = top + "/" + state.name + "/output/output.tar.gz";
  for (const Json& transition : value_at(json, {"SecondaryStatusTransitions"}))
    state.transitions.push_back({text_at(transition, {"Status"}), text_at(transition, {"StatusMessage"})});
  if (state.status.empty())
    lstmlib::fail<lstmlib::Error>("DescribeTrainingJob: the response has no TrainingJobStatus");
  return state;
}

std::string unique_name(std::string_view base) {
  const auto now = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count() % 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 40> time{};
  const std::size_t length = std::strftime(time.data(), time.size(), "-%Y-%m-%d-%H-%M-%S-", &utc);
  std::snprintf(time.data() + length, time.size() - length, "%03d", static_cast<int>(milliseconds));
  const std::string stamp = time.data();
  std::string name(base.substr(0, 63 - stamp.size()));
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !is_letter_or_digit(c); }, '-');
  name.erase(0, (std::min)(name.find_first_not_of('-'), name.size()));
  while (name.ends_with('-')) name.pop_back();
  return (name.empty() ? "sentiment" : name) + stamp;
}

std::string base_of_image(std::string_view image) {
  image = image.substr(image.rfind('/') + 1);  // npos + 1 is 0
  return std::string(image.substr(0, image.find_first_of(":@")));
}

}  // namespace sentiment::cloud
