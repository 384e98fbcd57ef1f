// SPDX-License-Identifier: MIT
#include "sentiment/cloud/given_credentials.hpp"

#include <arpa/inet.h>

#include "sentiment/cloud/environment.hpp"
#include "sentiment/cloud/json_answer.hpp"
#include "sentiment/cloud/service.hpp"
#include "sentiment/cloud/timestamp.hpp"
#include "sentiment/cloud/xml_answer.hpp"
#include "sentiment/data/file.hpp"

#include <algorithm>
#include <ctime>

namespace sentiment::cloud {
namespace {

using lstmlib::Error;
using lstmlib::fail;

/// Checks keys from a server, because they become part of headers.
Credentials given(Credentials keys, const std::string& end, const char* what) {
  const auto is_fine = [](const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != 127; });
  };
  if (keys.access_key.empty() || keys.secret_key.empty() || keys.session_token.empty() ||
      !is_fine(keys.access_key) || !is_fine(keys.secret_key) || !is_fine(keys.session_token))
    fail<Error>(what, ": the response has no credentials");
  keys.end = parse_timestamp(end);
  if (!keys.end) fail<Error>(what, ": the response does not say when the credentials expire");
  return keys;
}

/// One of the two operations of STS.
Credentials ask_sts(Service& sts, const char* operation, const AssumedRole& role,
                    std::vector<std::pair<std::string, std::string>> fields) {
  std::string name = role.session_name;
  if (name.empty()) name = lstmlib::message("sentiment-", std::time(nullptr));
  fields.insert(
      fields.end(),
      {{"Action", operation}, {"Version", "2011-06-15"}, {"RoleArn", role.arn}, {"RoleSessionName", name}});
  if (role.seconds != 0) fields.emplace_back("DurationSeconds", std::to_string(role.seconds));
  Request form{.query = std::move(fields)};
  Request request{.method = "POST", .address = sts.session().address(sts_service)};
  request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  request.body = form.encoded_query();
  const auto xml = parse_xml(sts.send(operation, request).body);
  if (!xml) fail<Error>(operation, ": the response is not XML");
  return given({xml->text("AccessKeyId"), xml->text("SecretAccessKey"), xml->text("SessionToken")},
               xml->text("Expiration"), operation);
}

/// The same session with other credentials, or with just a token, which messages must not show.
Session with(const Session& session, CredentialSource source) {
  Session made = session;
  made.take(std::move(source));
  return made;
}

}  // namespace

Credentials assume_role(const Session& session, const AssumedRole& role, const CredentialSource& source) {
  const Session by = with(session, source);
  Service sts(by, sts_service);
  std::vector<std::pair<std::string, std::string>> fields;
  if (!role.external_id.empty()) fields.emplace_back("ExternalId", role.external_id);
  return ask_sts(sts, "AssumeRole", role, std::move(fields));
}

Credentials assume_role_with_web_identity(const Session& session, const AssumedRole& role,
                                          const std::string& token_file) {
  std::string token = read_text(token_file, 1 << 20);
  while (token.ends_with('\n') || token.ends_with('\r')) token.pop_back();
  if (token.empty()) fail<lstmlib::FileError>(token_file, ": it contains no token");
  const Session by = with(session, {.from = token_file, .keys = {"", "", token}});
  Service sts(by, sts_service, Signing::none);
  return ask_sts(sts, "AssumeRoleWithWebIdentity", role, {{"WebIdentityToken", token}});
}

Credentials credentials_of_container(const Session& session, const Request& request) {
  constexpr const char* what = "the container's credentials";
  std::string token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const auto file = set_variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    token = read_text(*file, 1 << 20);
  if (std::any_of(token.begin(), token.end(), [](char c) { return (c >= 0 && c < ' ') || c == 127; }))
    fail<Error>(what, ": the token for their service has a line end or another control character in it");
  const Session by = with(session, {.from = request.address.origin, .keys = {"", "", token}});
  Service service(by, sts_service, Signing::none);
  Request authorized = request;
  authorized.headers["accept"] = "application/json";
  if (!token.empty()) authorized.headers["authorization"] = token;
  const auto json = parse_object(service.send(what, authorized, {.stalled_seconds = 5}).body, what);
  return given({text_at(json, {"AccessKeyId"}), text_at(json, {"SecretAccessKey"}), text_at(json, {"Token"})},
               text_at(json, {"Expiration"}), what);
}

Request container_request(const std::optional<std::string>& relative,
                          const std::optional<std::string>& full) {
  const char* name =
      relative ? "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" : "AWS_CONTAINER_CREDENTIALS_FULL_URI";
  const auto refuse = [&](const auto&... why) { fail<Error>("credentials: ", name, ": ", why...); };
  if (relative && !relative->starts_with('/')) refuse("expected a path that begins with /");
  std::string url = relative ? "http://169.254.170.2" + *relative : *full;
  Request request;
  if (const auto mark = url.find('?'); mark != std::string::npos) {
    std::string query = url.substr(mark + 1);
    if (query.find('%') != std::string::npos) refuse("an encoded query is not supported");
    url.resize(mark);
    while (!query.empty()) {
      const std::string pair = query.substr(0, query.find('&'));
      const auto equals = (std::min)(pair.find('='), pair.size());
      request.query.emplace_back(pair.substr(0, equals), pair.substr((std::min)(equals + 1, pair.size())));
      query.erase(0, pair.size() + 1);
    }
  }
  try {
    request.address = Address::parse(url);
  } catch (const Error& wrong) { refuse(wrong.what()); }
  request.path = request.address.prefix.empty() ? "/" : "";  // used as written, not encoded again
  if (request.address.origin.starts_with("https:")) return request;
  std::string host = request.address.host;
  if (const auto colon = host.rfind(':'); colon != std::string::npos && !host.ends_with(']'))
    host.resize(colon);
  in_addr numbers{};
  const bool loopback =
      (::inet_pton(AF_INET, host.c_str(), &numbers) == 1 && (ntohl(numbers.s_addr) >> 24) == 127) ||
      host == "[::1]";
  const auto allowed = {"169.254.170.2", "169.254.170.23", "[fd00:ec2::23]", "localhost"};
  if (!loopback && std::find(allowed.begin(), allowed.end(), host) == allowed.end())
    refuse("http is allowed only for this machine and a container's credential service; ", host,
           " is neither");
  return request;
}

}  // namespace sentiment::cloud
