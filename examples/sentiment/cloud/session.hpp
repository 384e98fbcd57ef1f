// SPDX-License-Identifier: MIT
#pragma once
// Who asks, in which region, and where the services are: as the AWS command line and boto3 find it out.

#include "sentiment/cloud/request.hpp"
#include "sentiment/cloud/signature.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace sentiment::cloud {

/// A service: how it is called in signatures, in host names and in variables.
struct ServiceName {
  std::string signing, host, variable;
};
inline const ServiceName s3_service{"s3", "s3", "S3"};
inline const ServiceName sagemaker_service{"sagemaker", "api.sagemaker", "SAGEMAKER"};
inline const ServiceName runtime_service{"sagemaker", "runtime.sagemaker", "SAGEMAKER_RUNTIME"};
inline const ServiceName logs_service{"logs", "logs", "CLOUDWATCH_LOGS"};
inline const ServiceName sts_service{"sts", "sts", "STS"};

struct Retries {
  int attempts = 5;                            ///< in all, of what may pass: AWS_MAX_ATTEMPTS
  std::chrono::milliseconds first_pause{300};  ///< before the second one, half of it to all of it by chance
  std::chrono::milliseconds longest_pause{20000};  ///< each pause is twice the last, up to this
};

struct Session {
  Credentials credentials;
  std::string credentials_from;  ///< where they were found, for messages
  std::string region;
  std::map<std::string, std::string> endpoints{};  ///< by ServiceName::variable; "" is that of all services
  Retries retries{};
  std::function<void(const std::string&)> log{};  ///< takes one line about each request, where it is set

  /// Credentials: a profile that is named here; else AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
  /// AWS_SESSION_TOKEN; else the profile AWS_PROFILE, or "default", of AWS_SHARED_CREDENTIALS_FILE and
  /// AWS_CONFIG_FILE (~/.aws/credentials and ~/.aws/config). Region: the one given here, AWS_REGION,
  /// AWS_DEFAULT_REGION, the profile's. Endpoints: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the
  /// profile's services section and endpoint_url. Asks no server. Throws Error, which says what to set, where
  /// something is missing.
  static Session find(const std::string& profile = "", const std::string& region = "");

  /// Where a service answers; that of S3 may have the bucket in its name.
  Address address(const ServiceName& service, const std::string& bucket = "") const;
  /// Whether the address of a service was given and is not AWS's own.
  bool overridden(const ServiceName& service) const;
};

}  // namespace sentiment::cloud
