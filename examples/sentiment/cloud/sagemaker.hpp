// SPDX-License-Identifier: MIT
#pragma once
// Calls of the control plane: jobs, models, endpoints, and the caller's identity.

#include "sentiment/cloud/training_job.hpp"

#include <map>
#include <string>
#include <vector>

namespace sentiment::cloud {

/// Whether a service reported that the resource does not exist.
bool is_missing(const ServiceError& error);

struct EndpointState {
  std::string name, arn, config, status, failure;
  bool ended() const { return status == "InService" || status == "Failed" || status == "OutOfService"; }
};

struct Model {
  std::string name, image, role;
  std::string data;  ///< address of model.tar.gz
  std::map<std::string, std::string> environment{};
};

/// All calls throw like Service::send; messages of ServiceError begin with the operation's name.
class SageMaker {
 public:
  /// `session` must outlive it.
  explicit SageMaker(const Session& session) : service_(session, sagemaker_service) {}

  void create_training_job(const TrainingJob& job);
  JobState describe_training_job(const std::string& name);
  void stop_training_job(const std::string& name);

  void create_model(const Model& model);
  /// One variant, AllTraffic, with one model.
  void create_endpoint_config(const std::string& name, const std::string& model,
                              const std::string& instance_type, int instance_count);
  void create_endpoint(const std::string& name, const std::string& config);
  EndpointState describe_endpoint(const std::string& name);
  /// The names of the models of a configuration.
  std::vector<std::string> models_of(const std::string& config);
  void delete_endpoint(const std::string& name);
  void delete_endpoint_config(const std::string& name);
  void delete_model(const std::string& name);

 private:
  std::string call(const char* operation, const std::string& body);
  /// A call whose request is a single name.
  std::string call(const char* operation, const char* field, const std::string& value);

  Service service_;
};

/// The account of a session's credentials, from STS.
struct Identity {
  std::string account;    ///< twelve digits
  std::string partition;  ///< "aws", "aws-cn"

  /// Throws like Service::send, and Error for an invalid response.
  static Identity find(const Session& session);
  /// The default bucket of the Python SDK.
  std::string default_bucket(const std::string& region) const {
    return "sagemaker-" + region + "-" + account;
  }
  /// The ARN of a role. `role` may already be an ARN.
  std::string role_arn(const std::string& role) const;
};

}  // namespace sentiment::cloud
