// SPDX-License-Identifier: MIT
#include "sentiment/cloud/local/endpoint.hpp"

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/archive.hpp"
#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/cloud/local/container_process.hpp"
#include "sentiment/serving/client.hpp"

#include <signal.h>

#include <chrono>

namespace sentiment::local {

using namespace std::chrono_literals;
using lstmlib::Error;
using lstmlib::fail;

namespace {

constexpr auto endpoint_end = 30s;   // from SIGTERM to SIGKILL, as on the service
constexpr auto time_to_start = 60s;  // far more than a local model needs
constexpr int seconds_for_a_request = 60;

/// Creates the folder for instances and returns it.
const fs::path& made(const fs::path& instances) {
  make_folder(instances);
  return instances;
}

/// Extracts the address that the server prints: "sentiment: MODEL at http://127.0.0.1:PORT/ with ...".
std::string address_in(const std::string& line) {
  const auto at = line.find(" at http://");
  if (at == std::string::npos) return {};
  const auto begin = at + 4, end = line.find('/', begin + 7);
  return line.substr(begin, end - begin);
}

}  // namespace

Endpoint::Endpoint(std::string name, const std::string& model_uri, const Bucket& bucket,
                   const fs::path& instances)
    : name_(std::move(name)), instance_(fs::absolute(made(instances))) {
  cloud::unpack_archive(bucket.file(model_uri), instance_.path() / "model");
  process_ = std::make_unique<process::Process>(
      container_program({"serve", "--host", "127.0.0.1", "--port", "0", "--no-access-log"},
                        {{"SAGEMAKER_BASE_DIR", instance_.path().string()}}));
  std::string last;
  const auto limit = std::chrono::steady_clock::now() + time_to_start;
  const auto wait = [&] {
    cloud::stop_if_interrupted();
    if (std::chrono::steady_clock::now() > limit)
      fail<Error>("endpoint ", name_, ": not in service in time: ", last);
  };
  while (url_.empty()) {
    wait();
    const bool more = process_->wait(50ms, [&](const std::string& line) {
      last = line;
      if (url_.empty()) url_ = address_in(line);
    });
    if (!more) fail<Error>("endpoint ", name_, " does not start: ", last);
  }
  EndpointClient client(url_, name_, seconds_for_a_request);
  while (!client.healthy()) {
    wait();
    cloud::pause(20ms);
  }
}

int Endpoint::remove() {
  process_->send(SIGTERM);
  return process_->end(endpoint_end);
}

}  // namespace sentiment::local
