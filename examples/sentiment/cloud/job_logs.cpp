// SPDX-License-Identifier: MIT
#include "sentiment/cloud/job_logs.hpp"

#include "sentiment/cloud/json_answer.hpp"
#include "sentiment/cloud/sagemaker.hpp"

namespace sentiment::cloud {
namespace {

using Json = nlohmann::json;
constexpr const char* group = "/aws/sagemaker/TrainingJobs";
constexpr std::size_t longest_line = 16384;
constexpr std::size_t max_streams = 1000;

/// "algo-1-1700000000" means host algo-1, started at that time.
std::string host_of(const std::string& name) {
  const auto time = name.rfind('-');
  const bool has_time = time != std::string::npos && time > name.find('-');
  return one_line(has_time ? name.substr(0, time) : name, 64);
}

}  // namespace

void JobLogs::find_streams() {
  std::string next;
  do {
    Json request = {{"logGroupName", group},
                    {"logStreamNamePrefix", job_ + "/"},
                    {"orderBy", "LogStreamName"},
                    {"limit", 50}};
    if (!next.empty()) request["nextToken"] = next;
    const Json json = parse_object(service_.call_json("Logs_20140328.DescribeLogStreams", request.dump()),
                                   "DescribeLogStreams");
    for (const Json& stream : value_at(json, {"logStreams"}))
      if (std::string name = text_at(stream, {"logStreamName"}); name.starts_with(job_ + "/"))
        tokens_.try_emplace(name);
    const std::string after = text_at(json, {"nextToken"});
    next = after == next ? "" : after;
  } while (!next.empty() && tokens_.size() < max_streams);
}

void JobLogs::read(const std::function<void(std::string_view, std::string_view)>& take) {
  try {
    find_streams();
    for (auto& [stream, token] : tokens_) {
      const std::string host = host_of(stream.substr(job_.size() + 1));
      while (true) {
        Json request = {{"logGroupName", group}, {"logStreamName", stream}, {"startFromHead", true}};
        if (!token.empty()) request["nextToken"] = token;
        const Json json =
            parse_object(service_.call_json("Logs_20140328.GetLogEvents", request.dump()), "GetLogEvents");
        for (const Json& event : value_at(json, {"events"}))
          take(host, one_line(text_at(event, {"message"}), longest_line));
        // At the end the service returns the same token again.
        const std::string next = text_at(json, {"nextForwardToken"});
        if (next.empty() || next == token) break;
        token = next;
      }
    }
  } catch (const ServiceError& error) {
    if (!is_missing(error)) throw;  // the group or the stream is created with the first line
  }
}

}  // namespace sentiment::cloud
