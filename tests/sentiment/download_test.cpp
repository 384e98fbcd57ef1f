// SPDX-License-Identifier: MIT
#include "sentiment/data/download.hpp"
#include "sentiment/error_of.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/sha256.hpp"
#include "sentiment/http_server.hpp"
#include "support.hpp"

using lstmlib::test::says;
using namespace sentiment;
using namespace sentiment::test;
using lstmlib::test::scratch;

namespace {

/// 200,000 bytes in which no piece is like another.
const std::string& content() {
  static const std::string text = [] {
    std::string numbers;
    for (int number = 0; numbers.size() < 200000; ++number) numbers += std::to_string(number) + ' ';
    return numbers;
  }();
  return text;
}

std::string content_hash() {
  const auto file = scratch("download_hash") / "content";
  write_text(file, content());
  return sha256_of_file(file);
}

struct DownloadTry {
  explicit DownloadTry(const std::string& name) : folder(scratch(name)) {}
  std::filesystem::path folder;
  std::filesystem::path target() const { return folder / "corpus.txt"; }
  std::filesystem::path part() const { return folder / "corpus.txt.part"; }
  Download from(const std::string& address, const std::string& sha256 = content_hash()) const {
    return {.address = address,
            .target = target(),
            .sha256 = sha256,
            .retries = {4, std::chrono::milliseconds(1)}};
  }
  bool holds_content() const { return read_text(target()) == content() && !std::filesystem::exists(part()); }
  bool is_empty() const { return std::filesystem::is_empty(folder); }
};

}  // namespace

TEST_CASE("SHA-256 is the standard's") {
  const auto file = scratch("download_sha") / "abc";
  write_text(file, "abc");
  CHECK(sha256_of_file(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK_THROWS_AS(sha256_of_file(file.string() + "x"), lstmlib::FileError);
}

TEST_CASE("a file is downloaded, checked and named") {
  const DownloadTry attempt("download_fresh");
  const HttpServer server([](const HttpRequest&) { return whole(content()); });
  download(attempt.from(server.address("data/corpus.txt")));
  CHECK(attempt.holds_content());
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].path == "/data/corpus.txt");
  CHECK(says(server.requests()[0].head, "User-Agent: lstmlib/"));
}

TEST_CASE("a file without a known hash is downloaded where the server says how long it is") {
  const DownloadTry attempt("download_unknown");
  const HttpServer server([](const HttpRequest&) { return whole(content()); });
  download(attempt.from(server.address(), ""));
  CHECK(attempt.holds_content());

  const DownloadTry cut("download_unknown_cut");
  const HttpServer vague(
      [](const HttpRequest&) { return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + content(); });
  CHECK(
      says(error_of([&] { download(cut.from(vague.address(), "")); }), "does not say how long the file is"));
  CHECK_FALSE(std::filesystem::exists(cut.target()));
  download(cut.from(vague.address()));  // with its hash it is safe
  CHECK(cut.holds_content());
}

TEST_CASE("a download that an earlier run left goes on where it ended") {
  const DownloadTry attempt("download_resumed");
  write_text(attempt.part(), content().substr(0, 70000));
  const HttpServer server([](const HttpRequest& request) { return rest(content(), request.range_start()); });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());
  REQUIRE(server.requests().size() == 1);
  CHECK(server.requests()[0].range_start() == 70000);
}

TEST_CASE("a whole piece that lacks its name is not asked for again") {
  const DownloadTry attempt("download_whole_part");
  write_text(attempt.part(), content());
  const HttpServer server([](const HttpRequest&) { return refused("500 Oops"); });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());
  CHECK(server.requests().empty());
}

TEST_CASE("a server without ranges sends the whole file, and the piece goes") {
  const DownloadTry attempt("download_no_range");
  write_text(attempt.part(), "some old piece");
  const HttpServer server([](const HttpRequest&) { return whole(content()); });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());
}

