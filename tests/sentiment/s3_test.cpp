// SPDX-License-Identifier: MIT
#include "sentiment/cloud/s3.hpp"
#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/cloud/transfers.hpp"
#include "sentiment/cloud/xml_answer.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/loopback_cloud.hpp"
#include "support.hpp"

#include <csignal>
#include <map>

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::cloud;
using namespace sentiment::test;
using lstmlib::test::scratch;
namespace fs = std::filesystem;

namespace {

Session session_of(const LoopbackCloud& cloud) {
  Session session;
  session.credentials = {cloud.keys.access, cloud.keys.secret, cloud.keys.token};
  session.credentials_from = "the test";
  session.region = "eu-west-3";
  session.endpoints[""] = cloud.url();
  session.retries.first_pause = std::chrono::milliseconds(1);
  return session;
}

/// Bytes in which no part is like another.
std::string content(std::size_t size) {
  std::string text;
  for (int number = 0; text.size() < size; ++number) text += std::to_string(number) + ' ';
  text.resize(size);
  return text;
}

struct StoreTry {
  explicit StoreTry(const std::string& name)
      : folder(scratch(name)), session(session_of(cloud)), s3(session) {}
  fs::path file(const std::string& bytes) const {
    write_text(folder / "file", bytes);
    return folder / "file";
  }

  LoopbackCloud cloud;
  fs::path folder;
  Session session;
  S3 s3;
};

constexpr std::size_t mebibyte = 1 << 20;

}  // namespace

TEST_CASE("s3: addresses of objects") {
  CHECK(S3Uri::parse("s3://b-1.x/k/a b").bucket == "b-1.x");
  CHECK(S3Uri::parse("s3://b-1.x/k/a b").key == "k/a b");
  CHECK(S3Uri::parse("s3://bucket").key.empty());
  CHECK(S3Uri::parse("s3://bucket/").below("x").text() == "s3://bucket/x");
  CHECK(S3Uri::parse("s3://bucket/p").below("x/y").text() == "s3://bucket/p/x/y");
  for (const char* bad : {"", "bucket/key", "s3:/x/y", "s3://", "s3:///key", "s3://a/b", "s3://bu cket/x",
                          "s3://b@evil/x", "s3://b\n/x", "http://b/x"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(S3Uri::parse(bad), lstmlib::Error);
  }
}

TEST_CASE("s3: small files are one request, large ones are parts, all signed") {
  StoreTry t("s3_put");
  t.cloud.keys.token = "token/+=";
  t.session = session_of(t.cloud);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1000}, 8 * mebibyte - 1}) {
    t.s3.put_file(t.file(content(size)), {"films", "a b/\u00e9+"});
    CHECK(t.cloud.objects.at("/films/a%20b/%C3%A9%2B") == content(size));
  }
  CHECK(t.cloud.calls().size() == 3);
  std::uint64_t last = 0, total = 0;
  t.s3.put_file(t.file(content(17 * mebibyte + 5)), {"films", "big"},
                [&](std::uint64_t done, std::uint64_t of) {
                  CHECK(done >= last);
                  last = done;
                  total = of;
                });
  CHECK(t.cloud.objects.at("/films/big") == content(17 * mebibyte + 5));
  CHECK(total == 17 * mebibyte + 5);
  CHECK(t.cloud.calls().size() == 3 + 5);
  CHECK(t.cloud.signature_faults().empty());
}

TEST_CASE("s3: what may pass is tried again, a refusal is not") {
  StoreTry t("s3_retry");
  int count = 0;
  t.cloud.fault = [&](const LoopbackCloud::Call& call) -> std::optional<std::string> {
    if (call.operation != "PUT") return std::nullopt;
    switch (++count) {
      case 1: return xml_error("InternalError", "again", "500 Oops");
      case 2: return "";  // the connection is cut
      case 3: return xml_error("SlowDown", "again", "503 Slow Down");
      case 4: return xml_error("RequestTimeout", "again", "400 Bad Request");
      default: return std::nullopt;
    }
  };
  t.s3.put_file(t.file("x"), {"films", "k"});
  CHECK(t.cloud.objects.at("/films/k") == "x");
  CHECK(count == 5);

  count = 0;
  t.cloud.fault = [&](const LoopbackCloud::Call&) {
    ++count;
    return xml_error("SlowDown", "no", "503 Slow Down");
  };
  CHECK(says(error_of([&] {
               t.s3.put_file(t.file("x"), {"films", "k"});
             }),
             "s3://films/k: SlowDown: no (status 503)"));
  CHECK(count == 5);
  count = 0;
  t.cloud.fault = [&](const LoopbackCloud::Call&) {
    ++count;
    return reply("301 Moved Permanently",
                 "<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>",
                 "x-amz-bucket-region: us-west-1\r\nLocation: http://127.0.0.1:1/\r\n");
  };
  CHECK(says(error_of([&] {
               t.s3.put_file(t.file("x"), {"films", "k"});
             }),
             "the bucket is in the region us-west-1"));
  CHECK(count == 1);
}

