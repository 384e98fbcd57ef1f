// SPDX-License-Identifier: MIT
// When a service is asked again, and after what time.
#include "sentiment/cloud/runtime.hpp"
#include "sentiment/cloud/s3.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/loopback_cloud.hpp"
#include "support.hpp"

#include <chrono>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::cloud;
using namespace sentiment::test;
using namespace std::chrono_literals;

namespace {

Session service_session(const LoopbackCloud& cloud) {
  Session session;
  session.credentials = {cloud.keys.access, cloud.keys.secret};
  session.region = "eu-west-3";
  session.endpoints[""] = cloud.url();
  session.retries.first_pause = 1ms;
  return session;
}

/// How long a request takes that is refused each time, by a server that is too busy.
std::chrono::duration<double> time_of_refusals(Retries retries) {
  LoopbackCloud cloud;
  cloud.fault = [](const LoopbackCloud::Call&) { return xml_error("SlowDown", "no", "503 Slow Down"); };
  Session session = service_session(cloud);
  session.retries = retries;
  const auto start = std::chrono::steady_clock::now();
  CHECK(says(error_of([&] { S3(session).ensure_bucket("films"); }), "status 503"));
  CHECK(cloud.calls().size() == static_cast<std::size_t>(retries.attempts));
  return std::chrono::steady_clock::now() - start;
}

}  // namespace

TEST_CASE("service: too many requests are made again, a moment later") {
  LoopbackCloud cloud;
  const Session session = service_session(cloud);
  int count = 0;
  cloud.fault = [&](const LoopbackCloud::Call&) -> std::optional<std::string> {
    if (++count == 1) return reply("429 Too Many Requests", "");  // no name of an error tells it
    return std::nullopt;
  };
  CHECK(error_of([&] { S3(session).ensure_bucket("films"); }) == "");
  CHECK(count == 2);
}

TEST_CASE("service: a model's own error is computed once, whatever its status") {
  LoopbackCloud cloud;
  const Session session = service_session(cloud);
  for (const char* status :
       {"500 Internal Server Error", "424 Failed Dependency", "503 Service Unavailable"}) {
    CAPTURE(status);
    const std::size_t before = cloud.calls().size();
    cloud.fault = [&](const LoopbackCloud::Call&) {
      return reply(status, R"({"Message": "out of memory"})", "x-amzn-ErrorType: ModelError:http://x\r\n");
    };
    const std::vector<std::string> sentences{"a film"};
    CHECK(says(error_of([&] { DeployedEndpoint(session, "e").invoke(sentences, "text"); }),
               "ModelError: out of memory"));
    CHECK(cloud.calls().size() == before + 1);
  }
}

TEST_CASE("service: pauses between attempts grow, and end at the longest") {
  // At least 2 + 4 + ... + 512 ms; pauses of one length would be 36 ms at most.
  CHECK(time_of_refusals({.attempts = 10, .first_pause = 4ms, .longest_pause = 10s}) >= 1022ms);
  // At most 10 + 20 + 9 times 40 ms, and the requests; without an end they would be 10 s at least.
  CHECK(time_of_refusals({.attempts = 12, .first_pause = 10ms, .longest_pause = 40ms}) < 5s);
}
