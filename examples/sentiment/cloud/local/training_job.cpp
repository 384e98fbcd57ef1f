// SPDX-License-Identifier: MIT
#include "sentiment/cloud/local/training_job.hpp"

#include "sentiment/cloud/archive.hpp"
#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/cloud/scratch_folder.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/training/job/container.hpp"
#include "sentiment/cloud/local/container_process.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <nlohmann/json.hpp>

#include <signal.h>

#include <chrono>

namespace sentiment::local {

using namespace std::chrono_literals;
using lstmlib::Error;
using lstmlib::fail;
using lstmlib::message;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::json;

namespace {

constexpr auto time_to_stop = 120s;  // from SIGTERM to SIGKILL, as on the service
constexpr auto time_to_end = 5s;     // from the last output
constexpr const char* host = "algo-1";

/// Writes the container's files as the service does.
void write_container(const job::Container& container, const JobRequest& request, const Bucket& bucket) {
  Json channels = Json::object();
  for (const auto& [channel, uri] : request.channels) {
    bucket.download(uri, container.data(channel));
    channels[channel] = {{"TrainingInputMode", "File"},
                         {"S3DistributionType", "FullyReplicated"},
                         {"RecordWrapperType", "None"}};
  }
  write_text(container.hyperparameters(), Json(request.hyperparameters).dump(2));
  write_text(container.channels(), channels.dump(2));
  write_text(container.resources(),
             Json{{"current_host", host}, {"hosts", {host}}, {"network_interface_name", "lo"}}.dump(2));
  for (const fs::path& folder : {container.model(), container.output()}) make_folder(folder);
}

std::string reason_for_failure(const job::Container& container, int status) {
  std::error_code error;
  if (!fs::exists(container.failure(), error)) return message("the process ended with status ", status);
  return std::string(strip(decode_utf8(read_text(container.failure(), 1 << 20))));
}

}  // namespace

JobResults run_job(const JobRequest& request, const Bucket& bucket, const fs::path& instances,
                   const JobWatch& watch) {
  watch.status("Starting", "Preparing an instance");
  make_folder(instances);
  const cloud::ScratchFolder instance(fs::absolute(instances));
  const job::Container container{instance.path() / "ml"};
  watch.status("Downloading", "Copying the channels to the instance");
  write_container(container, request, bucket);
  cloud::stop_if_interrupted();

  watch.status("Training", "The container is running");
  process::Process process(container_program(
      {"train"}, {{"SAGEMAKER_BASE_DIR", container.root.string()}, {"TRAINING_JOB_NAME", request.name}}));
  int signal = 0;
  auto limit = Clock::time_point::max();
  while (process.wait(50ms, watch.line) && Clock::now() < limit) {
    if (signal != 0 || (signal = cloud::interrupt()) == 0) continue;
    watch.status("Stopping", "Sent it SIGTERM");
    process.send(SIGTERM);
    limit = Clock::now() + time_to_stop;
  }
  const int status = process.end(time_to_end);
  if (status != 0) {
    const std::string reason = reason_for_failure(container, status);
    watch.status(signal != 0 ? "Stopped" : "Failed", reason);
    if (signal != 0) throw cloud::Interrupted(signal);
    fail<Error>("training job ", request.name, " failed: ", reason);
  }

  watch.status("Uploading", "Archiving the results");
  const JobResults results{bucket.uri(request.name + "/output/model.tar.gz"),
                           bucket.uri(request.name + "/output/output.tar.gz")};
  make_folder(bucket.file(results.model).parent_path());
  cloud::pack_folder(container.model(), bucket.file(results.model));
  cloud::pack_folder(container.output(), bucket.file(results.output));
  watch.status(signal != 0 ? "Stopped" : "Completed",
               signal != 0 ? "The best model so far is kept" : "Training job completed");
  if (signal != 0) throw cloud::Interrupted(signal);
  return results;
}

}  // namespace sentiment::local
