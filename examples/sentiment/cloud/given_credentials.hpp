// SPDX-License-Identifier: MIT
#pragma once
// Temporary credentials from a server: STS for a role, or the credential service of a container.

#include "sentiment/cloud/credentials.hpp"
#include "sentiment/cloud/request.hpp"

#include <optional>
#include <string>

namespace sentiment::cloud {

struct AssumedRole {
  std::string arn;
  std::string session_name{};  ///< name in the account's logs; empty: one with the time
  std::string external_id{};   ///< empty: none
  int seconds = 0;             ///< 0: the default of STS
};

/// These functions contact a server in the session's region, with its endpoints, retries and certificates,
/// but not with its credentials. They throw like Service::send, and Error for a response without credentials.
Credentials assume_role(const Session& session, const AssumedRole& role, const CredentialSource& source);
/// Reads the token from the file each time, because it is replaced there.
Credentials assume_role_with_web_identity(const Session& session, const AssumedRole& role,
                                          const std::string& token_file);
Credentials credentials_of_container(const Session& session, const Request& request);

/// The request to a container's credential service: a path at 169.254.170.2, or a full address. Like
/// botocore, accepts http only for this machine and the addresses that containers use for it. Throws Error
/// for others.
Request container_request(const std::optional<std::string>& relative, const std::optional<std::string>& full);

}  // namespace sentiment::cloud
