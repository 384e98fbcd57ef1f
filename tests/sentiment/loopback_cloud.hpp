// SPDX-License-Identifier: MIT
#pragma once
// A cloud for tests, on a port of this machine: a little of S3, SageMaker, its runtime, its logs and STS. It
// checks every signature, remembers what was asked, and does as it is told: statuses that change, refusals,
// faults.

#include "sentiment/signature_check.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sentiment::test {

/// An answer with a body of some kind.
inline std::string reply(const std::string& status, const std::string& body, const std::string& fields = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + fields + "\r\n" + body;
}
/// A refusal, in JSON or in XML.
inline std::string json_error(const std::string& code, const std::string& text,
                              const std::string& status = "400 Bad Request") {
  return reply(status,
               nlohmann::json{{"__type", "com.amazonaws.sagemaker#" + code}, {"message", text}}.dump());
}
inline std::string xml_error(const std::string& code, const std::string& text, const std::string& status) {
  return reply(status, "<?xml version=\"1.0\"?>\n<Error><Code>" + code + "</Code><Message>" + text +
                           "</Message></Error>");
}

class LoopbackCloud {
 public:
  using Json = nlohmann::json;
  struct Call {
    std::string operation;  ///< "CreateModel", "GetCallerIdentity", "InvokeEndpoint"; of S3 "PUT"
    std::string target;     ///< the path with its query
    std::string body;
  };
  /// Answers in place of the cloud, or does not; runs in the server's thread.
  using Fault = std::function<std::optional<std::string>(const Call&)>;

  LoopbackCloud() : server_([this](const HttpRequest& request) { return answer(request); }) {}

  Keys keys;
  Fault fault;
  std::map<std::string, std::string> objects;  ///< by "/bucket/key"
  std::set<std::string> buckets{"films"};
  std::map<std::string, Json> jobs, models, configs, endpoints;  ///< the requests that made them
  /// What DescribeTrainingJob shows, one after the other; the last stays. Status, secondary status, message.
  std::deque<std::vector<std::string>> job_states{{"Completed", "Completed", "Training job completed"}};
  std::string failure_reason, endpoint_end = "InService";
  int endpoint_looks = 1;              ///< DescribeEndpoint says Creating so often
  std::vector<std::string> log_lines;  ///< of host algo-1
  std::function<void(const std::string& job, const std::string& folder)>
      on_job;  ///< folder: "/bucket/.../output"

