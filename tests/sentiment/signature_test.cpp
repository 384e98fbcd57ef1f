// SPDX-License-Identifier: MIT
#include "sentiment/cloud/signature.hpp"
#include "sentiment/error_of.hpp"
#include "support.hpp"

#include <ctime>

using namespace sentiment::cloud;
using sentiment::test::error_of;

namespace {

// The examples that AWS publishes: its Signature Version 4 test suite, and "Signature Calculations:
// Authorization Header" of the S3 API reference. botocore 1.44.5 gives the same values.
const Credentials suite{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
const Credentials of_s3{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

std::time_t at(int year, int month, int day, int hour, int minute) {
  std::tm utc{};
  utc.tm_year = year - 1900;
  utc.tm_mon = month - 1;
  utc.tm_mday = day;
  utc.tm_hour = hour;
  utc.tm_min = minute;
  return ::timegm(&utc);
}

std::string signature(const SignedRequest& request) {
  const std::string& text = request.get().headers.at("authorization");
  return text.substr(text.find("SignedHeaders=") + 14);
}

std::string of_suite(Request request, const Credentials& credentials = suite,
                     const char* service = "service") {
  if (request.address.host.empty()) request.address = Address::parse("https://example.amazonaws.com");
  return signature(sign(std::move(request), credentials, {"us-east-1", service}, at(2015, 8, 30, 12, 36)));
}

std::string of_bucket(Request request) {
  request.address = Address::parse("https://examplebucket.s3.amazonaws.com");
  return signature(sign(std::move(request), of_s3, {"us-east-1", "s3"}, at(2013, 5, 24, 0, 0)));
}

}  // namespace

TEST_CASE("signature: the test suite's requests") {
  CHECK(of_suite({}) ==
        "host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  CHECK(of_suite({.method = "POST"}) ==
        "host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
  CHECK(of_suite({.query = {{"Param2", "value2"}, {"Param1", "value1"}}}) ==
        "host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  CHECK(of_suite({.query = {{"\u1234", "bar"}}}) ==
        "host;x-amz-date, Signature=2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04");
  CHECK(of_suite({.headers = {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}}}) ==
        "host;my-header1;my-header2;x-amz-date, "
        "Signature=acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
  CHECK(of_suite({.method = "POST",
                  .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                  .body = "Param1=value1"}) ==
        "content-type;host;x-amz-date, "
        "Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a");
  CHECK(of_suite({.path = "/-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"}) ==
        "host;x-amz-date, Signature=98964e1079ce472101899439653197a4f6e602f30cd6aaf6c76d81b4fd9866fe");
  // The request of the walk through the calculation.
  CHECK(of_suite({.address = Address::parse("https://iam.amazonaws.com"),
                  .query = {{"Action", "ListUsers"}, {"Version", "2010-05-08"}},
                  .headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}}},
                 suite, "iam") ==
        "content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
  Credentials with_token = suite;
  with_token.session_token =
      "AQoDYXdzEPT//////////"
      "wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/"
      "qkPpKPi/"
      "kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6"
      "d+"
      "xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/"
      "oLxBA==";
  CHECK(of_suite({.method = "POST"}, with_token) ==
        "host;x-amz-date;x-amz-security-token, "
        "Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
}

TEST_CASE("signature: paths are encoded twice, but for S3") {
  CHECK(of_suite({.path = "/\u1234"}) ==
        "host;x-amz-date, Signature=697b34846207a3f72246f99d74ae1ee4fe54f44bb06730c58a0d339eb079596d");
  CHECK(of_suite({.path = "/example space/"}) ==
        "host;x-amz-date, Signature=446b817944c553435b35e813c261ff4e161fff982d1bacdef1c87f6785dd1662");
}

TEST_CASE("signature: the examples of S3") {
  CHECK(of_bucket({.path = "/test.txt", .headers = {{"range", "bytes=0-9"}}}) ==
        "host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  CHECK(of_bucket({.method = "PUT",
                   .path = "/test$file.text",
                   .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                               {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                   .body = "Welcome to Amazon S3."}) ==
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
        "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  CHECK(of_bucket({.query = {{"lifecycle", ""}}}) ==
        "host;x-amz-content-sha256;x-amz-date, "
        "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  CHECK(of_bucket({.query = {{"max-keys", "2"}, {"prefix", "J"}}}) ==
        "host;x-amz-content-sha256;x-amz-date, "
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_CASE("signature: nothing is signed without both keys, and the token is sent") {
  CHECK_FALSE(error_of([] { sign({}, {"", "s"}, {"r", "s"}, 0); }).empty());
  CHECK_FALSE(error_of([] { sign({}, {"a", ""}, {"r", "s"}, 0); }).empty());
  const SignedRequest request = sign({}, {"a", "s", "t"}, {"r", "sts"}, 0);
  CHECK(request.get().headers.at("x-amz-security-token") == "t");
  CHECK(request.get().headers.at("x-amz-date") == "19700101T000000Z");
  CHECK_FALSE(request.get().headers.contains("x-amz-content-sha256"));
}

TEST_CASE("signature: credentials are hidden in texts") {
  const Credentials keys{"AKID", "s3cret", "tok/en+"};
  CHECK(keys.hide("x AKID y s3cret z tok/en+ AKID") == "x (hidden) y (hidden) z (hidden) (hidden)");
  CHECK(Credentials{"A", "B"}.hide("no") == "no");
}

TEST_CASE("addresses: host, port and path of an endpoint") {
  const Address address = Address::parse("http://127.0.0.1:9000/base/");
  CHECK(address.origin == "http://127.0.0.1:9000");
  CHECK(address.host == "127.0.0.1:9000");
  CHECK(address.prefix == "/base");
  CHECK(Address::parse("https://example.org:443").host == "example.org");
  CHECK(Address::parse("http://[::1]:80/").host == "[::1]");
  Request request{.address = address, .path = "/b/a b+\u00e9/%", .query = {{"uploads", ""}, {"a", "/ b"}}};
  CHECK(request.url() == "http://127.0.0.1:9000/base/b/a%20b%2B%C3%A9/%25?a=%2F%20b&uploads=");
  for (const char* bad :
       {"", "127.0.0.1", "ftp://x", "http://user:pass@x/", "http://x/?q=1", "file:///etc/passwd"}) {
    CAPTURE(bad);
    const std::string said = error_of([&] { Address::parse(bad); });
    CHECK_FALSE(said.empty());
    CHECK(said.find("pass@") == std::string::npos);
  }
}
