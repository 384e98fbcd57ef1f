// SPDX-License-Identifier: MIT
// The server over a loopback: HTTP's rules, limits, time-outs, and stopping, with small handlers.
#include "lstmlib/core.hpp"
#include "lstmlib/io/npy.hpp"
#include "serve/echo_server.hpp"
#include "support.hpp"

#include <atomic>
#include <fstream>
#include <thread>

using namespace lstmlib;
using namespace std::chrono_literals;
using test::ask;
using test::Echo;
using test::HttpReply;
using test::NoReply;
using test::Running;
using test::WireClient;

namespace {

HttpReply raw(std::uint16_t port, const std::string& bytes) {
  WireClient client(port, 5);
  client.send(bytes);
  return client.reply();
}

}  // namespace

TEST_CASE("server: the routes of a hosting container") {
  Running<Echo> server;
  const auto port = server.port();
  const HttpReply ping = ask(port, "GET", "/ping?x=1");
  CHECK(ping.status == 200);
  CHECK(ping.body.empty());
  CHECK(ask(port, "HEAD", "/ping").status == 200);
  CHECK(ask(port, "POST", "/invocations", {}, "abc").body == "cba");
  CHECK(ask(port, "POST", "/endpoints/any-name/invocations?q", {}, "abc").body == "cba");
  const HttpReply parameters = ask(port, "GET", "/execution-parameters");
  CHECK(parameters.body.find("\"BatchStrategy\": \"MULTI_RECORD\"") != std::string::npos);
  CHECK(ask(port, "GET", "/metrics").body.find("lstmlib_serve_requests_total{code=\"200\"}") !=
        std::string::npos);
}

TEST_CASE("server: an answer to HEAD has no body, so that the next one on the connection is read right") {
  Running<Echo> server;
  WireClient client(server.port());
  const HttpReply answer = client.ask("GET", "/execution-parameters");
  REQUIRE(!answer.body.empty());
  for (const char* path : {"/execution-parameters", "/nothing", "/invocations", "/metrics"}) {
    CAPTURE(path);
    const HttpReply head = client.ask("HEAD", path);
    CHECK(std::stoul(head.fields.at("content-length")) > 0);  // of the body that GET has
    const HttpReply next = client.ask("GET", "/execution-parameters");
    CHECK(next.status == 200);
    CHECK(next.body == answer.body);
  }
}

TEST_CASE("server: one connection more than may be waits until another is gone") {
  serve::ServerOptions options;
  options.max_connections = 2;
  Running<Echo> server(options);
  const auto port = server.port();
  auto first = std::make_unique<WireClient>(port);
  WireClient second(port);
  CHECK(first->ask("GET", "/ping").status == 200);
  CHECK(second.ask("GET", "/ping").status == 200);
  WireClient third(port, 1);  // connects, as the system takes it, but gets no answer
  third.send(WireClient::request("GET", "/ping"));
  CHECK_THROWS_WITH_AS(third.reply(), "no answer", NoReply);
  CHECK(second.ask("POST", "/invocations", {}, "ab").body == "ba");
  first.reset();
  for (int i = 0; i < 19; ++i) try {
      CHECK(third.reply().status == 200);
      break;
    } catch (const NoReply&) {  // on a busy machine
      REQUIRE(i < 18);
    }
}

TEST_CASE("server: errors are JSON, and name the methods that a path has") {
  Running<Echo> server;
  const auto port = server.port();
  const HttpReply missing = ask(port, "GET", "/nothing");
  CHECK(missing.status == 404);
  CHECK(missing.fields.at("content-type") == "application/json");
  CHECK(missing.body == R"({"error":"Not Found","error-message":"no such path",)"
                        R"("message":"no such path"})");
  for (const char* path :
       {"/endpoints//invocations", "/endpoints/a/b/invocations", "/endpoints/a/invocations/", "/ping/"})
    CHECK(ask(port, "POST", path).status == 404);
  CHECK(ask(port, "GET", "/invocations").fields.at("allow") == "OPTIONS, POST");
  CHECK(ask(port, "DELETE", "/invocations").status == 405);
  CHECK(ask(port, "PUT", "/invocations", {}, "x").status == 405);
  CHECK(ask(port, "POST", "/ping", {}, "x").fields.at("allow") == "GET, HEAD, OPTIONS");
  const HttpReply head = ask(port, "HEAD", "/invocations");
  CHECK(head.status == 405);
  CHECK(ask(port, "POST", "/invocations", {}, "bad").body ==
        R"({"error":"Bad Request","error-message":"a bad body","message":"a bad body"})");
  CHECK(ask(port, "POST", "/invocations", {}, "fault").status == 500);
  CHECK(ask(port, "POST", "/invocations", {}, "good").status == 200);
}

