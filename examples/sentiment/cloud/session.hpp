// SPDX-License-Identifier: MIT
#pragma once
// The session: credentials, region and endpoints, found as by the AWS command line and boto3.

#include "sentiment/cloud/credentials.hpp"
#include "sentiment/cloud/request.hpp"
#include "sentiment/support/certificates.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace sentiment::cloud {

/// The names of a service in signatures, host names and environment variables.
struct ServiceName {
  std::string signing, host, variable;
};
inline const ServiceName s3_service{"s3", "s3", "S3"};
inline const ServiceName sagemaker_service{"sagemaker", "api.sagemaker", "SAGEMAKER"};
inline const ServiceName runtime_service{"sagemaker", "runtime.sagemaker", "SAGEMAKER_RUNTIME"};
inline const ServiceName logs_service{"logs", "logs", "CLOUDWATCH_LOGS"};
inline const ServiceName sts_service{"sts", "sts", "STS"};

struct Retries {
  int attempts = 5;  ///< in total, for temporary errors: AWS_MAX_ATTEMPTS
  /// Before the second attempt; a random part of it, at least half.
  std::chrono::milliseconds first_pause{300};
  std::chrono::milliseconds longest_pause{20000};  ///< pauses double up to this limit
};

struct Session {
  Credentials credentials;
  std::string credentials_from;  ///< where they were found, for messages
  std::string region;
  std::map<std::string, std::string> endpoints{};  ///< by ServiceName::variable; "" applies to all services
  Retries retries{};
  std::function<void(const std::string&)> log{};  ///< if set, called with one line per request
  http::Certificates certificates{};              ///< if set, trusted instead of the system's

  /// Credentials: see find_credentials, with the given profile, that of AWS_DEFAULT_PROFILE or AWS_PROFILE,
  /// or "default". Region: the given one, AWS_REGION, AWS_DEFAULT_REGION, or the profile's. Endpoints:
  /// AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services section and endpoint_url.
  /// Certificates: AWS_CA_BUNDLE, the profile's ca_bundle, http::Certificates::of_environment. Contacts no
  /// server. Throws Error that says what to set if something is missing.
  static Session find(const std::string& profile = "", const std::string& region = "");

  /// Uses these credentials; temporary ones are fetched at the first request.
  void take(CredentialSource source);
  /// The credentials to sign with now. Temporary ones are fetched on first use and some minutes before they
  /// expire; copies of a session share them. Not thread-safe. Throws what `fetch` throws.
  const Credentials& current() const;

  /// Address of a service. That of S3 may contain the bucket in the host name.
  Address address(const ServiceName& service, const std::string& bucket = "") const;
  /// Whether the address of a service was set by the user.
  bool overridden(const ServiceName& service) const;

 private:
  struct Given {
    std::function<Credentials(const Session&)> fetch;
    Credentials keys{};
    bool any = false;
  };
  std::shared_ptr<Given> given_{};  ///< empty: sign with `credentials`
};

}  // namespace sentiment::cloud
