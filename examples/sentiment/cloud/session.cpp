// SPDX-License-Identifier: MIT
#include "sentiment/cloud/session.hpp"

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/profile_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <utility>

namespace sentiment::cloud {
namespace {

namespace fs = std::filesystem;
using lstmlib::Error;
using lstmlib::fail;

std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? value : "";
}

/// The first that is not empty.
std::string first_of(std::initializer_list<std::string> values) {
  for (const std::string& value : values)
    if (!value.empty()) return value;
  return "";
}

fs::path file_of(const char* name, const char* usual) {
  const std::string given = variable(name), home = variable("HOME");
  if (given.starts_with("~/")) return fs::path(home) / given.substr(2);
  if (!given.empty()) return given;
  return home.empty() ? fs::path() : fs::path(home) / ".aws" / usual;
}

/// One profile, of both files; the values of the credentials file win.
struct Profile {
  std::string name;
  bool found = false;
  ProfileSection values, services;
  fs::path config, credentials;

  explicit Profile(std::string wanted) : name(std::move(wanted)) {
    config = file_of("AWS_CONFIG_FILE", "config");
    credentials = file_of("AWS_SHARED_CREDENTIALS_FILE", "credentials");
    const ProfileFile of_config = config.empty() ? ProfileFile() : read_profiles(config);
    const ProfileFile of_credentials = credentials.empty() ? ProfileFile() : read_profiles(credentials);
    const auto take = [&](const ProfileFile& file, const std::string& section) {
      const auto at = file.find(section);
      if (at == file.end()) return;
      found = true;
      for (const auto& [key, value] : at->second) values[key] = value;
    };
    if (name == "default") take(of_config, "default");
    take(of_config, "profile " + name);
    take(of_credentials, name);
    if (const auto at = of_config.find("services " + get("services")); at != of_config.end())
      services = at->second;
  }

  std::string get(const std::string& key) const {
    const auto at = values.find(key);
    return at == values.end() ? "" : at->second;
  }
  std::string about() const {
    return "profile " + name + " of " + credentials.string() + " and " + config.string();
  }
};

/// A pair of keys; throws where only one of them is there.
void check_pair(const Credentials& found, const std::string& where) {
  if (found.access_key.empty() != found.secret_key.empty())
    fail<Error>("credentials: ", where, " has ", found.access_key.empty() ? "a secret key without its" : "an",
                " access key", found.access_key.empty() ? "" : " without its secret key");
  for (const std::string* part : {&found.access_key, &found.secret_key, &found.session_token})
    if (std::any_of(part->begin(), part->end(), [](char c) { return c <= ' ' || c == 127; }))
      fail<Error>("credentials: ", where, " has a key or a token with a space or a control character in it");
}

void find_credentials(Session& session, const Profile& profile, bool profile_given) {
  const Credentials environment{variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"),
                                first_of({variable("AWS_SESSION_TOKEN"), variable("AWS_SECURITY_TOKEN")})};
  if (!profile_given && !(environment.access_key.empty() && environment.secret_key.empty())) {
    check_pair(environment, "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)");
    session.credentials = environment;
    session.credentials_from = "the environment";
    return;
  }
  if (!profile.found && (profile_given || !variable("AWS_PROFILE").empty()))
    fail<Error>("credentials: there is no ", profile.about());
  const Credentials of_profile{profile.get("aws_access_key_id"), profile.get("aws_secret_access_key"),
                               profile.get("aws_session_token")};
  check_pair(of_profile, profile.about());
  if (of_profile.access_key.empty()) {
    for (const char* way :
         {"sso_session", "sso_start_url", "role_arn", "credential_process", "credential_source"})
      if (!profile.get(way).empty())
        fail<Error>("credentials: ", profile.about(), " gets its keys by ", way,
                    ", which is not done here; `eval \"$(aws configure export-credentials --profile ",
                    profile.name, " --format env)\"` puts them into the environment");
    fail<Error>(
        "no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of "
        "~/.aws/credentials "
        "by AWS_PROFILE or --profile");
  }
  session.credentials = of_profile;
  session.credentials_from = profile.about();
}

void find_endpoints(Session& session, const Profile& profile) {
  const std::string ignored = variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (ignored == "true" || ignored == "True") return;
  const std::string all = variable("AWS_ENDPOINT_URL");
  const auto take = [&](const std::string& key, const std::string& url) {
    if (!url.empty()) session.endpoints[key] = url;
  };
  take("", first_of({all, profile.get("endpoint_url")}));
  for (const auto& service : {s3_service, sagemaker_service, runtime_service, logs_service, sts_service}) {
    std::string key = service.variable;
    for (char& c : key)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    const auto at = profile.services.find(key + ".endpoint_url");
    // AWS_ENDPOINT_URL beats what a file says of one service.
    const std::string of_file = at == profile.services.end() || !all.empty() ? "" : at->second;
    take(service.variable, first_of({variable("AWS_ENDPOINT_URL_" + service.variable), of_file}));
  }
}

}  // namespace

Session Session::find(const std::string& profile_name, const std::string& region) {
  const Profile profile(first_of({profile_name, variable("AWS_PROFILE"), "default"}));
  Session session;
  find_credentials(session, profile, !profile_name.empty());
  session.region =
      first_of({region, variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"), profile.get("region")});
  if (session.region.empty())
    fail<Error>("no region: set AWS_REGION, give --region, or write it into the profile");
  for (const char c : session.region)
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
      fail<Error>("'", session.region, "' is no region; eu-west-3 is one");
  find_endpoints(session, profile);
  if (const std::string attempts = variable("AWS_MAX_ATTEMPTS"); !attempts.empty()) {
    const long count = std::strtol(attempts.c_str(), nullptr, 10);
    if (count < 1 || count > 100) fail<Error>("AWS_MAX_ATTEMPTS is ", attempts, ", 1 to 100 is expected");
    session.retries.attempts = static_cast<int>(count);
  }
  if (const std::string pause = variable("SENTIMENT_RETRY_PAUSE_MS"); !pause.empty())
    session.retries.first_pause =
        std::chrono::milliseconds(std::clamp(std::strtol(pause.c_str(), nullptr, 10), 1L, 20000L));
  return session;
}

bool Session::overridden(const ServiceName& service) const {
  return endpoints.contains(service.variable) || endpoints.contains("");
}

Address Session::address(const ServiceName& service, const std::string& bucket) const {
  for (const std::string& key : {service.variable, std::string()}) {
    const auto at = endpoints.find(key);
    if (at == endpoints.end()) continue;
    try {
      return Address::parse(at->second);
    } catch (const Error& error) {
      fail<Error>("AWS_ENDPOINT_URL", key.empty() ? "" : "_", key, ": ", error.what());
    }
  }
  const std::string domain = region.starts_with("cn-") ? ".amazonaws.com.cn" : ".amazonaws.com";
  const std::string host = (bucket.empty() ? "" : bucket + ".") + service.host + "." + region + domain;
  return {"https://" + host, host, ""};
}

}  // namespace sentiment::cloud
