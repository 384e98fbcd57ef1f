// SPDX-License-Identifier: MIT
// Certificates of an authority of one's own: every client of the program trusts them where it is told to, and only
// them then.
#include "sentiment/cloud/s3.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/download.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/environment.hpp"
#include "sentiment/serving/client.hpp"
#include "sentiment/tls_server.hpp"
#include "support.hpp"

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;
using lstmlib::test::scratch;
namespace fs = std::filesystem;

namespace {

struct Place {
  Place() {
    variables.set("HOME", folder.string());
    variables.set("AWS_ACCESS_KEY_ID", "AKIDCERTIFICATES");
    variables.set("AWS_SECRET_ACCESS_KEY", "not-in-any-message");
    variables.set("AWS_REGION", "eu-west-3");
    variables.set("AWS_MAX_ATTEMPTS", "1");
    variables.set("AWS_ENDPOINT_URL", server.url());
  }
  /// What fetching an object says; "" where it came.
  std::string fetch() const {
    fs::remove(folder / "got");
    const std::string said = error_of([&] {
      const cloud::Session session = cloud::Session::find();
      cloud::S3(session).get_file({"films", "k"}, folder / "got", 100);
    });
    CHECK(fs::exists(folder / "got") == said.empty());
    return said;
  }

  fs::path folder = scratch("certificates");
  Authority authority{folder / "ours", "an authority for tests"},
      other{folder / "other", "another authority"};
  TlsServer server{authority, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nbytes"};
  NoCloudVariables variables;
};

}  // namespace

TEST_CASE("certificates: a server of an unknown authority is not trusted, and what to set is said") {
  const Place place;
  const std::string said = place.fetch();
  CAPTURE(said);
  CHECK(says(said, "certificate"));
  CHECK(says(said, "AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE may name"));
}

TEST_CASE(
    "certificates: the cloud's clients take those that are named, the nearest first, and no others then") {
  Place place;
  const std::string ours = place.authority.file.string(), other = place.other.file.string();
  for (const char* name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "AWS_CA_BUNDLE"}) {
    CAPTURE(name);
    place.variables.set(name, ours);
    CHECK(place.fetch() == "");
    place.variables.set(name, "");  // as if it were not set; never as if nothing were to be checked
    CHECK(says(place.fetch(), "certificate"));
  }
  place.variables.set("SSL_CERT_DIR", place.authority.folder.string());
  CHECK(place.fetch() == "");
  place.variables.set("SSL_CERT_FILE", other);
  CHECK(says(place.fetch(), "certificate"));
  place.variables.set("REQUESTS_CA_BUNDLE", ours);
  CHECK(place.fetch() == "");
  write_text(place.folder / ".aws" / "config", "[default]\nca_bundle = " + other + "\n");
  CHECK(says(place.fetch(), "certificate"));
  place.variables.set("AWS_CA_BUNDLE", ours);
  CHECK(place.fetch() == "");
  write_text(place.folder / ".aws" / "config", "[default]\nca_bundle = " + ours + "\n");
  place.variables.set("AWS_CA_BUNDLE", "");
  place.variables.set("REQUESTS_CA_BUNDLE", other);
  CHECK(place.fetch() == "");
}

TEST_CASE("certificates: a file that is not there, or is none, is named") {
  Place place;
  place.variables.set("AWS_CA_BUNDLE", (place.folder / "none.pem").string());
  CHECK(says(place.fetch(),
             "AWS_CA_BUNDLE: there is no file or folder of certificates " + place.folder.string()));
  write_text(place.folder / ".aws" / "config", "[default]\nca_bundle = nowhere\n");
  place.variables.set("AWS_CA_BUNDLE", "");
  CHECK(says(place.fetch(), "ca_bundle of profile default"));
  write_text(place.folder / "bad.pem", "no certificate");
  place.variables.set("AWS_CA_BUNDLE", (place.folder / "bad.pem").string());
  CHECK(says(place.fetch(), "bad.pem"));
}

TEST_CASE("certificates: downloads of data sets and questions to an endpoint take those of the environment") {
  Place place;
  const auto get = [&] {
    return error_of([&] {
      download({.address = place.server.url() + "/f",
                .target = place.folder / "data",
                .retries = {.attempts = 1}});
    });
  };
  const auto ask = [&] {
    return error_of([&] {
      const std::vector<std::string> sentences{"a film"};
      EndpointClient(place.server.url(), "e", 10).invoke(sentences, "text");
    });
  };
  CHECK(says(get(), "may name a file of certificates"));
  CHECK(says(ask(), "may name a file of certificates"));
  place.variables.set("SSL_CERT_FILE", place.authority.file.string());
  CHECK(get() == "");
  CHECK(read_text(place.folder / "data") == "bytes");
  CHECK_FALSE(says(ask(), "certificate"));  // the answer is none, but it is there
  CHECK_FALSE(ask().empty());
  place.variables.set("REQUESTS_CA_BUNDLE", "nowhere");
  CHECK(says(ask(), "REQUESTS_CA_BUNDLE: there is no file"));
}