TEST_CASE("a piece of another file is found out by the hash, and the file is fetched anew") {
  const DownloadTry attempt("download_other_piece");
  write_text(attempt.part(), std::string(70000, 'x'));
  const HttpServer server([](const HttpRequest& request) {
    return request.range_start() > 0 ? rest(content(), request.range_start()) : whole(content());
  });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());
  CHECK(server.requests().size() == 2);
}

TEST_CASE("a piece that is longer than the file is thrown away") {
  const DownloadTry attempt("download_too_long_piece");
  write_text(attempt.part(), content() + "more");
  const HttpServer server([](const HttpRequest& request) {
    return request.range_start() > 0 ? refused("416 Range Not Satisfiable") : whole(content());
  });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());
}

TEST_CASE("a range that was not asked for is not taken") {
  const DownloadTry attempt("download_wrong_range");
  write_text(attempt.part(), content().substr(0, 70000));
  const HttpServer server([](const HttpRequest& request) {
    return request.range_start() > 0 ? rest(content(), 60000) : whole(content());
  });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());

  // Without a hash nothing else would find it out.
  const DownloadTry unknown("download_wrong_range_unknown");
  int count = 0;
  const HttpServer wrong([&](const HttpRequest& request) {
    const std::string tag = "ETag: \"one\"\r\n";
    if (++count == 1) return whole(content(), tag).substr(0, 80000);
    return request.range_start() > 0 ? rest(content(), request.range_start() - 1000, tag)
                                     : whole(content(), tag);
  });
  download(unknown.from(wrong.address(), ""));
  CHECK(unknown.holds_content());
  CHECK(count == 3);
}

TEST_CASE("a file with another hash is refused and nothing of it stays") {
  const DownloadTry attempt("download_wrong_hash");
  const HttpServer server([](const HttpRequest&) { return whole(content() + "!"); });
  const std::string said = error_of([&] { download(attempt.from(server.address())); });
  CHECK(says(said, "the file is not the expected one: its SHA-256 is"));
  CHECK_THROWS_AS(download(attempt.from(server.address())), lstmlib::FormatError);
  CHECK(attempt.is_empty());
}

TEST_CASE("a file that is not there is not asked for twice") {
  const DownloadTry attempt("download_404");
  const HttpServer server([](const HttpRequest&) { return refused("404 Not Found"); });
  CHECK(says(error_of([&] { download(attempt.from(server.address())); }),
             "the server responded with status 404"));
  CHECK(server.requests().size() == 1);
  CHECK(attempt.is_empty());
}

TEST_CASE("a cut connection is taken up again where it broke") {
  const DownloadTry attempt("download_cut");
  const HttpServer server([](const HttpRequest& request) {
    const std::size_t start = request.range_start();
    const std::string answer = start > 0 ? rest(content(), start) : whole(content());
    return start > 150000 ? answer : answer.substr(0, 80000);
  });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());
  CHECK(server.requests().size() == 3);
}

TEST_CASE("without a hash a cut connection goes on only within one version of the file") {
  const DownloadTry attempt("download_cut_unknown");
  int count = 0;
  const HttpServer server([&](const HttpRequest& request) {
    const std::string tag = ++count < 3 ? "ETag: \"one\"\r\n" : "ETag: \"two\"\r\n";
    const bool same = says(request.head, "If-Range: \"one\"") && count < 3;
    const std::string answer = same ? rest(content(), request.range_start(), tag) : whole(content(), tag);
    return count < 3 ? answer.substr(0, 80000) : answer;
  });
  download(attempt.from(server.address(), ""));
  CHECK(attempt.holds_content());
  REQUIRE(server.requests().size() == 3);
  CHECK(server.requests()[1].range_start() > 0);
  CHECK(server.requests()[2].range_start() > server.requests()[1].range_start());

  const DownloadTry untagged("download_cut_untagged");
  int again = 0;
  const HttpServer plain([&](const HttpRequest&) {
    return ++again == 1 ? whole(content()).substr(0, 80000) : whole(content());
  });
  download(untagged.from(plain.address(), ""));
  CHECK(untagged.holds_content());
  CHECK(plain.requests()[1].range_start() == 0);
}

