// SPDX-License-Identifier: MIT
// `sentiment serve` and `sentiment invoke` as their users meet them, in processes of their own.
#include "lstmlib/io/npy.hpp"
#include "sentiment/model/predict.hpp"
#include "sentiment/served.hpp"

#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <fstream>
#include <sstream>

using namespace lstmlib;
using namespace sentiment;
using namespace std::chrono_literals;
using lstmlib::test::ask;
using lstmlib::test::HttpReply;
using lstmlib::test::scratch;
using lstmlib::test::WireClient;
using sentiment::test::Json;
using sentiment::test::make_model;
using sentiment::test::Process;
using sentiment::test::Server;

namespace {

std::string npy_of(const std::vector<std::string>& texts) {
  return std::string(
      io::as_text(io::format_npy(io::Array::from_strings(texts, {static_cast<Index>(texts.size())}))));
}

/// A port that nobody listens on, below those that Linux gives out by itself (32768 and more, unless it is
/// told otherwise): tests beside this one are given such a port at any moment.
std::uint16_t free_port() {
  constexpr int first = 20000, count = 10000;
  for (int i = 0; i < count; ++i) {
    const auto port = static_cast<std::uint16_t>(first + (getpid() + i) % count);
    const int probe = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    const bool is_free = bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    close(probe);
    if (is_free) return port;
  }
  FAIL("no free port from 20000 to 29999");
  return 0;
}

}  // namespace

TEST_CASE("serve: any type goes with any type of the answer, and all say the same as `predict`") {
  const auto folder = scratch("serve_types");
  for (const ModelType type : {ModelType::rnn, ModelType::cnn, ModelType::bow})
    for (const bool char_based : {false, true}) {
      const ModelSettings settings{.classes = type == ModelType::bow ? 5 : 2,
                                   .type = type,
                                   .layers = 2,
                                   .units = 12,
                                   .char_based = char_based};
      const auto model =
          make_model(folder / ("model_" + std::string(name_of(type)) + (char_based ? "_c" : "")), settings);
      const Server server(folder / "run", model);
      const std::vector<std::string> sentences{"A good film, a very good FILM!", "", "  not\tbad ",
                                               "Unknown words here"};
      const auto expected = predict(Predictor(load_model_folder(model)), sentences);
      std::string csv, lines;
      for (const auto& s : sentences) {
        csv += s + "\n";
        lines += Json(s).dump() + "\n";
      }
      const std::vector<std::pair<std::string, std::string>> bodies{
          {"application/json", Json(sentences).dump()},
          {"application/jsonlines", lines},
          {"text/csv", csv},
          {"application/x-npy", npy_of(sentences)}};
      for (const auto& [body_type, body] : bodies) {
        const Json rows = Json::parse(server.post(body, body_type).body);
        REQUIRE(rows.size() == sentences.size());
        for (std::size_t i = 0; i < sentences.size(); ++i) {
          CHECK(rows[i][0] == expected[i].sentence);
          CHECK(rows[i][1] == expected[i].label);
          CHECK(rows[i][2].get<double>() ==
                doctest::Approx(static_cast<double>(expected[i].score)).epsilon(1e-5));
        }
        for (const auto& [answer_type, unused] : bodies) {
          const HttpReply reply = server.post(body, body_type, answer_type);
          CHECK(reply.status == 200);
          CHECK(reply.fields.at("content-type") == answer_type);
        }
      }
    }
}

