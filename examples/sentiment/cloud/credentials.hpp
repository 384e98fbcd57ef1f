// SPDX-License-Identifier: MIT
#pragma once
// Whose credentials a session has: those that botocore, the base of boto3 and of the AWS command line, would
// take, or none.

#include "sentiment/cloud/profiles.hpp"
#include "sentiment/cloud/signature.hpp"

#include <functional>
#include <string>

namespace sentiment::cloud {

struct Session;

/// Credentials, or the way to them where a server gives them for a time.
struct CredentialSource {
  std::string from;  ///< where they were found, for messages
  Credentials keys{};
  /// Asks a server; the session says in which region and with what else it is asked. Not set: `keys` are they.
  std::function<Credentials(const Session&)> fetch{};
};

/// Goes through botocore's places in its order and takes the first that has credentials:
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
/// What is refused ends the search, so that no credentials of a later place are taken for those that were
/// meant. The metadata of an EC2 instance, botocore's last place, are not asked. Asks no server. Throws Error,
/// which says what to set; no credential is in it.
CredentialSource find_credentials(const Profiles& profiles);

}  // namespace sentiment::cloud
