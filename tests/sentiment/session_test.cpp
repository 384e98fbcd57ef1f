// SPDX-License-Identifier: MIT
#include "sentiment/cloud/session.hpp"
#include "sentiment/cloud/profile_file.hpp"
#include "sentiment/complaint.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/environment.hpp"
#include "support.hpp"

#include <list>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::cloud;
using lstmlib::test::scratch;
using sentiment::test::complaint;
using sentiment::test::SetVariable;

namespace {

/// No variable of AWS, an empty home.
class Clean {
 public:
  explicit Clean(const std::string& name) : home(scratch(name)) {
    set("HOME", home.string());
    for (const char* variable :
         {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
          "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE",
          "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SAGEMAKER", "AWS_ENDPOINT_URL_STS",
          "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_MAX_ATTEMPTS"})
      variables_.emplace_back(variable, std::nullopt);
  }
  ~Clean() {
    while (!variables_.empty()) variables_.pop_back();  // the last first
  }
  void set(const char* name, const std::string& value) { variables_.emplace_back(name, value); }
  std::filesystem::path home;

 private:
  std::list<SetVariable> variables_;
};

}  // namespace

TEST_CASE("session: credentials, token and region of the environment") {
  Clean clean("session_environment");
  clean.set("AWS_ACCESS_KEY_ID", "A");
  clean.set("AWS_SECRET_ACCESS_KEY", "S");
  clean.set("AWS_DEFAULT_REGION", "us-east-1");
  Session session = Session::find();
  CHECK(session.credentials.access_key == "A");
  CHECK(session.credentials.secret_key == "S");
  CHECK(session.credentials.session_token.empty());
  CHECK(session.region == "us-east-1");
  clean.set("AWS_SESSION_TOKEN", "T");
  clean.set("AWS_REGION", "eu-west-3");
  session = Session::find();
  CHECK(session.credentials.session_token == "T");
  CHECK(session.region == "eu-west-3");
  CHECK(Session::find("", "eu-north-1").region == "eu-north-1");
}

TEST_CASE("session: profiles of the shared files") {
  Clean clean("session_profiles");
  write_text(clean.home / ".aws" / "credentials",
             "# mine\n[default]\naws_access_key_id = "
             "D\naws_secret_access_key=DS=\n[work]\naws_access_key_id=W\naws_secret_access_key = WS\n"
             "aws_session_token = WT\n[half]\naws_access_key_id = H\n");
  write_text(clean.home / ".aws" / "config",
             "[default]\nregion = eu-west-1\n[profile work]\nregion=eu-west-2\naws_access_key_id = "
             "other\n[profile \"two words\"]\n"
             "region = us-west-2\naws_access_key_id = 2\naws_secret_access_key = 2S\n[profile "
             "sso]\nsso_session = x\nregion = eu-west-1\n"
             "[profile role]\nrole_arn = arn\nsource_profile = default\n");
  Session session = Session::find();
  CHECK(session.credentials.access_key == "D");
  CHECK(session.credentials.secret_key == "DS=");
  CHECK(session.region == "eu-west-1");
  CHECK(Session::find("two words").credentials.secret_key == "2S");
  clean.set("AWS_PROFILE", "work");
  session = Session::find();
  CHECK(session.credentials.access_key == "W");
  CHECK(session.credentials.session_token == "WT");
  CHECK(session.region == "eu-west-2");
  CHECK(says(complaint([] { Session::find("half"); }), "has an access key without its secret key"));
  CHECK(says(complaint([] { Session::find("sso"); }), "aws configure export-credentials --profile sso"));
  CHECK(says(complaint([] { Session::find("role"); }), "role_arn"));
  CHECK(says(complaint([] { Session::find("none"); }), "there is no profile none"));

  SUBCASE("the environment's keys beat AWS_PROFILE, and a profile that is named beats these") {
    clean.set("AWS_ACCESS_KEY_ID", "E");
    clean.set("AWS_SECRET_ACCESS_KEY", "ES");
    CHECK(Session::find().credentials.access_key == "E");
    CHECK(Session::find().region == "eu-west-2");
    CHECK(Session::find("default").credentials.access_key == "D");
  }
  SUBCASE("the files may be elsewhere") {
    write_text(clean.home / "c",
               "[work]\naws_access_key_id = X\naws_secret_access_key = XS\nregion = ap-south-1\n");
    clean.set("AWS_SHARED_CREDENTIALS_FILE", "~/c");
    clean.set("AWS_CONFIG_FILE", (clean.home / "no such file").string());
    CHECK(Session::find().credentials.access_key == "X");
    CHECK(Session::find().region == "ap-south-1");
  }
}