TEST_CASE("serve: models and requests that Chainer's container answered are answered the same") {
  if (!lstmlib::test::kit_has("compat/models")) return;
  const auto folder = scratch("serve_chainer");
  for (const auto& entry : std::filesystem::directory_iterator(lstmlib::test::kit() / "compat/models")) {
    CAPTURE(entry.path().filename().string());
    const Server server(folder / "run", entry.path());
    for (const std::string suffix : {"", "_one"}) {
      const HttpReply reply = server.post(read_text(entry.path() / ("request" + suffix + ".npy")),
                                          "application/x-npy", "application/x-npy");
      REQUIRE(reply.status == 200);
      const std::string expected = read_text(entry.path() / ("response" + suffix + ".npy"));
      REQUIRE(reply.body.size() == expected.size());
      CHECK(reply.body.substr(0, 128) == expected.substr(0, 128));  // the head
      const auto ours = io::parse_npy(std::as_bytes(std::span(reply.body)), "ours").strings(),
                 theirs = io::parse_npy(std::as_bytes(std::span(expected)), "theirs").strings();
      for (std::size_t i = 0; i + 2 < theirs.size(); i += 3) {
        CHECK(ours[i] == theirs[i]);
        CHECK(ours[i + 1] == theirs[i + 1]);
        CHECK(std::abs(std::stod(ours[i + 2]) - std::stod(theirs[i + 2])) <= 1e-5);
      }
    }
  }
}

TEST_CASE("serve: one sentence twice in a request is computed twice") {
  const auto folder = scratch("serve_twice");
  const Server server(folder / "run", make_model(folder / "model", {.units = 12}));
  const auto computed = [&] {
    const std::string text = ask(server.port, "GET", "/metrics").body;
    const auto at = text.find("\nlstmlib_serve_rows_total ");
    return std::stod(text.substr(at + 26));
  };
  const double before = computed();
  CHECK(server.rows(R"(["a good film", "a good film"])").size() == 2);
  CHECK(computed() - before == 2);
  CHECK(server.rows(R"(["a good film"])").size() == 1);
  CHECK(computed() - before == 3);
}