TEST_CASE("s3: an upload in parts that fails is taken back") {
  StoreTry t("s3_abort");
  const fs::path file = t.file(content(9 * mebibyte));
  const auto failing = [&](const char* operation, const char* query, const std::string& instead) {
    t.cloud.fault = [=](const LoopbackCloud::Call& call) -> std::optional<std::string> {
      if (call.operation == operation && says(call.target, query)) return instead;
      return std::nullopt;
    };
    const std::size_t before = t.cloud.count("DELETE");
    const std::string said = error_of([&] { t.s3.put_file(file, {"films", "k"}); });
    CHECK(t.cloud.count("DELETE") == before + 1);
    CHECK_FALSE(t.cloud.objects.contains("/films/k"));
    return said;
  };
  CHECK(says(failing("PUT", "partNumber=2", xml_error("InternalError", "no", "500 Oops")),
             "InternalError: no"));
  CHECK(says(failing("PUT", "partNumber=1", reply("200 OK", "")), "has no ETag"));
  // S3 says 200 before it knows.
  CHECK(says(failing("POST", "uploadId=", xml_error("InvalidPart", "not there", "200 OK")),
             "InvalidPart: not there (status 200)"));
  CHECK(says(failing("POST", "uploadId=", reply("200 OK", "")), "the parts were not combined"));

  int count = 0;
  t.cloud.fault = [&](const LoopbackCloud::Call& call) -> std::optional<std::string> {
    if (call.operation == "POST" && says(call.target, "uploadId=") && ++count < 3)
      return xml_error("InternalError", "again", "200 OK");
    return std::nullopt;
  };
  t.s3.put_file(file, {"films", "k"});
  CHECK(t.cloud.objects.at("/films/k") == content(9 * mebibyte));

  for (const char* answer : {"", "<a>", "<a><UploadId></UploadId></a>",
                             "<!DOCTYPE a [<!ENTITY e 'x'>]><a><UploadId>&e;</UploadId></a>"}) {
    t.cloud.fault = [=](const LoopbackCloud::Call&) { return reply("200 OK", answer); };
    CHECK(says(error_of([&] { t.s3.put_file(file, {"films", "k"}); }), "has no UploadId"));
  }
}

TEST_CASE("s3: an interrupt ends an upload, which is taken back all the same") {
  StoreTry t("s3_interrupt");
  const fs::path file = t.file(content(17 * mebibyte));
  const lstmlib::train::SignalWatch watch;
  t.cloud.fault = [](const LoopbackCloud::Call& call) -> std::optional<std::string> {
    if (call.operation == "PUT" && says(call.target, "partNumber=2")) ::kill(::getpid(), SIGTERM);
    return std::nullopt;
  };
  int signal = 0;
  try {
    t.s3.put_file(file, {"films", "k"});
  } catch (const Interrupted& interrupted) { signal = interrupted.signal; }
  CHECK(signal == SIGTERM);
  CHECK(t.cloud.count("DELETE") == 1);
  CHECK_FALSE(t.cloud.objects.contains("/films/k"));
}

