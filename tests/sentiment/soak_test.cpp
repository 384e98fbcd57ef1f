// SPDX-License-Identifier: MIT
// Clients of all kinds, good and bad, against one server for long: every answer right, memory flat. For two
// seconds, or as many as SENTIMENT_SOAK_SECONDS says.
#include "sentiment/model/predict.hpp"
#include "sentiment/served.hpp"

#include <atomic>
#include <fstream>
#include <mutex>
#include <random>

using namespace lstmlib;
using namespace sentiment;
using namespace std::chrono_literals;
using lstmlib::test::HttpReply;
using lstmlib::test::NoReply;
using lstmlib::test::WireClient;
using sentiment::test::Json;
using sentiment::test::make_model;
using sentiment::test::Server;

namespace {

/// Resident memory of a process in MiB.
double resident(pid_t id) {
  std::ifstream status("/proc/" + std::to_string(id) + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

}  // namespace

TEST_CASE("serve: a soak with clients of all kinds") {
  const char* wanted = std::getenv("SENTIMENT_SOAK_SECONDS");
  const double seconds = wanted ? std::atof(wanted) : 2;
  const auto folder = lstmlib::test::scratch("soak");
  const auto model = make_model(folder / "model", {.units = 64});
  const Server server(folder / "server", model, {"--no-access-log"});

  const char* words[] = {"a", "film", "good", "bad", "fun", "not", "dull", "very", "plot", "other"};
  std::vector<std::string> sentences;
  std::mt19937 random(1);
  for (int i = 0; i < 200; ++i) {
    std::string s;
    for (std::size_t k = 0, n = random() % 20; k < n; ++k)
      s.append(k ? " " : "").append(words[random() % 10]);
    sentences.push_back(s);
  }
  const auto expected = predict(Predictor(load_model_folder(model)), sentences);

  std::atomic<bool> ended = false;
  std::atomic<long> right = 0, wrong = 0, refused = 0;
  std::mutex mutex;
  std::string first_wrong;
  const auto complain = [&](const std::string& what) {
    const std::lock_guard lock(mutex);
    if (wrong++ == 0) first_wrong = what;
  };
  const auto client = [&](unsigned seed) {
    std::mt19937 choose(seed);
    std::unique_ptr<WireClient> connection;
    while (!ended) {
      try {
        if (!connection || choose() % 50 == 0) connection = std::make_unique<WireClient>(server.port, 60);
        const auto kind = choose() % 16;
        const std::size_t count = kind == 0 ? 500 + choose() % 1500 : 1 + choose() % 5;
        Json request = Json::array();
        std::vector<std::size_t> numbers;
        for (std::size_t i = 0; i < count; ++i) {
          numbers.push_back(choose() % sentences.size());
          request.push_back(sentences[numbers.back()]);
        }
        const std::string body = request.dump(), path = kind == 1 ? "/explain" : "/invocations";
        if (kind == 2) {  // what cannot be read
          if (connection->ask("POST", path, {}, body.substr(0, body.size() / 2) + "\x01").status == 400)
            ++refused;
          else complain("a broken body was taken");
          continue;
        }
        if (kind == 3) {  // goes away in the middle
          const std::string text = WireClient::request("POST", path, {}, body);
          connection->send(std::string_view(text).substr(0, 1 + choose() % text.size()));
          if (choose() % 2) connection->reset();
          connection.reset();
          continue;
        }
        const HttpReply reply = connection->ask("POST", path, {}, body);
        if (reply.status != 200) {
          complain("status " + std::to_string(reply.status) + ": " + reply.body);
          continue;
        }
        const Json rows = Json::parse(reply.body);
        bool good = rows.size() == count;
        for (std::size_t i = 0; good && i < count; ++i) {
          const auto& e = expected[numbers[i]];
          const Json row = path == "/explain"
                               ? Json{rows[i]["sentence"], rows[i]["prediction"], rows[i]["score"]}
                               : rows[i];
          good = row[0] == e.sentence && row[1] == e.label && std::abs(row[2].get<float>() - e.score) < 1e-5f;
        }
        if (good) ++right;
        else complain(body.substr(0, 200) + " -> " + reply.body.substr(0, 200));
      } catch (const NoReply& error) {
        complain(error.what());
        connection.reset();
      }
    }
  };
  std::vector<std::thread> clients;
  for (unsigned i = 0; i < 6; ++i) clients.emplace_back(client, i + 1);

  const auto start = std::chrono::steady_clock::now();
  const auto passed = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  double early = 0, late = 0;  // the most in the first third, and after it
  double slowest = 0;
  while (passed() < seconds) {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    const auto asked = std::chrono::steady_clock::now();
    CHECK(lstmlib::test::ask(server.port, "GET", "/ping").status == 200);
    slowest =
        std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - asked).count());
    double& most = passed() < seconds / 3 ? early : late;
    most = std::max(most, resident(server.process.id()));
  }
  ended = true;
  for (auto& thread : clients) thread.join();
  MESSAGE(right.load(), " right answers, ", refused.load(), " bodies refused, memory at most ", early,
          " MiB in the first third, then ", late, " MiB, slowest /ping ", 1000 * slowest, " ms");
  CHECK_MESSAGE(wrong == 0, first_wrong);
  CHECK(right > 0);
  CHECK(slowest < 2);
  CHECK(late < early + 16);
}
