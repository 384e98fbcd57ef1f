// SPDX-License-Identifier: MIT
#include "sentiment/cloud/sagemaker.hpp"

#include "sentiment/cloud/json_answer.hpp"
#include "sentiment/cloud/xml_answer.hpp"

#include <algorithm>
#include <string_view>

namespace sentiment::cloud {
namespace {

using Json = nlohmann::json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

bool is_missing(const ServiceError& error) {
  const std::string_view text = error.what();
  return error.status == 404 || error.code == "ResourceNotFound" ||
         error.code == "ResourceNotFoundException" ||
         (error.code == "ValidationException" &&
          (text.find("ould not find") != text.npos || text.find("not found") != text.npos));
}

std::string SageMaker::call(const char* operation, const std::string& body) {
  return service_.call_json(std::string("SageMaker.") + operation, body);
}
std::string SageMaker::call(const char* operation, const char* field, const std::string& value) {
  return call(operation, dump({{field, value}}));
}

void SageMaker::create_training_job(const TrainingJob& job) {
  call("CreateTrainingJob", training_job_request(job));
}
JobState SageMaker::describe_training_job(const std::string& name) {
  return JobState::parse(call("DescribeTrainingJob", "TrainingJobName", name));
}
void SageMaker::stop_training_job(const std::string& name) {
  call("StopTrainingJob", "TrainingJobName", name);
}

void SageMaker::create_model(const Model& model) {
  call("CreateModel", dump({{"ModelName", model.name},
                            {"ExecutionRoleArn", model.role},
                            {"PrimaryContainer",
                             {{"Image", model.image},
                              {"Environment", Json(model.environment)},
                              {"ModelDataUrl", model.data}}}}));
}

void SageMaker::create_endpoint_config(const std::string& name, const std::string& model,
                                       const std::string& instance_type, int instance_count) {
  const Json variant = {{"VariantName", "AllTraffic"},
                        {"ModelName", model},
                        {"InitialVariantWeight", 1},
                        {"InitialInstanceCount", instance_count},
                        {"InstanceType", instance_type}};
  call("CreateEndpointConfig",
       dump({{"EndpointConfigName", name}, {"ProductionVariants", Json::array({variant})}}));
}

void SageMaker::create_endpoint(const std::string& name, const std::string& config) {
  call("CreateEndpoint",
       dump({{"EndpointName", name}, {"EndpointConfigName", config}, {"Tags", Json::array()}}));
}

EndpointState SageMaker::describe_endpoint(const std::string& name) {
  const Json json = parse_object(call("DescribeEndpoint", "EndpointName", name), "DescribeEndpoint");
  EndpointState state{text_at(json, {"EndpointName"}), text_at(json, {"EndpointArn"}),
                      text_at(json, {"EndpointConfigName"}), text_at(json, {"EndpointStatus"}),
                      text_at(json, {"FailureReason"})};
  if (state.status.empty())
    lstmlib::fail<lstmlib::Error>("DescribeEndpoint: the response has no EndpointStatus");
  return state;
}

std::vector<std::string> SageMaker::models_of(const std::string& config) {
  const Json json =
      parse_object(call("DescribeEndpointConfig", "EndpointConfigName", config), "DescribeEndpointConfig");
  std::vector<std::string> models;
  for (const Json& variant : value_at(json, {"ProductionVariants"}))
    if (const std::string name = text_at(variant, {"ModelName"}); !name.empty()) models.push_back(name);
  return models;
}

void SageMaker::delete_endpoint(const std::string& name) { call("DeleteEndpoint", "EndpointName", name); }
void SageMaker::delete_endpoint_config(const std::string& name) {
  call("DeleteEndpointConfig", "EndpointConfigName", name);
}
void SageMaker::delete_model(const std::string& name) { call("DeleteModel", "ModelName", name); }

Identity Identity::find(const Session& session) {
  Service service(session, sts_service);
  Request request{.method = "POST",
                  .address = session.address(sts_service),
                  .headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}},
                  .body = "Action=GetCallerIdentity&Version=2011-06-15"};
  const auto xml = parse_xml(service.send("GetCallerIdentity", request).body);
  Identity identity{xml ? xml->text("Account") : "", "aws"};
  // It becomes part of names.
  const auto& account = identity.account;
  if (account.empty() || account.size() > 20 ||
      !std::all_of(account.begin(), account.end(), [](char c) { return c >= '0' && c <= '9'; }))
    lstmlib::fail<lstmlib::Error>("GetCallerIdentity: the response has no number of an account");
  const std::string arn = xml->text("Arn");  // arn:aws-cn:iam::...
  if (arn.starts_with("arn:aws-")) identity.partition = arn.substr(4, arn.find(':', 4) - 4);
  return identity;
}

std::string Identity::role_arn(const std::string& role) const {
  return role.starts_with("arn:") ? role : "arn:" + partition + ":iam::" + account + ":role/" + role;
}

}  // namespace sentiment::cloud