TEST_CASE("serve: many clients at once, each gets its own answers in order") {
  const auto folder = scratch("serve_many");
  const Server server(folder / "run", make_model(folder / "model", {.units = 24}));
  const char* words[] = {"a", "film", "good", "bad", "fun", "not", "dull", "very"};
  std::vector<std::string> sentences;
  for (int i = 0; i < 64; ++i) {
    std::string s;
    for (int k = 0; k <= i % 9; ++k) s += std::string(k ? " " : "") + words[(i * 5 + k * 3) % 8];
    sentences.push_back(s);
  }
  const Json alone = [&] {
    Json rows = Json::array();
    for (const auto& s : sentences) rows.push_back(server.rows(Json(s).dump())[0]);
    return rows;
  }();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      WireClient client(server.port);
      for (int i = 0; i < 40; ++i) {
        Json request = Json::array(), expected = Json::array();
        for (int k = 0; k <= (i + t) % 5; ++k) {
          const auto number = static_cast<std::size_t>(t * 7 + i * 3 + k) % sentences.size();
          request.push_back(sentences[number]);
          expected.push_back(alone[number]);
        }
        const Json rows = Json::parse(client.ask("POST", "/invocations", {}, request.dump()).body);
        if (rows.size() != expected.size()) ++wrong;
        for (std::size_t k = 0; k < rows.size() && k < expected.size(); ++k)
          if (rows[k][0] != expected[k][0] || rows[k][1] != expected[k][1] ||
              std::abs(rows[k][2].get<double>() - expected[k][2].get<double>()) > 1e-5)
            ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("serve: errors of all kinds leave it well") {
  const auto folder = scratch("serve_errors");
  const Server server(folder / "run", make_model(folder / "model", {.units = 12}), {"--no-access-log"});
  CHECK(server.post("x", "image/png").status == 415);
  CHECK(server.post(R"(["a"])", "application/json", "image/png").status == 406);
  CHECK(server.post("[", "application/json").body.find("\"error\":\"Bad Request\"") != std::string::npos);
  CHECK(server.post("\x93NUMPY", "application/x-npy").status == 400);
  CHECK(server.post("\x93NUMPY", "application/x-npy; charset=binary").status ==
        400);  // read, not refused by its type
  CHECK(server.post(R"(["a"])", "application/json; charset=binary").status == 415);
  CHECK(ask(server.port, "POST", "/invocations", {{"ContentType", "text/csv"}, {"Content-Type", "image/png"}},
            "a, b")
            .status == 200);
  CHECK(ask(server.port, "GET", "/ping").status == 200);
}

TEST_CASE("serve: a batch of 10,000 does not hold up others; its reader may be slow") {
  const auto folder = scratch("serve_batch");
  const Server server(folder / "run", make_model(folder / "model", {.units = 300}), {"--no-access-log"});
  std::vector<std::string> sentences;
  for (int i = 0; i < 10000; ++i) sentences.push_back(std::to_string(i) + " good film");
  WireClient batch(server.port, 60, 8192);
  batch.send(WireClient::request("POST", "/invocations",
                                 {{"Content-Type", "application/x-npy"}, {"Accept", "application/x-npy"}},
                                 npy_of(sentences)));
  const auto start = std::chrono::steady_clock::now();
  CHECK(ask(server.port, "GET", "/ping").status == 200);
  CHECK(server.rows(R"(["a good film"])").size() == 1);
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  const HttpReply reply = batch.reply();
  REQUIRE(reply.status == 200);
  const auto texts = io::parse_npy(std::as_bytes(std::span(reply.body)), "answer").strings();
  REQUIRE(texts.size() == 30000);
  for (std::size_t i = 0; i < 10000; i += 97) CHECK(texts[3 * i] == sentences[i]);
}

TEST_CASE("serve: /explain weighs each word by what the prediction loses without it") {
  const auto folder = scratch("serve_explain");
  const Server server(folder / "run", make_model(folder / "model", {.units = 12}));
  const Json made =
      Json::parse(server.post(R"(["A good film", ""])", "application/json", "*/*", "/explain").body);
  REQUIRE(made.size() == 2);
  CHECK(made[0]["sentence"] == "a good film");
  CHECK(made[1]["weights"].empty());
  REQUIRE(made[0]["weights"].size() == 3);
  const auto probability = [&](const std::string& sentence, std::size_t label) {
    return predict(Predictor(load_model_folder(folder / "model")), std::vector{sentence})[0]
        .probabilities[label];
  };
  const auto label = made[0]["prediction"].get<std::size_t>();
  const char* without[] = {"good film", "a film", "a good"};
  for (std::size_t i = 0; i < 3; ++i) {
    const double weight = static_cast<double>(probability("a good film", label)) -
                          static_cast<double>(probability(without[i], label));
    CHECK(std::abs(made[0]["weights"][i].get<double>() - weight) < 1e-5);
  }
  CHECK(server.post(R"(["a"])", "application/json", "text/csv", "/explain").status == 406);
  std::string many = "[\"";
  for (int i = 0; i < 3000; ++i) many += "a ";
  CHECK(server.post(many + "\"]", "application/json", "*/*", "/explain").status == 413);
  const Json known =
      Json::parse(server.post(R"(["a Strange film"])", "application/json", "*/*", "/explain").body);
  CHECK(known[0]["known"] == Json{true, false, true});
}

TEST_CASE(
    "serve: the work of a request is limited, and larger requests are refused before they are computed") {
  const auto folder = scratch("serve_bounds");
  const Server server(folder / "run", make_model(folder / "model", {.units = 12}), {"--no-access-log"});
  const auto refused = [&](const std::string& body, const char* type, const char* path, const char* reason) {
    const HttpReply reply = server.post(body, type, "*/*", path);
    CHECK(reply.status == 413);
    CHECK(reply.body.find(reason) != std::string::npos);
    CHECK(ask(server.port, "GET", "/metrics").body.find("\nlstmlib_serve_rows_total 0\n") !=
          std::string::npos);
  };
  refused(std::string(8000000, '\n'), "text/csv", "/invocations", "more than 1048576 sentences");
  std::string empty = "[\"\"", words = "a ", line;
  for (int i = 0; i < 2000000; ++i) empty += ",\"\"";
  refused(empty + "]", "application/json", "/invocations", "more than 1048576 sentences");
  for (int i = 0; i < 60000; ++i) line += words;
  std::string many;
  for (int i = 0; i < 150; ++i) many += line + "\n";
  refused(many, "text/csv", "/invocations", "more than 8388608 words");
  std::string sentence;
  for (int i = 0; i < 1400; ++i) sentence += words;
  refused(sentence, "text/csv", "/explain", "the limit is 262144");
  const std::string most = sentence.substr(0, 2 * 511);
  CHECK(Json::parse(server.post(most, "text/csv", "*/*", "/explain").body)[0]["weights"].size() == 511);
}

TEST_CASE("serve: every documented call works as it is written") {
  if (std::system("curl --version >/dev/null 2>&1") != 0) {
    lstmlib::test::skip("there is no curl here");
    return;
  }
  const auto folder = scratch("serve_documented");
  const Server server(folder / "run", make_model(folder / "model", {.units = 12}), {"--no-access-log"});
  Process help(folder / "help", {"serve", "--help"});
  REQUIRE(help.wait() == 0);
  std::istringstream text(
      help.out() + read_text(std::filesystem::path(LSTMLIB_TEST_FIXTURES_DIR) / "../../docs/serving.md"));
  int calls = 0;
  for (std::string line; std::getline(text, line);) {
    const auto at = line.find("curl ");
    if (!line.starts_with(" ") || at == std::string::npos) continue;
    CAPTURE(line);
    line.replace(at, 5, "curl -sS -w '\n%{http_code}' ");
    const auto address = line.find("127.0.0.1:8080");
    REQUIRE(address != std::string::npos);
    line.replace(address, 14, "127.0.0.1:" + std::to_string(server.port));
    FILE* pipe = popen(("{ " + line + "\n} 2>&1").c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string answer;
    for (int c = 0; (c = std::fgetc(pipe)) != EOF;) answer += static_cast<char>(c);
    pclose(pipe);
    CAPTURE(answer);
    CHECK(answer.ends_with("\n200"));
    if (line.find("/invocations") != std::string::npos || line.find("/explain") != std::string::npos)
      CHECK(answer.find("a warm and funny film") != std::string::npos);
    ++calls;
  }
  CHECK(calls >= 6);
}

TEST_CASE("serve: curl's form type means the default, parameters are understood, other types are refused") {
  const auto folder = scratch("serve_form");
  const Server server(folder / "run", make_model(folder / "model", {.units = 12}), {"--no-access-log"});
  for (const char* path : {"/invocations", "/explain", "/endpoints/x/invocations"}) {
    CHECK(server.post(R"(["a"])", "application/x-www-form-urlencoded", "*/*", path).status == 200);
    CHECK(server.post("a=b", "application/x-www-form-urlencoded", "*/*", path).status == 400);
    CHECK(server.post(R"(["a"])", "application/json; charset=utf-8", "*/*", path).status == 200);
    CHECK(server.post(R"(["a"])", "multipart/form-data; boundary=x", "*/*", path).status == 415);
  }
}

TEST_CASE(
    "serve: the container's default of Accept is understood as Accept is, and nonsense refused at the "
    "start") {
  const auto folder = scratch("serve_default_accept");
  make_model(folder / "root/model", {.units = 12});
  const auto environment = [&](const std::string& accept) -> sentiment::test::Variables {
    return {{"SAGEMAKER_BASE_DIR", (folder / "root").string()},
            {"SAGEMAKER_BIND_TO_PORT", "0"},
            {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", accept}};
  };
  for (const auto& one : std::vector<std::pair<std::string, std::string>>{
           {"application/json; charset=utf-8", "application/json"},
           {"*/*", "application/json"},
           {"Text/CSV", "text/csv"},
           {"image/png, application/jsonlines;q=0.3, text/csv;q=0.2", "application/jsonlines"}}) {
    const std::string &accept = one.first, &type = one.second;
    CAPTURE(accept);
    const Server server(folder / "run", {}, {"--no-access-log", "--host", "127.0.0.1"}, environment(accept));
    CHECK(ask(server.port, "POST", "/invocations", {}, "[\"a\"]").fields.at("content-type") == type);
    CHECK(server.post("[\"a\"]", "application/json", "*/*").fields.at("content-type") == type);
    CHECK(server.post("[\"a\"]", "application/json", "application/x-npy").fields.at("content-type") ==
          "application/x-npy");
  }
  for (const char* nonsense : {"json", "image/png", "application/json;q=0", "nonsense"}) {
    CAPTURE(nonsense);
    Process refused(folder / "refused", {"serve", "--host", "127.0.0.1"}, {}, environment(nonsense));
    CHECK(refused.wait() == 1);
    CHECK(refused.err().find("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT is \"") != std::string::npos);
  }
}

TEST_CASE("serve: pages of another origin may ask where --cors says so, and nowhere else") {
  const auto folder = scratch("serve_cors");
  const auto model = make_model(folder / "model", {.units = 12});
  const auto preflight = [](std::uint16_t port, const std::string& origin) {
    return ask(port, "OPTIONS", "/invocations",
               {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}});
  };
  const auto invoke = [](std::uint16_t port, const std::string& origin, const std::string& body) {
    return ask(port, "POST", "/invocations", {{"Origin", origin}, {"Content-Type", "application/json"}},
               body);
  };
  const std::string mine = "https://example.com:8443", other = "http://elsewhere",
                    allowed = "access-control-allow-origin";
  {
    const Server server(folder / "off", model, {"--no-access-log"});
    CHECK(preflight(server.port, mine).status == 204);
    CHECK_FALSE(preflight(server.port, mine).fields.contains(allowed));
    CHECK_FALSE(invoke(server.port, mine, "[\"a\"]").fields.contains(allowed));
  }
  {
    const Server server(folder / "one", model,
                        {"--no-access-log", "--cors", mine, "--cors", "http://127.0.0.1:1"});
    const HttpReply asked = preflight(server.port, mine);
    CHECK(asked.fields.at(allowed) == mine);
    CHECK(asked.fields.at("vary") == "Origin");
    CHECK(asked.fields.at("access-control-allow-methods").find("POST") != std::string::npos);
    CHECK(asked.fields.at("access-control-allow-headers").find("Content-Type") != std::string::npos);
    CHECK(invoke(server.port, mine, "[\"a\"]").fields.at(allowed) == mine);
    CHECK(invoke(server.port, "http://127.0.0.1:1", "[\"a\"]").fields.at(allowed) == "http://127.0.0.1:1");
    CHECK(invoke(server.port, mine, "[").fields.at(allowed) == mine);  // errors can be read, too
    for (const HttpReply& reply : {preflight(server.port, other), invoke(server.port, other, "[\"a\"]")}) {
      CHECK_FALSE(reply.fields.contains(allowed));
      CHECK(reply.fields.at("vary") == "Origin");
    }
    CHECK(ask(server.port, "GET", "/ping").fields.at("vary") == "Origin");
  }
  {
    const Server server(folder / "all", model, {"--no-access-log", "--cors", "*"});
    CHECK(invoke(server.port, other, "[\"a\"]").fields.at(allowed) == "*");
    CHECK_FALSE(ask(server.port, "GET", "/ping").fields.contains("vary"));
  }
  for (const char* wrong :
       {"example.com", "https://example.com/", "https://", "HTTPS://example.com", "null", "https://a b"}) {
    CAPTURE(wrong);
    Process refused(folder / "refused",
                    {"serve", "--model-dir", model.string(), "--port", "0", "--cors", wrong});
    CHECK(refused.wait() == 1);
    CHECK(refused.err().find("is not an origin") != std::string::npos);
  }
}

TEST_CASE("serve: a process with limited memory survives any request") {
  const auto folder = scratch("serve_limited");
  Server server(folder / "run", make_model(folder / "model", {.units = 12}), {"--no-access-log"});
  CHECK(server.rows(R"(["a good film"])").size() == 1);
  std::ifstream status("/proc/" + std::to_string(server.process.id()) + "/status");
  rlim_t size = 0;
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmSize:")) size = std::stoul(line.substr(7)) << 10;
  REQUIRE(size > 0);
  if (size > rlim_t{1} << 40)
    return lstmlib::test::skip("the address sanitizer takes more than may be limited");
  const rlimit limit{size + (16 << 20), size + (16 << 20)};
  REQUIRE(prlimit(server.process.id(), RLIMIT_AS, &limit, nullptr) == 0);
  const std::string lines = [] {
    std::string all;
    for (int i = 0; i < 300000; ++i) all += "a good film, and a very good plot\n";
    return all;
  }();
  std::atomic<int> taken = 0, refused = 0;
  std::vector<std::thread> clients;
  for (int c = 0; c < 6; ++c)
    clients.emplace_back([&, c] {
      for (int i = 0; i < 4; ++i) {
        try {
          const std::size_t sentences = c % 3 == 0 ? 300 : c % 3 == 1 ? 500 : 300000;
          const int answer = ask(server.port, "POST", c % 3 == 0 ? "/explain" : "/invocations",
                                 {{"Content-Type", "text/csv"}}, lines.substr(0, 34 * sentences))
                                 .status;
          ++(answer == 200 ? taken : refused);
        } catch (const lstmlib::test::NoReply&) { ++refused; }
      }
    });
  std::thread flood([&] {
    try {
      WireClient client(server.port);
      client.send("POST /invocations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;");
      for (int i = 0; i < 2000; ++i) client.send(lines.substr(0, 1 << 16));
    } catch (const lstmlib::test::NoReply&) {}
  });
  for (auto& client : clients) client.join();
  flood.join();
  MESSAGE(taken.load(), " taken, ", refused.load(), " refused");
  CHECK(taken > 0);
  CHECK(refused > 0);
  CHECK(server.rows(R"(["a good film"])").size() == 1);
  server.process.send(SIGTERM);
  CHECK(server.process.wait() == 0);
}

TEST_CASE("serve: the page, the description of the interface and the metrics") {
  const auto folder = scratch("serve_page");
  const Server server(folder / "run", make_model(folder / "model", {.units = 12}),
                      {"--labels", "negative,</script>"});
  const HttpReply page = ask(server.port, "GET", "/");
  CHECK(page.fields.at("content-type") == "text/html; charset=utf-8");
  CHECK(page.fields.at("content-security-policy").starts_with("default-src 'none'"));
  CHECK(page.body.find("const labels = [\"negative\",\"\\u003c/script>\"];") != std::string::npos);
  for (const char* outside : {"http:", "https:", "//cdn", "@import", "url("})
    CHECK(page.body.find(outside) == std::string::npos);
  CHECK(ask(server.port, "HEAD", "/").fields.at("content-length") == std::to_string(page.body.size()));
  write_text(folder / "model/labels.json", R"(["bad", "good"])");
  {
    const Server named(folder / "named", folder / "model");
    CHECK(ask(named.port, "GET", "/").body.find("const labels = [\"bad\",\"good\"];") != std::string::npos);
  }
  write_text(folder / "model/labels.json", R"({"0": "bad"})");
  Process misnamed(folder / "misnamed", {"serve", "--model-dir", (folder / "model").string(), "--port", "0"});
  CHECK(misnamed.wait() == 1);
  CHECK(misnamed.err().find("labels.json: expected a list of strings") != std::string::npos);
  const Json description = Json::parse(ask(server.port, "GET", "/openapi.json").body);
  CHECK(description["openapi"].get<std::string>().starts_with("3."));
  for (const auto& [path, operations] :
       description["paths"].items())  // each path is there, each method allowed
    for (const auto& [method, unused] : operations.items()) {
      std::string verb = method, real = path;
      for (char& c : verb) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      if (const auto at = real.find("{name}"); at != std::string::npos) real.replace(at, 6, "x");
      CHECK(ask(server.port, verb, real, {}, verb == "POST" ? "[\"a\"]" : "").status == 200);
    }
  CHECK(ask(server.port, "GET", "/metrics").body.find("lstmlib_serve_request_seconds_bucket{le=\"0.001\"}") !=
        std::string::npos);
}

TEST_CASE("serve: in a container it listens on all addresses, otherwise on the loopback alone") {
  const auto folder = scratch("serve_address");
  make_model(folder / "root/model", {.units = 12});
  const Server outside(folder / "run1", folder / "root/model");
  CHECK(outside.host == "127.0.0.1");
  const std::uint16_t port = free_port();
  const Server inside(folder / "run2", {}, {},
                      {{"SAGEMAKER_BASE_DIR", (folder / "root").string()},
                       {"SAGEMAKER_BIND_TO_PORT", std::to_string(port)},
                       {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", "text/csv"},
                       {"SAGEMAKER_MODEL_SERVER_WORKERS", "3"}});
  CHECK(inside.port == port);
  const auto bound = [](std::uint16_t number) {  // "0100007F" or "00000000", as the system itself says
    std::ifstream table("/proc/net/tcp");
    char wanted[16];
    std::snprintf(wanted, sizeof wanted, ":%04X", number);
    for (std::string line; std::getline(table, line);)
      if (line.find(" 0A ") != std::string::npos && line.substr(14, 5) == wanted) return line.substr(6, 8);
    return std::string("none");
  };
  CHECK(bound(outside.port) == "0100007F");
  CHECK(bound(inside.port) == "00000000");
  CHECK(ask(inside.port, "POST", "/invocations", {}, "[\"a\"]").fields.at("content-type") == "text/csv");
  CHECK(Json::parse(ask(inside.port, "GET", "/execution-parameters").body)["MaxConcurrentTransforms"] == 3);
}

TEST_CASE("serve: SIGTERM ends it with 0 after its answers, SIGINT with 130") {
  const auto folder = scratch("serve_signals");
  const auto model = make_model(folder / "model", {.units = 12});
  for (const int signal : {SIGTERM, SIGINT}) {
    Server server(folder / "run", model);
    WireClient half(server.port), idle(server.port);
    half.send("POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n[\"a");
    idle.ask("GET", "/ping");
    std::this_thread::sleep_for(50ms);
    server.process.send(signal);
    CHECK(idle.closed());
    half.send("\"]");
    CHECK(half.reply().status == 200);
    CHECK(server.process.wait() == (signal == SIGTERM ? 0 : 130));
  }
}

TEST_CASE("serve: what cannot be served is said in a line") {
  const auto folder = scratch("serve_refused");
  Process absent(folder / "run", {"serve", "--model-dir", (folder / "nothing").string(), "--port", "0"});
  CHECK(absent.wait() == 1);
  CHECK(absent.err().find("args.json") != std::string::npos);
  const Server server(folder / "run1", make_model(folder / "model", {.units = 12}));
  Process second(folder / "run2", {"serve", "--model-dir", (folder / "model").string(), "--port",
                                   std::to_string(server.port)});
  CHECK(second.wait() == 1);
  CHECK(second.err().find("Address already in use") != std::string::npos);
  Process option(folder / "run3", {"serve", "--threads", "0"});
  CHECK(option.wait() == 2);
}

TEST_CASE("invoke: prints what predict prints, and says what the server refused") {
  const auto folder = scratch("invoke");
  const auto model = make_model(folder / "model", {.units = 12});
  const Server server(folder / "server", model);
  const std::string input = "A good film, a fun plot\n\nunknown \"words\"\nlast \xC3\xA9";
  const std::string endpoint = "http://127.0.0.1:" + std::to_string(server.port);
  for (const char* format : {"text", "json", "csv"}) {
    Process here(folder / "predict", {"predict", "--model-dir", model.string(), "--format", format}, input);
    REQUIRE(here.wait() == 0);
    Process there(folder / "invoke",
                  {"invoke", "--endpoint", endpoint + "/", "--name", "any name", "--format", format,
                   "--batch-size", "3"},
                  input);
    CHECK(there.wait() == 0);
    CHECK(there.err() == "");
    CHECK(there.out() == here.out());
  }
  std::string many;
  for (int i = 0; i < 70000; ++i) many += "a ";
  Process refused(folder / "refused", {"invoke", "--endpoint", endpoint}, many);
  CHECK(refused.wait() == 1);
  CHECK(refused.err().find("status 413: sentence 1 has 70000 words") != std::string::npos);
  Process nobody(folder / "nobody", {"invoke", "--endpoint", "http://127.0.0.1:1"}, "a\n");
  CHECK(nobody.wait() == 1);
}
