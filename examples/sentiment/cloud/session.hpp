// SPDX-License-Identifier: MIT
#pragma once
// Who asks, in which region, and where the services are: as the AWS command line and boto3 find it out.

#include "sentiment/cloud/credentials.hpp"
#include "sentiment/cloud/request.hpp"
#include "sentiment/support/certificates.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
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
  http::Certificates certificates{};              ///< to trust in place of the system's, where it is set

  /// Credentials: as find_credentials, with the profile that is given here, that of AWS_DEFAULT_PROFILE or
  /// AWS_PROFILE, or "default". Region: the one given here, AWS_REGION, AWS_DEFAULT_REGION,
  /// the profile's. Endpoints: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, the profile's services
  /// section and endpoint_url. Certificates: AWS_CA_BUNDLE, the profile's ca_bundle,
  /// http::Certificates::of_environment. Asks no server. Throws Error, which says what to set, where something
  /// is missing.
  static Session find(const std::string& profile = "", const std::string& region = "");

  /// Takes credentials, or the way to them, which is gone at the first request.
  void take(CredentialSource source);
  /// The credentials to sign with now. Those that a server gives are asked for at first and some minutes before
  /// they end; copies of a session share them. Not for several threads. Throws what `fetch` throws.
  const Credentials& current() const;

  /// Where a service answers; that of S3 may have the bucket in its name.
  Address address(const ServiceName& service, const std::string& bucket = "") const;
  /// Whether the address of a service was given and is not AWS's own.
  bool overridden(const ServiceName& service) const;

 private:
  struct Given {
    std::function<Credentials(const Session&)> fetch;
    Credentials keys{};
    bool any = false;
  };
  std::shared_ptr<Given> given_{};  ///< empty: `credentials` are those to sign with
};

}  // namespace sentiment::cloud
