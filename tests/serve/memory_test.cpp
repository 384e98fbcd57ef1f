// SPDX-License-Identifier: MIT
// A server whose operator new fails: any allocation, in any of its threads. A request gets its answer, 503 or the
// end of its connection, and afterwards all is as before.
#include "http_client.hpp"
#include "lstmlib/serve/job.hpp"
#include "lstmlib/serve/server.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Allocations of threads that are not `spared` until the one that fails; 0: none fails.
std::atomic<long> until_failure{0};
/// How many fail then.
std::atomic<long> failures{0};
thread_local bool spared = false;

bool fails() {
  if (spared || until_failure.load(std::memory_order_relaxed) == 0) return false;
  if (until_failure.fetch_sub(1) > 1) return false;
  until_failure = failures.fetch_sub(1) > 1 ? 1 : 0;
  return true;
}
void* allocate(std::size_t bytes, std::size_t alignment = 16) {
  void* block =
      fails() ? nullptr : std::aligned_alloc(alignment, (bytes + alignment) / alignment * alignment);
  if (!block) throw std::bad_alloc();
  return block;
}

}  // namespace

// Never inlined: where one of a pair is and the other is not, g++ warns that they do not match.
[[gnu::noinline]] void* operator new(std::size_t bytes) { return allocate(bytes); }
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return fails() ? nullptr : std::malloc(bytes);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* data) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, std::size_t) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, const std::nothrow_t&) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, std::align_val_t) noexcept { std::free(data); }
[[gnu::noinline]] void operator delete(void* data, std::size_t, std::align_val_t) noexcept {
  std::free(data);
}

using namespace lstmlib;
using namespace std::chrono_literals;
using test::HttpFields;
using test::NoReply;
using test::WireClient;

namespace {

/// Counts the bytes of its body, in as many rows.
class CountingJob final : public serve::Job {
 public:
  void read() override { copy_ = request.body; }
  std::size_t rows() const override { return copy_.size() + 1; }
  std::size_t cost(std::size_t) const override { return 1; }
  const void* group() const override { return &types; }
  void compute(std::span<const serve::Part> parts) const override {
    for (const auto& part : parts) static_cast<CountingJob*>(part.job)->sum_ += part.count;
  }
  serve::Content write() override {
    return {"text/plain", "rows: " + std::to_string(sum_) + std::string(100, ' ')};
  }
  static constexpr std::string_view types[] = {"text/plain"};

