// SPDX-License-Identifier: MIT
#pragma once
// Finds the credentials of a session: the same as botocore (the base of boto3 and the AWS command line) would
// find, or none.

#include "sentiment/cloud/profiles.hpp"
#include "sentiment/cloud/signature.hpp"

#include <functional>
#include <string>

namespace sentiment::cloud {

struct Session;

/// Credentials, or a way to get temporary ones from a server.
struct CredentialSource {
  std::string from;  ///< where they were found, for messages
  Credentials keys{};
  /// Gets them from a server, using the session's region and settings. Not set: use `keys`.
  std::function<Credentials(const Session&)> fetch{};
};

/// Searches botocore's places in its order and takes the first one with credentials:
///
/// - AWS_ACCESS_KEY_ID, unless a profile was chosen by --profile;
/// - the profile's role_arn with source_profile or credential_source: AssumeRole;
/// - AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN (unless --profile), or the profile's
///   web_identity_token_file with role_arn: AssumeRoleWithWebIdentity;
/// - the profile's sso_account_id or sso_role_name: refused;
/// - keys of the profile in the credentials file;
/// - the profile's login_session, credential_process: refused, no program is run;
/// - keys of the profile in the config file;
/// - AWS_CREDENTIAL_FILE and the files of boto 2: refused;
/// - AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI.
///
/// A refused place ends the search, so that no other credentials than those intended are used. The metadata
/// of an EC2 instance, botocore's last place, is not used. Contacts no server. Throws Error that says what to
/// set and contains no credentials.
CredentialSource find_credentials(const Profiles& profiles);

}  // namespace sentiment::cloud