TEST_CASE("s3: a download is complete, or the old file stays") {
  StoreTry t("s3_get");
  const std::string bytes = content(3 * mebibyte);
  const fs::path file = t.folder / "got";
  t.cloud.objects["/films/k"] = bytes;
  int count = 0;
  t.cloud.fault = [&](const LoopbackCloud::Call&) -> std::optional<std::string> {
    ++count;
    if (count == 1) return reply("200 OK", bytes).substr(0, mebibyte);
    if (count == 2) return xml_error("InternalError", "again", "500 Oops");
    return std::nullopt;
  };
  t.s3.get_file({"films", "k"}, file, bytes.size());
  CHECK(read_text(file) == bytes);
  CHECK(count == 3);

  const auto refused = [&](const std::string& answer, std::uint64_t most) {
    write_text(file, "old");
    count = 0;
    t.cloud.fault = [&](const LoopbackCloud::Call&) {
      ++count;
      return answer;
    };
    const std::string said = error_of([&] { t.s3.get_file({"films", "k"}, file, most); });
    CHECK(read_text(file) == "old");
    CHECK(std::distance(fs::directory_iterator(t.folder), fs::directory_iterator()) == 1);
    return said;
  };
  CHECK_FALSE(refused(reply("200 OK", bytes).substr(0, mebibyte), bytes.size()).empty());
  CHECK(count == 5);
  CHECK(says(refused(reply("200 OK", bytes), bytes.size() - 1), "has more than"));
  CHECK(count == 1);
  CHECK(says(refused("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + bytes, bytes.size()),
             "does not say how long it is"));
  CHECK(says(refused(xml_error("NoSuchKey", "no", "404 Not Found"), 10),
             "s3://films/k: NoSuchKey: no (status 404)"));
  CHECK(count == 1);
  CHECK(says(refused(reply("404 Not Found", ""), 10), "s3://films/k: Not Found (status 404)"));
}

TEST_CASE("s3: a bucket is made where there is none") {
  StoreTry t("s3_bucket");
  t.s3.ensure_bucket("films");
  CHECK(t.cloud.calls().size() == 1);
  t.s3.ensure_bucket("other");
  REQUIRE(t.cloud.calls().size() == 3);
  CHECK(says(t.cloud.calls()[2].body, "<LocationConstraint>eu-west-3</LocationConstraint>"));
  t.cloud.fault = [](const LoopbackCloud::Call&) { return reply("403 Forbidden", ""); };
  CHECK(
      says(error_of([&] { t.s3.ensure_bucket("theirs"); }), "s3://theirs: the server refused (status 403)"));
  t.cloud.fault = [](const LoopbackCloud::Call& call) {
    return call.operation == "HEAD" ? reply("404 Not Found", "")
                                    : xml_error("BucketAlreadyOwnedByYou", "", "409 Conflict");
  };
  t.s3.ensure_bucket("ours");
}

TEST_CASE("s3: folders up, archives down") {
  StoreTry t("s3_folders");
  write_text(t.folder / "in" / "b.npz", "1");
  write_text(t.folder / "in" / "sub" / "a b", "2");
  CHECK(upload_folder(t.s3, t.folder / "in", {"films", "p/train"}, false) == 2);
  CHECK(t.cloud.objects ==
        std::map<std::string, std::string>{{"/films/p/train/b.npz", "1"}, {"/films/p/train/sub/a%20b", "2"}});
  make_folder(t.folder / "empty");
  CHECK(says(error_of([&] {
               upload_folder(t.s3, t.folder / "empty", {"films", "p"}, false);
             }),
             "it contains no file"));
  CHECK(says(error_of([&] {
               upload_folder(t.s3, t.folder / "none", {"films", "p"}, false);
             }),
             "none: is not a folder"));

  pack_folder(t.folder / "in", t.folder / "in.tar.gz");
  t.cloud.objects["/films/o.tar.gz"] = read_text(t.folder / "in.tar.gz");
  fetch_archive(t.s3, {"films", "o.tar.gz"}, t.folder / "out", {}, false);
  CHECK(read_text(t.folder / "out" / "sub" / "a b") == "2");
  CHECK(fetch_object(t.s3, {"films", "o.tar.gz"}, t.folder / "deep" / "er", 1 << 20, false) ==
        t.folder / "deep" / "er" / "o.tar.gz");
  for (const char* key : {"", "x/", "x/..", "."}) {
    CAPTURE(key);
    CHECK_THROWS_AS(fetch_object(t.s3, {"films", key}, t.folder, 10, false), lstmlib::Error);
  }
}

TEST_CASE("s3: credentials that a service repeats are hidden, and the log has none") {
  StoreTry t("s3_hidden");
  t.cloud.keys.token = "the-token-of-the-test";
  t.session = session_of(t.cloud);
  t.session.credentials.secret_key = "wrong";
  std::string log;
  t.session.log = [&](const std::string& line) { log += line + '\n'; };
  const std::string said = error_of([&] { t.s3.put_file(t.file("x"), {"films", "k"}); });
  CHECK(says(said, "s3://films/k: SignatureDoesNotMatch: "));
  CHECK(says(said, "(hidden)"));
  CHECK(says(said, "the credentials are from the test"));
  CHECK(says(log, "PUT http://127.0.0.1"));
  CHECK(says(log, "403 SignatureDoesNotMatch"));
  for (const auto& text : {said, log})
    for (const auto& secret : {t.cloud.keys.access, t.cloud.keys.token})
      CHECK_FALSE(says(text, secret.c_str()));
}

TEST_CASE("xml: the few values of answers") {
  const auto answer = parse_xml(
      "<?xml version=\"1.0\"?><r:R xmlns:r=\"u\"><A><Code>x &amp; y</Code></A><Code>second</Code><B/> "
      "<C>1<D/>2</C></r:R>");
  REQUIRE(answer);
  CHECK(answer->root == "R");
  CHECK(answer->text("Code") == "x & y");
  CHECK(answer->text("B").empty());
  CHECK(answer->text("C").empty());
  CHECK(answer->text("none").empty());
  std::string deep, wide = "<a>";
  for (int i = 0; i < 40; ++i) deep += "<a>";
  for (int i = 0; i < 40; ++i) deep += "</a>";
  for (int i = 0; i < 10001; ++i) wide += "<b/>";
  for (const std::string& bad :
       {std::string(), std::string("x"), std::string("<a>"), std::string("<a></b>"), deep, wide + "</a>",
        std::string("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"),
        "<a>" + std::string(1 << 20, ' ') + "</a>"})
    CHECK_FALSE(parse_xml(bad));
}