 private:
  std::string copy_;
  std::atomic<std::size_t> sum_{0};
};

std::string packed(const std::string& text) {
  std::string made(text.size() + 100, '\0');
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(made.data());
  stream.avail_out = static_cast<uInt>(made.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  made.resize(stream.total_out);
  deflateEnd(&stream);
  return made;
}

}  // namespace

TEST_CASE("memory: whichever allocation of the server fails, the request alone suffers") {
  spared = true;
  serve::ServerOptions options;
  options.port = 0;
  options.queue.threads = 2;
  options.queue.max_batch_cost = 256;
  std::atomic<int> lines = 0;
  options.access_log = [&](std::string_view) { ++lines; };
  const auto server = serve::make_server<>(options);
  server->post("/count",
               {[] { return std::make_shared<CountingJob>(); }, CountingJob::types, CountingJob::types, {}});
  server->ready();
  std::thread thread([&] { server->run(); });
  const std::uint16_t port = server->port();
  CHECK(test::ask(port, "GET", "/ping").status == 200);  // it runs

  struct Case {
    const char* what;
    std::string sent;
    int status;
  };
  const auto post = [](const std::string& body, const HttpFields& fields = {}) {
    return WireClient::request("POST", "/count", fields, body);
  };
  const std::vector<Case> cases{
      {"small, in the loop", post("abc"), 200},
      {"in the queue", post(std::string(500, 'x')), 200},
      {"long", post(std::string(5000, 'x')), 200},
      {"with a long body", post(std::string(40000, 'x')), 200},
      {"compressed", post(packed(std::string(3000, 'x')), {{"Content-Encoding", "gzip"}}), 200},
      {"chunked",
       "POST /count HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: "
       "y\r\n\r\n",
       200},
      {"pipelined", post("abc") + post("abc") + WireClient::request("GET", "/ping"), 200},
      {"metrics", WireClient::request("GET", "/metrics"), 200},
      {"nothing there", WireClient::request("GET", "/nothing"), 404},
      {"no HTTP", "NONSENSE\r\n\r\n", 400}};
  int answered = 0, short_of_memory = 0, closed = 0;
  for (const long burst : {1, 3, 1000})
    for (const Case& one : cases)
      for (long nth = 1; nth <= (burst == 1 ? 80 : 30); ++nth) {
        CAPTURE(one.what);
        CAPTURE(nth);
        CAPTURE(burst);
        const auto start = std::chrono::steady_clock::now();
        try {
          std::optional<WireClient> client;
          if (nth % 2) client.emplace(port, 10);  // else accepting fails, too
          failures = burst;
          until_failure = nth;
          if (!client) client.emplace(port, 10);
          client->send(one.sent);
          const int status = client->reply().status;
          CHECK((status == one.status || status == 503));
          ++(status == 503 ? short_of_memory : answered);
        } catch (const NoReply&) { ++closed; }
        until_failure = 0;
        CHECK(std::chrono::steady_clock::now() - start < 8s);
      }
  MESSAGE(answered, " answers, ", short_of_memory, " times 503, ", closed, " connections ended");
  CHECK(answered > 0);
  CHECK(short_of_memory > 0);
  CHECK(closed > 0);

  CHECK(test::ask(port, "POST", "/count", {}, std::string(5000, 'x')).body.starts_with("rows: 5001 "));
  const auto has = [&](const char* line) { return server->metrics().find(line) != std::string::npos; };
  bool clean = false;
  for (int i = 0; i < 1000 && !clean; ++i, std::this_thread::sleep_for(5ms))
    clean = has("lstmlib_serve_connections 0\n") && has("lstmlib_serve_held_bytes 0\n") &&
            has("lstmlib_serve_waiting_requests 0\n");
  CHECK(clean);
  server->stop();
  thread.join();
  CHECK(lines > 0);
  spared = false;
}

TEST_CASE("memory: compressed bodies are unpacked within bounds, or refused") {
  serve::ServerOptions options;
  options.port = 0;
  options.max_body_bytes = 1 << 20;
  const auto server = serve::make_server<>(options);
  server->post("/count",
               {[] { return std::make_shared<CountingJob>(); }, CountingJob::types, CountingJob::types, {}});
  server->ready();
  std::thread thread([&] { server->run(); });
  const auto ask = [&](const std::string& body, const std::string& coding) {
    return test::ask(server->port(), "POST", "/count", {{"Content-Encoding", coding}}, body);
  };
  const std::string text(100000, 'x'), gzip = packed(text);
  for (const char* coding : {"gzip", "GZIP", "x-gzip", " gzip , identity"})
    CHECK(ask(gzip, coding).body.starts_with("rows: 100001 "));
  std::string zlib(1000, '\0');
  uLongf size = zlib.size();
  REQUIRE(compress(reinterpret_cast<Bytef*>(zlib.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
                   5000) == Z_OK);
  CHECK(ask(zlib.substr(0, size), "deflate").body.starts_with("rows: 5001 "));
  CHECK(ask(gzip + gzip, "gzip").body.starts_with("rows: 200001 "));  // joined files
  CHECK(ask(packed(std::string(1 << 20, 'x')), "gzip").status == 200);
  CHECK(ask(packed(std::string((1 << 20) + 1, 'x')), "gzip").status == 413);
  CHECK(ask(packed(std::string(100 << 20, 'x')), "gzip").status == 413);  // a bomb
  for (const std::string& damaged :
       {gzip.substr(0, gzip.size() - 1), gzip.substr(0, 5), gzip + "x", text, std::string()})
    CHECK(ask(damaged, "gzip").status == 400);
  const auto refused = ask("x", "br");
  CHECK(refused.status == 415);
  CHECK(refused.body.find("Content-Encoding br") != std::string::npos);
  CHECK(ask(packed(gzip), "gzip, gzip").status == 415);
  server->stop();
  thread.join();
}