TEST_CASE("server: one connection serves many requests, pipelined ones in order, and survives errors") {
  Running<Echo> server;
  WireClient client(server.port());
  for (int i = 0; i < 50; ++i)
    CHECK(client.ask("POST", "/invocations", {}, "n" + std::to_string(i)).status == 200);
  CHECK(client.ask("PUT", "/invocations", {}, std::string(100000, 'x')).status == 405);
  CHECK(client.ask("POST", "/invocations", {}, "bad").status == 400);
  std::string many;
  for (int i = 100; i < 140; ++i)
    many += WireClient::request("POST", "/invocations", {}, std::to_string(i)) +
            WireClient::request("GET", "/ping");
  client.send(many);
  for (int i = 100; i < 140; ++i) {
    std::string text = std::to_string(i);
    CHECK(client.reply().body == std::string(text.rbegin(), text.rend()));
    CHECK(client.reply().body.empty());
  }
  CHECK(client.ask("POST", "/invocations", {{"Connection", "close"}}, "ab").body == "ba");
  CHECK(client.closed());
}

TEST_CASE("server: chunks with extensions and trailers, a body byte by byte, Expect, HTTP/1.0") {
  Running<Echo> server;
  WireClient client(server.port());
  client.send(
      "POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
      "Chunked\r\n\r\n3;a=b\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: 1\r\n\r\n");
  CHECK(client.reply().body == "edcba");
  for (const char c : WireClient::request("POST", "/invocations", {}, "slowly")) client.send({&c, 1});
  CHECK(client.reply().body == "ylwols");
  client.send("POST /invocations HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n");
  CHECK(client.reply(false, true).status == 100);
  client.send("ab");
  CHECK(client.reply().body == "ba");
  client.send("POST http://elsewhere/invocations?x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
  CHECK(client.reply().body == "ba");
  client.send("POST /invocations HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nab");
  CHECK(client.reply().fields.at("connection") == "keep-alive");
  client.send("POST /invocations HTTP/1.0\r\nContent-Length: 2\r\n\r\nab");
  CHECK(client.reply().body == "ba");
  CHECK(client.closed());
}

TEST_CASE("server: what is no clear request is refused, and its connection closed") {
  Running<Echo> server;
  const auto port = server.port();
  const std::string head = "POST /invocations HTTP/1.1\r\nHost: x\r\n";
  CHECK(raw(port, "NONSENSE\r\n\r\n").status == 400);
  CHECK(raw(port, head + "Content-Length: -5\r\n\r\n").status == 400);
  CHECK(raw(port, head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef").status == 400);
  CHECK(raw(port, head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde").status == 400);
  CHECK(raw(port, head + "Content-Length: 5, 5\r\n\r\nabcde").status == 400);
  CHECK(raw(port, head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").status == 400);
  CHECK(raw(port, head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n").status == 501);
  CHECK(raw(port, head + "Transfer-Encoding: identity\r\n\r\n").status == 400);
  CHECK(raw(port, head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n").status == 400);
  CHECK(raw(port, head + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n").status == 413);
  CHECK(raw(port, "GET /ping HTTP/1.1\r\n\r\n").status == 400);
  CHECK(raw(port, "GET /ping HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").status == 400);
  CHECK(raw(port, "GET /ping HTTP/1.1\r\nHost: x\r\nX: " + std::string(100000, 'a') + "\r\n\r\n").status ==
        431);
  CHECK(ask(port, "GET", "/ping", {{"X", std::string(60000, 'a')}}).status == 200);
  WireClient client(port);
  client.send("NONSENSE\r\n\r\n");
  CHECK(client.reply().fields.at("connection") == "close");
  CHECK(client.closed());
}

TEST_CASE("server: a body above the limit is refused at its header, or in the chunk that passes it") {
  serve::ServerOptions options;
  options.max_body_bytes = 1 << 20;
  Running<Echo> server(options);
  const auto port = server.port();
  CHECK(ask(port, "POST", "/invocations", {}, std::string(1 << 20, 'x')).status == 200);
  CHECK(raw(port, "POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n").status == 413);
  CHECK(
      raw(port,
          "POST /invocations HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n")
          .status == 413);
  WireClient chunked(port);
  chunked.send("POST /invocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "40000\r\n" + std::string(0x40000, 'x') + "\r\n";
  for (int i = 0; i < 5; ++i) chunked.send(chunk);
  CHECK(chunked.reply().status == 413);
  WireClient whole(port);  // all of a body that is too large is sent before the answer is read
  whole.send(WireClient::request("POST", "/invocations", {}, std::string(8 << 20, 'x')));
  CHECK(whole.reply().status == 413);
}

TEST_CASE("server: the memory of all bodies and answers is bounded") {
  serve::ServerOptions options;
  options.max_memory_bytes =
      6 << 20;  // more than is held in the end: a body that grows is there twice for a moment
  Running<Echo> server(options);
  const auto port = server.port();
  std::vector<std::unique_ptr<WireClient>> halves;
  for (int i = 0; i < 3; ++i) {
    halves.push_back(std::make_unique<WireClient>(port));
    halves.back()->send("POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 1350000\r\n\r\n" +
                        std::string(1300000, 'x'));
  }
  const auto held = [&](double least, double most) {  // a full window can hold up what was sent for some time
    for (int i = 0; i < 2000; ++i, std::this_thread::sleep_for(5ms)) {
      const std::string text = ask(port, "GET", "/metrics").body;
      const double bytes = std::stod(text.substr(text.find("\nlstmlib_serve_held_bytes ") + 26));
      if (bytes >= least && bytes <= most) return true;
    }
    return false;
  };
  REQUIRE(held(3 * 1350000, 3 * 1351000));
  CHECK(ask(port, "POST", "/invocations", {}, std::string(2000000, 'x')).status == 503);
  CHECK(ask(port, "GET", "/ping").status == 200);
  halves.clear();
  REQUIRE(held(0, 1000));
  CHECK(ask(port, "POST", "/invocations", {}, std::string(2000000, 'x')).status == 200);
}

TEST_CASE("server: stalled clients are closed, and hold up nobody") {
  serve::ServerOptions options;
  options.idle_timeout = 1s;
  options.header_timeout = 2s;
  Running<Echo> server(options);
  const auto port = server.port();
  WireClient silent(port), half_header(port), half_body(port);
  half_header.send("POST /invocations HTTP/1.1\r\nHost: x\r\nContent-");
  half_body.send("POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  WireClient greedy(port, 20, 4096);  // asks for a long answer and does not read it
  greedy.send(WireClient::request("POST", "/invocations", {}, "long"));
  const auto start = std::chrono::steady_clock::now();
  CHECK(ask(port, "GET", "/ping").status == 200);
  CHECK(ask(port, "POST", "/invocations", {}, "ab").status == 200);
  CHECK(std::chrono::steady_clock::now() - start < 1s);
  CHECK(silent.closed());
  CHECK(half_header.closed());
  CHECK(half_body.closed());
  // Never idle for long, but its header takes too long. It connects only now: else it would be closed as idle.
  WireClient dripping(port);
  bool dropped = false;
  try {
    dripping.send("GET /ping HTTP/1.1\r\nX: ");
    for (int i = 0; i < 40; ++i) {
      dripping.send("a");
      std::this_thread::sleep_for(100ms);
    }
  } catch (const NoReply&) { dropped = true; }
  CHECK(dropped);
  std::this_thread::sleep_for(500ms);
  CHECK(ask(port, "GET", "/metrics").body.find("lstmlib_serve_connections 1\n") != std::string::npos);
}

TEST_CASE("server: a slow reader gets its whole answer; clients that reset do no harm") {
  Running<Echo> server;
  const auto port = server.port();
  WireClient slow(port, 20, 8192);
  slow.send(WireClient::request("POST", "/invocations", {}, "long"));
  for (int i = 0; i < 50; ++i) {
    WireClient gone(port);
    gone.send(WireClient::request("POST", "/invocations", {}, i % 2 ? "long" : "ab"));
    gone.reset();
  }
  std::this_thread::sleep_for(100ms);
  CHECK(ask(port, "GET", "/ping").status == 200);
  CHECK(slow.reply().body.size() == 8 << 20);
}

TEST_CASE("server: request ids and custom attributes come back; the access log is one JSON object a line") {
  std::mutex mutex;
  std::vector<std::string> lines;
  serve::ServerOptions options;
  options.access_log = [&](std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  };
  {
    Running<Echo> server(options);
    const auto port = server.port();
    const HttpReply reply =
        ask(port, "POST", "/invocations",
            {{"X-Request-Id", "id \"7\""}, {"X-Amzn-SageMaker-Custom-Attributes", "trace=abc-123"}}, "ab");
    CHECK(reply.fields.at("x-request-id") == "id \"7\"");
    CHECK(reply.fields.at("x-amzn-sagemaker-custom-attributes") == "trace=abc-123");
    const HttpReply odd =
        ask(port, "GET", "/\xC3\x28\"", {{"X-Amzn-SageMaker-Custom-Attributes", std::string(1025, 'a')}});
    CHECK(odd.status == 400);
    CHECK(odd.fields.at("x-request-id") != ask(port, "GET", "/ping").fields.at("x-request-id"));
    CHECK_FALSE(odd.fields.contains("x-amzn-sagemaker-custom-attributes"));
    CHECK(ask(port, "POST", "/invocations", {}, "slow").body == "wols");  // takes 300 ms
  }
  REQUIRE(lines.size() == 4);
  const auto first = nlohmann::json::parse(lines[0]);
  CHECK(first["id"] == "id \"7\"");
  CHECK(first["client"] == "127.0.0.1");
  CHECK(first["method"] == "POST");
  CHECK(first["path"] == "/invocations");
  CHECK(first["status"] == 200);
  CHECK(first["received"] == 2);
  CHECK(first["sent"] == 2);
  CHECK(nlohmann::json::parse(lines[1])["status"] == 400);
  const double ms = nlohmann::json::parse(lines[3])["ms"].get<double>();
  CHECK(ms >= 299);
  CHECK(ms < 30000);
}

TEST_CASE("server: 503 before the model is there; connections are taken at once") {
  struct Slow : Echo {
    int load(const std::filesystem::path&) {
      std::this_thread::sleep_for(300ms);
      return 0;
    }
  };
  serve::ServerOptions options;
  options.port = 0;
  serve::Service<Slow> service({}, "", options);
  std::thread thread([&] { service.run(); });
  CHECK(ask(service.server().port(), "GET", "/ping").status == 503);
  CHECK(ask(service.server().port(), "POST", "/invocations", {}, "ab").status == 503);
  while (!service.server().is_ready()) std::this_thread::sleep_for(1ms);
  CHECK(ask(service.server().port(), "GET", "/ping").status == 200);
  service.server().stop();
  thread.join();
}

TEST_CASE("server: what the model's loading throws ends the service") {
  struct Broken : Echo {
    int load(const std::filesystem::path&) { fail<FileError>("no model here"); }
  };
  serve::ServerOptions options;
  options.port = 0;
  serve::Service<Broken> service({}, "", options);
  CHECK_THROWS_WITH_AS(service.run(), "no model here", FileError);
}

TEST_CASE("server: stopping answers what has begun and takes nothing new") {
  auto server = std::make_unique<Running<Echo>>();
  const auto port = server->port();
  WireClient idle(port), half(port), slow(port);
  CHECK(idle.ask("GET", "/ping").status == 200);
  half.send("POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab");
  slow.send(WireClient::request("POST", "/invocations", {}, "slow"));
  std::this_thread::sleep_for(50ms);
  server->service().server().stop();
  CHECK(idle.closed());
  CHECK_THROWS_AS(ask(port, "GET", "/ping"), NoReply);
  half.send("cd");
  const HttpReply reply = half.reply();
  CHECK(reply.body == "dcba");
  CHECK(reply.fields.at("connection") == "close");
  CHECK(slow.reply().body == "wols");
  const auto start = std::chrono::steady_clock::now();
  server.reset();
  CHECK(std::chrono::steady_clock::now() - start < 6s);
}

TEST_CASE("server: an address that is in use is an error in words") {
  Running<Echo> server;
  serve::ServerOptions options;
  options.port = server.port();
  const std::string text =
      "serve: cannot listen on 127.0.0.1 port " + std::to_string(options.port) + ": Address already in use";
  CHECK_THROWS_WITH_AS(serve::make_server<>(options), text.c_str(), Error);
  options.host = "localhost";
  CHECK_THROWS_WITH_AS(serve::make_server<>(options), "serve: localhost is not an address", Error);
}

namespace {
/// The least that a handler can be.
struct Sums {
  nn::Linear<float> load(const std::filesystem::path&) {
    nn::Linear<float> layer({.input_size = 3, .output_size = 1});
    layer.weight = nn::Parameter<float>(Tensor<float>::from({1.f, 2.f, 3.f}, {1, 3}));
    return layer;
  }
};
std::string npy_of(const io::Array& array) { return std::string(io::as_text(io::format_npy(array))); }
}  // namespace

TEST_CASE("handler: load alone makes an endpoint that takes and gives numbers") {
  Running<Sums> server;
  const auto port = server.port();
  const test::HttpFields fields{{"Content-Type", "application/x-npy"}};
  for (const auto& sent : {io::Array::from(std::vector<float>{1, 1, 1, 0, 0, 2}, {2, 3}).descr() == "<f4"
                               ? npy_of(io::Array::from(std::vector<float>{1, 1, 1, 0, 0, 2}, {2, 3}))
                               : std::string(),
                           npy_of(io::Array::from(std::vector<std::int64_t>{1, 1, 1, 0, 0, 2}, {2, 3}))}) {
    const HttpReply reply = ask(port, "POST", "/invocations", fields, sent);
    REQUIRE(reply.status == 200);
    CHECK(reply.fields.at("content-type") == "application/x-npy");
    const io::Array array = io::parse_npy(std::as_bytes(std::span(reply.body)), "reply");
    CHECK(array.shape == std::vector<Index>{2, 1});
    CHECK(array.to<float>() == std::vector<float>{6, 6});
  }
  CHECK(ask(port, "POST", "/invocations", {}, npy_of(io::Array::from(std::vector<float>{1, 1, 1}, {1, 3})))
            .status == 200);
  const HttpReply misshapen =
      ask(port, "POST", "/invocations", fields, npy_of(io::Array::from(std::vector<float>{1, 1}, {1, 2})));
  CHECK(misshapen.status == 400);
  CHECK(misshapen.body.find("2 features") != std::string::npos);
  CHECK(ask(port, "POST", "/invocations", fields, "no npy").status == 400);
  CHECK(ask(port, "POST", "/invocations", fields, npy_of(io::Array::from_strings({"a"}, {1}))).status == 400);
  CHECK(ask(port, "POST", "/invocations", fields, npy_of(io::Array::object(io::Value()))).status == 400);
  CHECK(ask(port, "POST", "/invocations", {{"Content-Type", "text/csv"}}, "1,2").status == 415);
  CHECK(ask(port, "POST", "/invocations", {{"Accept", "image/png"}}, "1").status == 406);
}

TEST_CASE("environment: a container's variables, and those that make no sense") {
  ::setenv("SAGEMAKER_BIND_TO_PORT", "9090", 1);
  ::setenv("SAGEMAKER_MODEL_SERVER_WORKERS", "3", 1);
  ::setenv("SAGEMAKER_MAX_PAYLOAD_IN_MB", "7", 1);
  ::setenv("SAGEMAKER_MODEL_SERVER_TIMEOUT", "9", 1);
  const serve::ServerOptions options = serve::with_environment({});
  CHECK(options.port == 9090);
  CHECK(options.queue.threads == 3);
  CHECK(options.max_body_bytes == 7 << 20);
  CHECK(options.request_timeout == 9s);
  CHECK(serve::hosting_from_environment().payload_megabytes == 7);
  ::setenv("SAGEMAKER_BIND_TO_PORT", "http", 1);
  CHECK_THROWS_WITH_AS(serve::with_environment({}),
                       "SAGEMAKER_BIND_TO_PORT is \"http\", expected a number from 0 to 65535", Error);
  for (const char* name : {"SAGEMAKER_BIND_TO_PORT", "SAGEMAKER_MODEL_SERVER_WORKERS",
                           "SAGEMAKER_MAX_PAYLOAD_IN_MB", "SAGEMAKER_MODEL_SERVER_TIMEOUT"})
    ::unsetenv(name);
}
