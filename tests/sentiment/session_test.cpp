// SPDX-License-Identifier: MIT
#include "sentiment/cloud/session.hpp"
#include "sentiment/cloud/profile_file.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/environment.hpp"
#include "support.hpp"

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::cloud;
using lstmlib::test::scratch;
using sentiment::test::error_of;

namespace {

/// No variable of AWS, an empty home.
struct Clean : sentiment::test::NoCloudVariables {
  explicit Clean(const std::string& name) : home(scratch(name)) { set("HOME", home.string()); }
  std::filesystem::path home;
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
  CHECK(says(error_of([] { Session::find("half"); }), "has an access key without its secret key"));
  CHECK(says(error_of([] { Session::find("sso"); }), "aws configure export-credentials --profile sso"));
  CHECK(says(error_of([] { Session::find("role"); }), "role_arn"));
  CHECK(says(error_of([] { Session::find("none"); }), "there is no profile none"));

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
  CHECK(says(error_of([] { Session::find(); }), "no credentials: set AWS_ACCESS_KEY_ID"));
  clean.set("AWS_ACCESS_KEY_ID", "THEKEY");
  std::string said = error_of([] { Session::find(); });
  CHECK(says(said, "without its secret key"));
  CHECK_FALSE(says(said, "THEKEY"));
  clean.set("AWS_SECRET_ACCESS_KEY", "the secret\nX-Evil: 1");
  said = error_of([] { Session::find(); });
  CHECK(says(said, "control character"));
  CHECK_FALSE(says(said, "the secret"));
  clean.set("AWS_SECRET_ACCESS_KEY", "S");
  CHECK(says(error_of([] { Session::find(); }), "no region: set AWS_REGION"));
  CHECK(says(error_of([] { Session::find("", "eu.evil/"); }), "is not a region"));
  clean.set("AWS_REGION", "eu-west-3");
  clean.set("AWS_PROFILE", "none");
  CHECK(says(error_of([] { Session::find(); }), "no profile none"));  // as boto3, though there are keys
  clean.set("AWS_PROFILE", "");
  CHECK(error_of([] { Session::find(); }) == "");
  for (const char* attempts : {"0", "3x", " 3", "101", "-1"}) {
    clean.set("AWS_MAX_ATTEMPTS", attempts);
    CHECK(says(error_of([] { Session::find(); }), "AWS_MAX_ATTEMPTS"));
  }
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
  CHECK(says(error_of([] { Session::find().address(s3_service); }), "AWS_ENDPOINT_URL_S3: "));
  clean.set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
  CHECK_FALSE(Session::find().overridden(s3_service));
}

TEST_CASE("session: other addresses of AWS's own are not left out silently") {
  Clean clean("session_variants");
  clean.set("AWS_ACCESS_KEY_ID", "A");
  clean.set("AWS_SECRET_ACCESS_KEY", "S");
  clean.set("AWS_REGION", "us-east-1");
  clean.set("AWS_USE_FIPS_ENDPOINT", "True");
  CHECK(says(error_of([] { Session::find(); }), "AWS_USE_FIPS_ENDPOINT"));
  clean.set("AWS_USE_FIPS_ENDPOINT", "false");
  CHECK(error_of([] { Session::find(); }) == "");
  write_text(clean.home / ".aws" / "config", "[default]\nuse_dualstack_endpoint = true\n");
  CHECK(says(error_of([] { Session::find(); }), "use_dualstack_endpoint"));
  clean.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  CHECK(error_of([] { Session::find(); }) == "");
  write_text(clean.home / ".aws" / "config", "[default]\nservices = none\n");
  CHECK(says(error_of([] { Session::find(); }), "there is no section [services none]"));
}

TEST_CASE("session: regions are AWS's, unless the services are elsewhere") {
  Clean clean("session_regions");
  clean.set("AWS_ACCESS_KEY_ID", "A");
  clean.set("AWS_SECRET_ACCESS_KEY", "S");
  for (const char* region : {"eu-west-3", "us-gov-east-1", "cn-north-1", "us-iso-east-1", "ap-southeast-12"})
    CHECK(error_of([&] { Session::find("", region); }) == "");
  for (const char* region : {"eu-west", "paris", "EU-WEST-3", "eu-west-3a", "eu--3", "-eu-west-3",
                             "eu_west_3", "3", "eu-west-3-", "eu west 3", "eu-west-3.evil"}) {
    CAPTURE(region);
    CHECK(says(error_of([&] { Session::find("", region); }), "is not a region"));
  }
  clean.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
  CHECK(error_of([] { Session::find("", "auto"); }) == "");
  CHECK(says(error_of([] { Session::find("", "a/b"); }), "is not a region"));
}

TEST_CASE("profile files: sections, names, values, and values within values") {
  const ProfileFile file = parse_profiles(
      "[a] # comment\r\nK = v = w \n; c\n\n[profile   'c d']\ny=\n  z = 2\n\n # no\n\tz2: x=3\n\nq : 4\rr=5");
  REQUIRE(file.size() == 2);
  CHECK(file[0].first == "a");
  CHECK(file[0].second == ProfileSection{{"k", "v = w"}});
  CHECK(titled(file[1].first, "profile") == "c d");
  CHECK(file[1].second == ProfileSection{{"y", "\nz = 2\n\nz2: x=3"}, {"q", "4"}, {"r", "5"}});
  CHECK(nested_values(file[1].second.at("y")) == ProfileSection{{"z", "2"}, {"z2: x", "3"}});
  CHECK(nested_values("a = b").empty());
  CHECK(parse_profiles("").empty());
  for (const char* bad : {"[a]\nx =\n  y\n", "[a]\n= 1\n", "[]\n", "\xff", "[a]\nx = \xc3\n", "[a]\nx\n"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_profiles(bad), lstmlib::FormatError);
  }
  CHECK(titled("profile \"two \\\"words\"", "profile") == "two \"words");
  CHECK(titled("profile a\\ b", "profile") == "a b");
  for (const char* title : {"profile", "profile a b", "profile 'a", "profile a\\", "work", " profile a"})
    CHECK_FALSE(titled(title, "profile"));
}
