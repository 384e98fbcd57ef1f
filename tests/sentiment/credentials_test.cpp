// SPDX-License-Identifier: MIT
// Whose credentials are taken, case by case; credentials_test.py asks botocore about the same cases.
#include "sentiment/cloud/session.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/environment.hpp"
#include "sentiment/loopback_cloud.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

#include <atomic>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::cloud;
using namespace sentiment::test;
using lstmlib::test::scratch;
using Json = nlohmann::json;

namespace {

/// STS and a container's service at once: gives keys to whoever asks, and keeps the questions.
struct Giver {
  std::atomic<int> minutes = 60;  ///< how long the keys last
  HttpServer server{[this](const HttpRequest& request) {
    const std::time_t end = std::time(nullptr) + 60 * minutes;
    std::tm utc{};
    ::gmtime_r(&end, &utc);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    if (request.method() == "GET")
      return reply(
          "200 OK",
          Json{{"AccessKeyId", "GIVEN"}, {"SecretAccessKey", "GS"}, {"Token", "GT"}, {"Expiration", text}}
              .dump());
    return reply("200 OK", std::string("<R><Credentials><AccessKeyId>GIVEN</AccessKeyId><SecretAccessKey>GS"
                                       "</SecretAccessKey><SessionToken>GT</SessionToken><Expiration>") +
                               text + "</Expiration></Credentials></R>");
  }};

  std::string url() const {
    std::string address = server.address();
    address.pop_back();
    return address;
  }
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
  return text;
}

/// The environment and the files of a case.
class CallerPlace {
 public:
  CallerPlace(const Json& wanted, const std::string& name, const Giver& giver) : home(scratch(name)) {
    const auto put = [&](const std::string& text) {
      return replaced(replaced(text, "{server}", giver.url()), "{home}", home.string());
    };
    variables.set("HOME", home.string());
    variables.set("AWS_ENDPOINT_URL_STS", giver.url());
    const Json env = wanted.value("env", Json::object()), files = wanted.value("files", Json::object());
    for (const auto& [variable, value] : env.items()) variables.set(variable, put(value.get<std::string>()));
    for (const auto& [file, text] : files.items()) write_text(home / file, put(text.get<std::string>()));
    for (const char* file : {"credentials", "config"}) {
      std::string text;
      const Json lines = wanted.value(file, Json::array());
      for (const auto& line : lines) text += put(line.get<std::string>()) + "\n";
      if (!text.empty()) write_text(home / ".aws" / file, text);
    }
  }

  std::filesystem::path home;
  NoCloudVariables variables;
};

/// The access key in a request's signature.
std::string signer(const HttpRequest& request) {
  const std::string field = request.field("authorization"), mark = "Credential=";
  const auto begin = field.find(mark);
  if (begin == std::string::npos) return "";
  return field.substr(begin + mark.size(), field.find('/', begin) - begin - mark.size());
}

}  // namespace

TEST_CASE("credentials: those that botocore would take, or none with the reason") {
  const std::filesystem::path tests = lstmlib::test::fixtures().parent_path();
  const Json cases = Json::parse(read_text(tests / "sentiment" / "credentials_cases.json"));
  CHECK(cases.size() >= 96);
  for (const Json& each : cases) {
    const std::string name = each["case"];
    CAPTURE(name);
    const Giver giver;
    const CallerPlace place(each, "credentials_case", giver);
    const auto find = [&] {
      return Session::find(each.value("profile", ""), each.contains("region") ? "" : "eu-west-3");
    };
    if (each.contains("refused")) {
      const std::string said = error_of(find);
      CHECK_MESSAGE(says(said, each["refused"].get<std::string>()), said);
      CHECK(giver.server.requests().empty());
      continue;
    }
    const std::string none = error_of(find);
    CHECK(none == "");
    if (!none.empty()) continue;
    const Session session = find();
    CHECK(giver.server.requests().empty());  // until there is something to sign
    if (each.contains("region")) CHECK(session.region == each["region"].get<std::string>());
    const Credentials keys = session.current();
    const auto asked = giver.server.requests();
    if (each.contains("keys")) {
      CHECK(Json{keys.access_key, keys.secret_key, keys.session_token} == each["keys"]);
      CHECK(asked.empty());
      continue;
    }
    CHECK(Json{keys.access_key, keys.secret_key, keys.session_token} == Json{"GIVEN", "GS", "GT"});
    REQUIRE_FALSE(asked.empty());
    const HttpRequest& last = asked.back();
    if (each.contains("container"))
      CHECK(last.field("authorization") == each["container"].get<std::string>());
    if (each.contains("role")) {
      const std::string role = replaced(replaced(each["role"], ":", "%3A"), "/", "%2F");
      CHECK(says(last.body, "RoleArn=" + role));
      CHECK(says(session.credentials_from, each["role"].get<std::string>()));
    }
    if (each.contains("by")) {
      CHECK(says(last.body, "Action=AssumeRole&"));
      CHECK(signer(last) == each["by"].get<std::string>());
    }
    if (each.contains("token")) {
      CHECK(says(last.body, "Action=AssumeRoleWithWebIdentity&"));
      CHECK(says(last.body, "WebIdentityToken=" + each["token"].get<std::string>()));
      CHECK(last.field("authorization") == "");
    }
  }
}

