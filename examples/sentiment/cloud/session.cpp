// SPDX-License-Identifier: MIT
#include "sentiment/cloud/session.hpp"

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/environment.hpp"
#include "sentiment/cloud/names.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

namespace sentiment::cloud {
namespace {

using lstmlib::Error;
using lstmlib::fail;

constexpr std::time_t seconds_before_end = 5 * 60;  // temporary credentials are renewed this early

/// Whether a setting is true by botocore's rules.
bool is_true(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return text == "true";
}

std::string find_region(const std::string& given, const Profiles& profiles) {
  if (!given.empty()) return given;
  // boto3 alone does not read AWS_REGION; the AWS command line and all other clients do.
  const std::string found =
      first_of({variable("AWS_REGION"), variable("AWS_DEFAULT_REGION"), profiles.get("region")});
  if (found.empty()) fail<Error>("no region: set AWS_REGION, give --region, or write it into the profile");
  return found;
}

/// If endpoints are given, regions may have any name.
void check_region(const Session& session) {
  const auto is_label = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  const std::string& region = session.region;
  const bool label = region.size() <= 63 && !region.starts_with('-') && !region.ends_with('-') &&
                     std::all_of(region.begin(), region.end(), is_label);
  if (label && session.endpoints.contains("")) return;
  if (const std::string wrong = fault_of_region(region); !wrong.empty()) fail<Error>(wrong);
}

void find_endpoints(Session& session, const Profiles& profiles) {
  const auto ignored = set_variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
  if (is_true(ignored.value_or(profiles.get("ignore_configured_endpoint_urls")))) return;
  const std::string all = variable("AWS_ENDPOINT_URL");
  const auto take = [&](const std::string& key, const std::string& url) {
    if (!url.empty()) session.endpoints[key] = url;
  };
  ProfileSection services;
  if (const std::string named = profiles.get("services"); !named.empty()) {
    const auto at = profiles.services.find(named);
    if (at == profiles.services.end())
      fail<Error>(profiles.config_file.string(), ": there is no section [services ", named, "], which ",
                  profiles.about(profiles.name), " names");
    services = at->second;
  }
  take("", first_of({all, profiles.get("endpoint_url")}));
  for (const auto& service : {s3_service, sagemaker_service, runtime_service, logs_service, sts_service}) {
    std::string key = service.variable;
    for (char& c : key)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    // AWS_ENDPOINT_URL has precedence over a file's setting for one service.
    const std::string of_file =
        all.empty() ? value_of(nested_values(value_of(services, key)), "endpoint_url") : "";
    take(service.variable, first_of({variable("AWS_ENDPOINT_URL_" + service.variable), of_file}));
  }
}

/// Refuses settings for other addresses of AWS, which botocore would use, instead of ignoring them silently.
void refuse_variants(const Session& session, const Profiles& profiles) {
  if (session.endpoints.contains("")) return;
  for (const auto& [name, key] : {std::pair("AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint"),
                                  std::pair("AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint")})
    if (is_true(set_variable(name).value_or(profiles.get(key))))
      fail<Error>(name, " (", key,
                  " of a profile) is not supported; set the services' addresses with "
                  "AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL_SAGEMAKER and the like, and AWS_ENDPOINT_URL");
}

void find_certificates(Session& session, const Profiles& profiles) {
  session.certificates = http::Certificates::of_environment();
  if (const std::string path = profiles.get("ca_bundle"); !path.empty())
    session.certificates = {path, "ca_bundle of " + profiles.about(profiles.name)};
  if (const std::string path = variable("AWS_CA_BUNDLE"); !path.empty())
    session.certificates = {path, "AWS_CA_BUNDLE"};
  session.certificates.check();
}

}  // namespace

Session Session::find(const std::string& profile, const std::string& region) {
  const Profiles profiles = Profiles::read(profile);
  Session session;
  session.take(find_credentials(profiles));
  session.region = find_region(region, profiles);
  find_endpoints(session, profiles);
  check_region(session);
  refuse_variants(session, profiles);
  find_certificates(session, profiles);
  if (const std::string attempts = variable("AWS_MAX_ATTEMPTS"); !attempts.empty()) {
    int count = 0;
    const auto [end, error] = std::from_chars(attempts.data(), attempts.data() + attempts.size(), count);
    if (error != std::errc() || end != attempts.data() + attempts.size() || count < 1 || count > 100)
      fail<Error>("AWS_MAX_ATTEMPTS is ", attempts, ", expected 1 to 100");
    session.retries.attempts = count;
  }
  if (const std::string pause = variable("SENTIMENT_RETRY_PAUSE_MS"); !pause.empty())
    session.retries.first_pause =
        std::chrono::milliseconds(std::clamp(std::strtol(pause.c_str(), nullptr, 10), 1L, 20000L));
  return session;
}

void Session::take(CredentialSource source) {
  credentials = std::move(source.keys);
  credentials_from = std::move(source.from);
  given_ = source.fetch ? std::make_shared<Given>(Given{std::move(source.fetch)}) : nullptr;
}

const Credentials& Session::current() const {
  if (!given_) return credentials;
  const bool ends = given_->keys.end && *given_->keys.end - seconds_before_end <= std::time(nullptr);
  if (!given_->any || ends) {
    given_->keys = given_->fetch(*this);
    given_->any = true;
  }
  return given_->keys;
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
