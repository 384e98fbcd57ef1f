// SPDX-License-Identifier: MIT
// The example that serves another model, asked over HTTP.
#include "http_client.hpp"
#include "lstmlib/io/npy.hpp"
#include "support.hpp"

#include <sys/wait.h>

#include <csignal>
#include <thread>

using namespace lstmlib;

#ifdef SERVE_A_MODEL
TEST_CASE("serve_a_model: numbers in, probabilities out, ended by SIGTERM") {
  const auto folder = test::scratch("serve_a_model");
  FILE* pipe =
      popen((std::string("echo $$; exec ") + SERVE_A_MODEL + " '" + folder.string() + "' 0").c_str(), "r");
  REQUIRE(pipe != nullptr);
  int process = 0, port = 0;
  REQUIRE(std::fscanf(pipe, "%d http://127.0.0.1:%d/invocations", &process, &port) == 2);
  const auto number = static_cast<std::uint16_t>(port);
  while (test::ask(number, "GET", "/ping").status != 200)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));

  const io::Array questions = io::Array::from(std::vector<double>{0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const auto file = io::format_npy(questions);
  const auto reply =
      test::ask(number, "POST", "/invocations", {{"Content-Type", "application/x-npy"}}, io::as_text(file));
  REQUIRE(reply.status == 200);
  const io::Array answers = io::parse_npy(std::as_bytes(std::span(reply.body)), "reply");
  CHECK(answers.shape == std::vector<Index>{4, 1});
  const auto p = answers.to<float>();
  for (std::size_t i = 0; i < 4; ++i) CHECK((p[i] > 0.5f) == (i == 1 || i == 2));

  ::kill(process, SIGTERM);
  const int status = pclose(pipe);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
#endif