TEST_CASE(
    "credentials: those that a server gives are kept until they are about to end, and shared by copies") {
  Giver giver;
  const CallerPlace place(
      {{"env",
        {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "{server}/a/b%20c?id=1"}, {"AWS_REGION", "eu-west-3"}}}},
      "credentials_kept", giver);
  const Session session = Session::find(), copy = session;
  CHECK(session.current().access_key == "GIVEN");
  CHECK(copy.current().access_key == "GIVEN");
  CHECK(giver.server.requests().size() == 1);
  CHECK(giver.server.requests()[0].path == "/a/b%20c?id=1");
  giver.minutes = 4;  // less than the five that are left at least
  const Session other = Session::find();
  other.current();
  other.current();
  CHECK(giver.server.requests().size() == 3);
}

TEST_CASE("credentials: a server that refuses, or gives none, is named, and no token is shown") {
  const auto said_to = [](const std::string& answer, const Json& more) {
    const HttpServer server([&](const HttpRequest&) { return answer; });
    const Giver unasked;
    const CallerPlace place(more, "credentials_refused", unasked);
    NoCloudVariables variables;  // the last that is set counts
    variables.set("HOME", place.home.string());
    variables.set("AWS_REGION", "eu-west-3");
    std::string url = server.address();
    url.pop_back();
    variables.set("AWS_ENDPOINT_URL_STS", url);
    variables.set("SENTIMENT_RETRY_PAUSE_MS", "1");
    if (more.contains("files")) {
      variables.set("AWS_WEB_IDENTITY_TOKEN_FILE", (place.home / "token").string());
      variables.set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/W");
    } else {
      variables.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", url + "/keys");
      variables.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "thetoken");
    }
    return error_of([&] { Session::find().current(); });
  };
  const Json identity{{"files", {{"token", "thetoken\n"}}}}, container = Json::object();
  const std::string expired =
      said_to(xml_error("ExpiredTokenException", "Token thetoken expired", "400 Bad Request"), identity);
  CHECK(says(expired, "AssumeRoleWithWebIdentity: ExpiredTokenException: Token (hidden) expired"));
  CHECK(says(said_to(reply("200 OK", "<R/>"), identity),
             "AssumeRoleWithWebIdentity: the response has no credentials"));
  CHECK(says(said_to(reply("200 OK", "<R>"), identity), "the response is not XML"));
  CHECK(says(said_to(reply("404 Not Found", "no thetoken here"), container),
             "the container's credentials: Not Found (status 404)"));
  CHECK(says(said_to(reply("200 OK", "[]"), container),
             "the container's credentials: the response is not a JSON object"));
  CHECK(says(
      said_to(
          reply(
              "200 OK",
              R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T\r\nX: y", "Expiration": "2120-01-01T00:00:00Z"})"),
          container),
      "the response has no credentials"));
  CHECK(says(
      said_to(reply("200 OK",
                    R"({"AccessKeyId": "A", "SecretAccessKey": "S", "Token": "T", "Expiration": "soon"})"),
              container),
      "does not say when the credentials expire"));
}
