// SPDX-License-Identifier: MIT
#include "sentiment/cloud/credentials.hpp"

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/environment.hpp"
#include "sentiment/cloud/given_credentials.hpp"
#include "sentiment/cloud/names.hpp"
#include "sentiment/cloud/timestamp.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <map>
#include <optional>

namespace sentiment::cloud {
namespace {

namespace fs = std::filesystem;
using lstmlib::Error;

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  lstmlib::fail<Error>("credentials: ", parts...);
}

/// Checks keys for signing. Throws if one is empty or contains characters that a header must not have.
Credentials checked(Credentials keys, const std::string& where) {
  if (keys.access_key.empty()) refuse(where, " has a secret key without its access key");
  if (keys.secret_key.empty()) refuse(where, " has an access key without its secret key");
  for (const std::string* part : {&keys.access_key, &keys.secret_key, &keys.session_token})
    if (std::any_of(part->begin(), part->end(), [](char c) { return c <= ' ' || c == 127; }))
      refuse(where, " has a key or a token with a space or a control character in it");
  return keys;
}

class Search {
 public:
  explicit Search(const Profiles& profiles)
      : profiles_(profiles), with_variables_(profiles.named_by != "--profile"), visited_{profiles.name} {}

  CredentialSource run() {
    const std::string& name = profiles_.name;
    if (with_variables_)
      if (auto found = of_environment()) return *found;
    if (has_role(name)) return of_role(name);
    if (auto found = of_profile(name, with_variables_)) return *found;
    refuse_old_files();
    if (auto found = of_container()) return *found;
    nothing_found();
  }

 private:
  using Found = std::optional<CredentialSource>;

  const ProfileSection& section(const std::string& name) const {
    static const ProfileSection none;
    const auto at = profiles_.both.find(name);
    return at == profiles_.both.end() ? none : at->second;
  }

  [[noreturn]] void refuse_way(const std::string& profile, const std::string& way) const {
    refuse(profiles_.about(profile), " gets its keys by ", way,
           ", which is not supported; `eval \"$(aws configure export-credentials --profile ", profile,
           " --format env)\"` puts the keys into the environment");
  }

  Found of_environment() const {
    const std::string access_key = variable("AWS_ACCESS_KEY_ID");
    if (access_key.empty()) return std::nullopt;
    const Credentials keys{access_key, variable("AWS_SECRET_ACCESS_KEY"),
                           first_of({variable("AWS_SECURITY_TOKEN"), variable("AWS_SESSION_TOKEN")})};
    if (const std::string end = variable("AWS_CREDENTIAL_EXPIRATION"); !end.empty()) {
      const auto time = parse_timestamp(end);
      if (!time) refuse("AWS_CREDENTIAL_EXPIRATION is '", end, "', which is not a time");
      if (*time <= std::time(nullptr)) refuse("those of the environment expired at ", end, "; get new ones");
    }
    return CredentialSource{
        .from = "the environment",
        .keys = checked(keys, "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)")};
  }

  /// Keys in a section of one of the files, if it has an access key.
  Found of_section(const std::map<std::string, ProfileSection>& sections, const std::string& name,
                   const fs::path& file) const {
    const auto at = sections.find(name);
    if (at == sections.end() || !at->second.contains("aws_access_key_id")) return std::nullopt;
    const ProfileSection& values = at->second;
    const char* token = values.contains("aws_security_token") ? "aws_security_token" : "aws_session_token";
    const std::string from = "profile " + name + " in " + file.string();
    return CredentialSource{
        .from = from,
        .keys = checked({value_of(values, "aws_access_key_id"), value_of(values, "aws_secret_access_key"),
                         value_of(values, token)},
                        from)};
  }

  /// Credentials of a profile, except by assuming a role with other credentials.
  Found of_profile(const std::string& name, bool with_variables) const {
    const ProfileSection& values = section(name);
    if (auto found = of_web_identity(name, with_variables)) return found;
    for (const char* key : {"sso_account_id", "sso_role_name"})
      if (values.contains(key)) refuse_way(name, values.contains("sso_session") ? "sso_session" : key);
    if (auto found = of_section(profiles_.credentials, name, profiles_.credentials_file)) return found;
    for (const char* key : {"login_session", "credential_process"})
      if (values.contains(key)) refuse_way(name, key);
    return of_section(profiles_.config, name, profiles_.config_file);
  }

  Found of_web_identity(const std::string& name, bool with_variables) const {
    // A variable that is set but empty hides the profile's value.
    const auto get = [&](const char* key, const char* variable_name) {
      if (with_variables)
        if (const auto value = set_variable(variable_name)) return *value;
      return value_of(section(name), key);
    };
    const std::string file = get("web_identity_token_file", "AWS_WEB_IDENTITY_TOKEN_FILE");
    if (file.empty()) return std::nullopt;
    AssumedRole role{.arn = get("role_arn", "AWS_ROLE_ARN"),
                     .session_name = get("role_session_name", "AWS_ROLE_SESSION_NAME")};
    const std::string where = "the token in " + file;
    if (role.arn.empty())
      refuse(where,
             " (AWS_WEB_IDENTITY_TOKEN_FILE or web_identity_token_file) needs the name of a role:"
             " set AWS_ROLE_ARN, or role_arn in the profile");
    check_role(role.arn, where);
    return CredentialSource{.from = "the role " + role.arn + " by " + where,
                            .fetch = [role, file](const Session& session) {
                              return assume_role_with_web_identity(session, role, file);
                            }};
  }

