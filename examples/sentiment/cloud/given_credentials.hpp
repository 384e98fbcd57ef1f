// SPDX-License-Identifier: MIT
#pragma once
// Credentials that a server gives for a time: STS for a role, a container's own service.

#include "sentiment/cloud/credentials.hpp"
#include "sentiment/cloud/request.hpp"

#include <optional>
#include <string>

namespace sentiment::cloud {

struct AssumedRole {
  std::string arn;
  std::string session_name{};  ///< as the account's logs have it; empty: one with the time in it
  std::string external_id{};   ///< empty: none
  int seconds = 0;             ///< 0: what STS gives
};

/// All of these ask a server, in the session's region and with its endpoints, retries and certificates, but not
/// with its credentials. They throw as Service::send, and Error for an answer that has no credentials.
Credentials assume_role(const Session& session, const AssumedRole& role, const CredentialSource& source);
/// The token is read from the file each time, as it is replaced there.
Credentials assume_role_with_web_identity(const Session& session, const AssumedRole& role,
                                          const std::string& token_file);
Credentials credentials_of_container(const Session& session, const Request& request);

/// The question to a container's service: a path at 169.254.170.2, or a whole address. As botocore, takes http
/// only to this machine and to the addresses that containers have for it. Throws Error for others.
Request container_request(const std::optional<std::string>& relative, const std::optional<std::string>& full);

}  // namespace sentiment::cloud