TEST_CASE("a connection that is always cut ends after some attempts, and the piece stays for the next run") {
  const DownloadTry attempt("download_always_cut");
  const HttpServer server([](const HttpRequest& request) {
    const std::size_t start = request.range_start();
    return (start > 0 ? rest(content(), start) : whole(content())).substr(0, 10000);
  });
  CHECK_THROWS_AS(download(attempt.from(server.address())), UnavailableError);
  CHECK(server.requests().size() == 4);
  CHECK_FALSE(std::filesystem::exists(attempt.target()));
  CHECK(content().starts_with(read_text(attempt.part())));
}

TEST_CASE("a server that fails is asked again") {
  const DownloadTry attempt("download_500");
  int count = 0;
  const HttpServer server([&](const HttpRequest&) {
    return ++count < 3 ? refused(count == 1 ? "500 Oops" : "503 Service Unavailable") : whole(content());
  });
  download(attempt.from(server.address()));
  CHECK(attempt.holds_content());
  CHECK(count == 3);

  const DownloadTry never("download_503");
  const HttpServer broken([](const HttpRequest&) { return refused("503 Service Unavailable"); });
  CHECK(says(error_of([&] { download(never.from(broken.address())); }),
             "the server responded with status 503 (4 attempts)"));
  CHECK(never.is_empty());
}

TEST_CASE("a file that is too large is not taken") {
  const DownloadTry attempt("download_large");
  for (const bool announced : {true, false}) {
    const HttpServer server([&](const HttpRequest&) {
      return announced ? whole(content()) : "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + content();
    });
    Download wanted = attempt.from(server.address());
    wanted.max_bytes = content().size() - 1;
    CHECK(says(error_of([&] { download(wanted); }), "the file is larger than"));
    CHECK(attempt.is_empty());
  }
}

TEST_CASE("without a network the error comes at once") {
  const DownloadTry attempt("download_no_network");
  std::string address;
  {
    const HttpServer gone([](const HttpRequest&) { return std::string(); });
    address = gone.address();
  }
  const auto start = std::chrono::steady_clock::now();
  CHECK_THROWS_AS(download(attempt.from(address)), UnavailableError);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
  CHECK(attempt.is_empty());
}

TEST_CASE("a redirection away from https is not followed") {
  const DownloadTry attempt("download_redirect");
  const HttpServer server([](const HttpRequest&) {
    return "HTTP/1.1 302 Found\r\nLocation: http://example.invalid/\r\nContent-Length: 0\r\n\r\n";
  });
  CHECK_THROWS_AS(download(attempt.from(server.address())), UnavailableError);
  CHECK(server.requests().size() == 1);
}

TEST_CASE("addresses are https, or http to this machine") {
  for (const char* fine : {"https://example.org/data/", "http://127.0.0.1:8080/x", "http://localhost/x",
                           "http://[::1]:99/x", "http://127.8.9.1/x"}) {
    CAPTURE(fine);
    CHECK_NOTHROW(check_address(fine));
  }
  for (const char* bad :
       {"http://example.org/", "ftp://127.0.0.1/", "file:///etc/passwd", "http://127.0.0.1.example.org/",
        "http://localhost.example.org/", "http://127.0.0.1@example.org/", "http://128.0.0.1/", "", "x y"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(check_address(bad), lstmlib::Error);
  }
}

TEST_CASE("several threads may want one file: one downloads it") {
  const DownloadTry attempt("download_together");
  const HttpServer server([](const HttpRequest&) { return whole(content()); });
  const std::string hash = content_hash();
  std::vector<std::thread> threads;
  std::atomic<int> failures = 0;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&] {
      try {
        download(attempt.from(server.address(), hash));
      } catch (const std::exception&) { ++failures; }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(failures == 0);
  CHECK(attempt.holds_content());
  CHECK(server.requests().size() == 1);
}
