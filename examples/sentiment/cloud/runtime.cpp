// SPDX-License-Identifier: MIT
#include "sentiment/cloud/runtime.hpp"

#include "sentiment/serving/invocation.hpp"

namespace sentiment::cloud {

std::string DeployedEndpoint::invoke(std::span<const std::string> sentences, const std::string& format) {
  Request request{.method = "POST", .address = service_.session().address(runtime_service)};
  request.path = "/endpoints/" + name_ + "/invocations";
  request.headers = {{"content-type", "application/json"}, {"accept", "application/json"}};
  request.body = invocation_body(sentences);
  constexpr std::size_t max_bytes = std::size_t{64} << 20;  // several times the service's limit
  const Answer answer =
      service_.send("endpoint " + name_, request, {.max_bytes = max_bytes, .stalled_seconds = 90});
  return prediction_lines(answer.body, sentences.size(), format, "endpoint " + name_);
}

}  // namespace sentiment::cloud