  std::string url() const {
    std::string address = server_.address();
    address.pop_back();
    return address;
  }
  std::vector<Call> calls() const {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::size_t count(const std::string& operation) const {
    std::size_t count = 0;
    for (const Call& call : calls()) count += call.operation == operation;
    return count;
  }
  /// What was wrong with signatures.
  std::vector<std::string> signature_faults() const {
    const std::lock_guard lock(mutex_);
    return signature_faults_;
  }
  /// The environment of a program that is to meet this cloud, and nothing else.
  std::map<std::string, std::string> environment(const std::string& home) const {
    return {{"HOME", home},
            {"AWS_ACCESS_KEY_ID", keys.access},
            {"AWS_SECRET_ACCESS_KEY", keys.secret},
            {"AWS_SESSION_TOKEN", keys.token},
            {"AWS_REGION", "eu-west-3"},
            {"AWS_ENDPOINT_URL", url()},
            {"AWS_ENDPOINT_URL_S3", url()},
            {"AWS_PROFILE", ""},
            {"AWS_CONFIG_FILE", home + "/none"},
            {"AWS_SHARED_CREDENTIALS_FILE", home + "/none"},
            {"SENTIMENT_RETRY_PAUSE_MS", "2"}};
  }

 private:
  std::string answer(const HttpRequest& request) {
    const std::string service = signed_service(request);
    Call call{request.method(), request.path, request.body};
    if (const std::string target = request.field("x-amz-target"); !target.empty())
      call.operation = target.substr(target.rfind('.') + 1);
    else if (service == "sts") call.operation = "GetCallerIdentity";
    else if (service == "sagemaker") call.operation = "InvokeEndpoint";
    const std::string wrong = signature_fault(request, keys, service);
    {
      const std::lock_guard lock(mutex_);
      calls_.push_back(call);
      if (!wrong.empty()) signature_faults_.push_back(call.operation + ": " + wrong);
    }
    if (!wrong.empty()) {
      // As the services do, which repeat what they were sent, tokens too.
      const std::string sent =
          "The request signature we calculated does not match. The Canonical String should have been '" +
          request.head + "'";
      return service == "s3" || service == "sts"
                 ? xml_error("SignatureDoesNotMatch", "<![CDATA[" + sent + "]]>", "403 Forbidden")
                 : json_error("InvalidSignatureException", sent);
    }
    if (fault)
      if (const auto instead = fault(call)) return *instead;
    if (service == "s3") return of_s3(call);
    if (call.operation == "GetCallerIdentity")
      return reply(
          "200 OK",
          "<GetCallerIdentityResponse "
          "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
          "<Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>U</UserId><Account>123456789012</Account>"
          "</GetCallerIdentityResult></GetCallerIdentityResponse>");
    const Json body = Json::parse(request.body);
    if (call.operation == "InvokeEndpoint") {
      Json rows = Json::array();
      for (const auto& sentence : body) rows.push_back({sentence, 1, 0.75});
      return reply("200 OK", rows.dump());
    }
    return service == "logs" ? of_logs(call, body) : of_sagemaker(call.operation, body);
  }

  std::string of_s3(const Call& call) {
    const auto mark = call.target.find('?');
    const std::string path = call.target.substr(0, mark),
                      query = mark == std::string::npos ? "" : call.target.substr(mark + 1);
    const std::string tag = "ETag: \"" + sha256_hex(call.body).substr(0, 32) + "\"\r\n";
    if (path.find('/', 1) == std::string::npos) {  // a bucket
      if (call.operation == "HEAD" && !buckets.contains(path.substr(1))) return reply("404 Not Found", "");
      buckets.insert(path.substr(1));
      return reply("200 OK", "");
    }
    if (call.operation == "POST" && query == "uploads=") {
      uploads_[path];
      return reply(
          "200 OK",
          "<InitiateMultipartUploadResult><UploadId>up/load+1</UploadId></InitiateMultipartUploadResult>");
    }
    if (call.operation == "PUT" && query.rfind("partNumber=", 0) == 0) {
      uploads_[path][std::stoi(query.substr(11))] = call.body;
      return reply("200 OK", "", tag);
    }
    if (call.operation == "DELETE" && query == "uploadId=up%2Fload%2B1") {
      uploads_.erase(path);
      return reply("204 No Content", "");
    }
    if (call.operation == "POST") {
      objects[path].clear();
      for (const auto& [number, bytes] : uploads_[path]) objects[path] += bytes;
      uploads_.erase(path);
      return reply("200 OK", "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>");
    }
    if (call.operation == "PUT") {
      objects[path] = call.body;
      return reply("200 OK", "", tag);
    }
    const auto at = objects.find(path);
    if (at == objects.end())
      return xml_error("NoSuchKey", "The specified key does not exist.", "404 Not Found");
    return reply("200 OK", at->second);
  }

  std::string of_logs(const Call& call, const Json& body) {
    if (log_lines.empty())
      return json_error("ResourceNotFoundException", "The specified log group does not exist.");
    if (call.operation == "DescribeLogStreams")
      return reply("200 OK",
                   Json{{"logStreams",
                         {{{"logStreamName", body["logStreamNamePrefix"].get<std::string>() + "algo-1-17"}}}}}
                       .dump());
    const std::size_t begin =
        body.contains("nextToken") ? std::stoul(body["nextToken"].get<std::string>()) : 0;
    const std::size_t end = (std::min)(begin + 2, log_lines.size());  // small pages
    Json events = Json::array();
    for (std::size_t i = begin; i < end; ++i) events.push_back({{"timestamp", i}, {"message", log_lines[i]}});
    return reply("200 OK", Json{{"events", events}, {"nextForwardToken", std::to_string(end)}}.dump());
  }

  std::string of_sagemaker(const std::string& operation, const Json& body) {
    const auto make = [&](std::map<std::string, Json>& things, const char* name, const char* what) {
      if (things.contains(body[name]))
        return json_error("ValidationException",
                          std::string("Cannot create already existing ") + what + " \"arn\".");
      things[body[name]] = body;
      return reply("200 OK", "{}");
    };
    const auto erase = [&](std::map<std::string, Json>& things, const char* name) {
      if (things.erase(body[name]) == 0)
        return json_error("ValidationException", "Could not find \"" + body[name].get<std::string>() + "\".");
      return reply("200 OK", "");
    };
    if (operation == "CreateTrainingJob") {
      const std::string role = body["RoleArn"], name = body["TrainingJobName"];
      if (role.ends_with("Nobody"))
        return json_error("ValidationException",
                          "Could not assume role " + role + ". Please ensure that the role exists");
      if (jobs.contains(name))
        return json_error("ResourceInUse",
                          "Training job names must be unique within an AWS account and region");
      jobs[name] = body;
      const std::string top = body["OutputDataConfig"]["S3OutputPath"];
      if (on_job) on_job(name, top.substr(4) + (top.ends_with('/') ? "" : "/") + name + "/output");
      return reply("200 OK", "{\"TrainingJobArn\": \"arn\"}");
    }
    if (operation == "DescribeTrainingJob") {
      const auto job = jobs.find(body["TrainingJobName"]);
      if (job == jobs.end()) return json_error("ValidationException", "Requested resource not found.");
      const auto state = job_states.front();
      if (job_states.size() > 1) job_states.pop_front();
      if (transitions_.empty() || transitions_.back()["Status"] != state[1] ||
          transitions_.back()["StatusMessage"] != state[2])
        transitions_.push_back({{"Status", state[1]}, {"StatusMessage", state[2]}, {"StartTime", 1.7e9}});
      Json shown = job->second;
      const std::string top = shown["OutputDataConfig"]["S3OutputPath"];
      shown.update({{"TrainingJobStatus", state[0]},
                    {"SecondaryStatus", state[1]},
                    {"SecondaryStatusTransitions", transitions_}});
      if (state[0] == "Completed")
        shown.update({{"ModelArtifacts",
                       {{"S3ModelArtifacts",
                         top + (top.ends_with('/') ? "" : "/") + job->first + "/output/model.tar.gz"}}},
                      {"TrainingTimeInSeconds", 61},
                      {"BillableTimeInSeconds", 20}});
      if (state[0] == "Failed") shown["FailureReason"] = failure_reason;
      return reply("200 OK", shown.dump());
    }
    if (operation == "StopTrainingJob") {
      if (!jobs.contains(body["TrainingJobName"]))
        return json_error("ValidationException", "Requested resource not found.");
      job_states = {{"Stopped", "Stopped", "Training job stopped"}};
      return reply("200 OK", "");
    }
    if (operation == "CreateModel") return make(models, "ModelName", "model");
    if (operation == "CreateEndpointConfig")
      return make(configs, "EndpointConfigName", "endpoint configuration");
    if (operation == "CreateEndpoint") return make(endpoints, "EndpointName", "endpoint");
    if (operation == "DeleteModel") return erase(models, "ModelName");
    if (operation == "DeleteEndpointConfig") return erase(configs, "EndpointConfigName");
    if (operation == "DescribeEndpointConfig") {
      const auto at = configs.find(body["EndpointConfigName"]);
      return at == configs.end()
                 ? json_error("ValidationException", "Could not find endpoint configuration \"arn\".")
                 : reply("200 OK", at->second.dump());
    }
    if (operation == "DeleteEndpoint" && endpoints.contains(body["EndpointName"]) && endpoint_looks-- > 0)
      return json_error("ValidationException", "Cannot update in-progress endpoint \"arn\".");
    if (operation == "DeleteEndpoint") return erase(endpoints, "EndpointName");
    if (operation == "DescribeEndpoint") {
      const auto at = endpoints.find(body["EndpointName"]);
      if (at == endpoints.end()) return json_error("ValidationException", "Could not find endpoint \"arn\".");
      Json shown = at->second;
      shown["EndpointStatus"] = endpoint_looks-- > 0 ? "Creating" : endpoint_end;
      if (shown["EndpointStatus"] == "Failed") shown["FailureReason"] = failure_reason;
      return reply("200 OK", shown.dump());
    }
    return json_error("UnknownOperationException", operation);
  }

  std::map<std::string, std::map<int, std::string>> uploads_;
  Json transitions_ = Json::array();
  mutable std::mutex mutex_;
  std::vector<Call> calls_;
  std::vector<std::string> signature_faults_;
  HttpServer server_;  // the last: its thread uses the others
};

}  // namespace sentiment::test