  bool has_role(const std::string& name) const {
    return section(name).contains("role_arn") && !section(name).contains("web_identity_token_file");
  }
  bool has_keys(const std::string& name) const {
    return section(name).contains("aws_access_key_id") || section(name).contains("aws_secret_access_key");
  }
  static void check_role(const std::string& arn, const std::string& where) {
    if (const std::string wrong = fault_of_role_arn(arn); !wrong.empty()) refuse(where, ": role_arn ", wrong);
  }

  /// A role assumed with other credentials, which may be another role's.
  CredentialSource of_role(const std::string& name) {
    const ProfileSection& values = section(name);
    const std::string about = profiles_.about(name);
    const bool source_profile = values.contains("source_profile"),
               credential_source = values.contains("credential_source");
    AssumedRole role{.arn = value_of(values, "role_arn"),
                     .session_name = value_of(values, "role_session_name"),
                     .external_id = value_of(values, "external_id")};
    check_role(role.arn, about);
    if (source_profile && credential_source)
      refuse(about, " has role_arn with both source_profile and credential_source, expected one of them");
    if (!source_profile && !credential_source)
      refuse(about, " has role_arn without source_profile or credential_source, expected one of them");
    if (values.contains("mfa_serial"))
      refuse_way(name, "role_arn with mfa_serial, which needs a code typed by a person");
    if (const std::string seconds = value_of(values, "duration_seconds"); !seconds.empty()) {
      const auto [end, error] =
          std::from_chars(seconds.data(), seconds.data() + seconds.size(), role.seconds);
      if (error != std::errc() || end != seconds.data() + seconds.size())
        refuse(about, ": duration_seconds is '", seconds, "', expected a whole number");
    }
    CredentialSource source = source_profile
                                  ? of_source_profile(name, value_of(values, "source_profile"))
                                  : of_credential_source(name, value_of(values, "credential_source"));
    const std::string from = "the role " + role.arn + " by " + source.from;
    return {.from = from, .fetch = [role, source = std::move(source)](const Session& session) {
              return assume_role(session, role, source);
            }};
  }

  CredentialSource of_source_profile(const std::string& name, const std::string& source) {
    if (!profiles_.both.contains(source))
      refuse(profiles_.about(name), ": there is no profile ", source, ", which its source_profile names");
    // A profile may be its own source if it has keys as well.
    const bool visited = std::find(visited_.begin(), visited_.end(), source) != visited_.end();
    if (visited && !(source == name && has_keys(source)))
      refuse(profiles_.about(name), ": its source_profile leads in a circle to ", source);
    visited_.push_back(source);
    if (!has_keys(source) && has_role(source)) return of_role(source);
    if (auto found = of_profile(source, false)) return *found;
    refuse(profiles_.about(name), ": its source_profile ", source, " has no credentials");
  }

  CredentialSource of_credential_source(const std::string& name, const std::string& source) const {
    const std::string about = profiles_.about(name);
    if (source == "Environment") {
      if (auto found = of_environment()) return *found;
      refuse(about, ": its credential_source is Environment, and AWS_ACCESS_KEY_ID is not set");
    }
    if (source == "EcsContainer") {
      if (auto found = of_container()) return *found;
      refuse(about,
             ": its credential_source is EcsContainer, and AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and "
             "AWS_CONTAINER_CREDENTIALS_FULL_URI are not set");
    }
    if (source == "Ec2InstanceMetadata")
      refuse_way(name, "role_arn with credential_source Ec2InstanceMetadata");
    refuse(about, ": its credential_source is '", source,
           "', expected Environment, EcsContainer or Ec2InstanceMetadata");
  }

  Found of_container() const {
    const auto relative = set_variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
               full = set_variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    if (!relative && !full) return std::nullopt;
    const std::string name =
        relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    const Request request = container_request(relative, full);
    return CredentialSource{
        .from = "the container's service at " + request.address.origin + " (" + name + ")",
        .fetch = [request](const Session& session) { return credentials_of_container(session, request); }};
  }

  /// botocore still reads these files.
  static void refuse_old_files() {
    const char* hint = ", which is not supported; put its keys into ~/.aws/credentials or the environment";
    if (set_variable("AWS_CREDENTIAL_FILE")) refuse("AWS_CREDENTIAL_FILE names a file", hint);
    std::vector<std::string> files{"/etc/boto.cfg", "~/.boto"};
    if (const auto named = set_variable("BOTO_CONFIG")) files = {*named};
    for (const std::string& file : files) {
      const fs::path path = expanded_path(file);
      for (const auto& [title, values] : read_profiles(path))
        if (title == "Credentials" && values.contains("aws_access_key_id"))
          refuse(path.string(), " of boto 2 has keys", hint);
    }
  }

  [[noreturn]] void nothing_found() const {
    for (const char* way : {"sso_session", "sso_start_url", "credential_source", "source_profile"})
      if (profiles_.chosen.contains(way)) refuse_way(profiles_.name, way);
    if (profiles_.chosen.contains("aws_secret_access_key"))
      refuse(profiles_.about(profiles_.name), " has a secret key without its access key");
    if (with_variables_ && !variable("AWS_SECRET_ACCESS_KEY").empty())
      refuse("the environment has a secret key without its access key (AWS_ACCESS_KEY_ID)");
    lstmlib::fail<Error>(
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of "
        "~/.aws/credentials by AWS_PROFILE or --profile. The role of an EC2 instance is not used: `eval "
        "\"$(aws configure export-credentials --format env)\"` puts its keys into the environment");
  }

  const Profiles& profiles_;
  const bool with_variables_;
  std::vector<std::string> visited_;  ///< the chosen profile and those visited as sources
};

}  // namespace

CredentialSource find_credentials(const Profiles& profiles) { return Search(profiles).run(); }

}  // namespace sentiment::cloud