TEST_CASE("session: what is missing is said in one line, and no key is in it") {
  Clean clean("session_missing");
  CHECK(says(complaint([] { Session::find(); }), "no credentials: set AWS_ACCESS_KEY_ID"));
  clean.set("AWS_ACCESS_KEY_ID", "THEKEY");
  std::string said = complaint([] { Session::find(); });
  CHECK(says(said, "without its secret key"));
  CHECK_FALSE(says(said, "THEKEY"));
  clean.set("AWS_SECRET_ACCESS_KEY", "the secret\nX-Evil: 1");
  said = complaint([] { Session::find(); });
  CHECK(says(said, "control character"));
  CHECK_FALSE(says(said, "the secret"));
  clean.set("AWS_SECRET_ACCESS_KEY", "S");
  CHECK(says(complaint([] { Session::find(); }), "no region: set AWS_REGION"));
  CHECK(says(complaint([] { Session::find("", "eu.evil/"); }), "is no region"));
  clean.set("AWS_REGION", "eu-west-3");
  clean.set("AWS_PROFILE", "none");
  CHECK(complaint([] { Session::find(); }).empty());  // the keys of the environment do without it
  clean.set("AWS_MAX_ATTEMPTS", "0");
  CHECK(says(complaint([] { Session::find(); }), "AWS_MAX_ATTEMPTS"));
}

TEST_CASE("session: where the services are") {
  Clean clean("session_endpoints");
  clean.set("AWS_ACCESS_KEY_ID", "A");
  clean.set("AWS_SECRET_ACCESS_KEY", "S");
  clean.set("AWS_REGION", "eu-west-3");
  Session session = Session::find();
  CHECK(session.address(s3_service, "my-bucket").origin == "https://my-bucket.s3.eu-west-3.amazonaws.com");
  CHECK(session.address(sagemaker_service).origin == "https://api.sagemaker.eu-west-3.amazonaws.com");
  CHECK(session.address(runtime_service).host == "runtime.sagemaker.eu-west-3.amazonaws.com");
  CHECK(session.address(logs_service).host == "logs.eu-west-3.amazonaws.com");
  CHECK(session.address(sts_service).host == "sts.eu-west-3.amazonaws.com");
  CHECK(Session::find("", "cn-north-1").address(sts_service).host == "sts.cn-north-1.amazonaws.com.cn");
  CHECK_FALSE(session.overridden(s3_service));

  write_text(clean.home / ".aws" / "config",
             "[default]\nservices = near\nendpoint_url = http://127.0.0.1:1\n[services near]\ns3 =\n  "
             "endpoint_url = http://127.0.0.1:2\n"
             "  addressing_style = path\nsts = \n  endpoint_url = http://127.0.0.1:3\n");
  session = Session::find();
  CHECK(session.address(s3_service, "b").host == "127.0.0.1:2");
  CHECK(session.address(sts_service).host == "127.0.0.1:3");
  CHECK(session.address(sagemaker_service).host == "127.0.0.1:1");
  clean.set("AWS_ENDPOINT_URL", "http://127.0.0.1:4");
  clean.set("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:5/s3");
  session = Session::find();
  CHECK(session.address(s3_service, "b").prefix == "/s3");
  CHECK(session.address(s3_service, "b").host == "127.0.0.1:5");
  CHECK(session.address(sts_service).host == "127.0.0.1:4");
  CHECK(session.overridden(logs_service));
  clean.set("AWS_ENDPOINT_URL_S3", "ftp://x");
  CHECK(says(complaint([] { Session::find().address(s3_service); }), "AWS_ENDPOINT_URL_S3: "));
  clean.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  CHECK_FALSE(Session::find().overridden(s3_service));
}

TEST_CASE("profile files: what is no line of one is passed over") {
  const ProfileFile file = parse_profiles(
      "key = before\n[a] # comment\r\nK = v = w \n; c\nnothing\n[b\nx = 1\n[ profile   'c d' ]\ny=\n  z = "
      "2\n z2=3\nq = 4\n");
  CHECK(file.size() == 2);
  CHECK(file.at("a") == ProfileSection{{"k", "v = w"}});
  CHECK(file.at("profile c d") == ProfileSection{{"y", ""}, {"y.z", "2"}, {"y.z2", "3"}, {"q", "4"}});
  CHECK(parse_profiles("").empty());
}
