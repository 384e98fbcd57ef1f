// SPDX-License-Identifier: MIT
// What signals do to a program while its server runs, and afterwards.
#include "lstmlib/serve/server.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <chrono>
#include <thread>

using namespace lstmlib;

namespace {

volatile std::sig_atomic_t handled = 0;
void handle(int) { handled = handled + 1; }

/// Sends SIGTERM to the whole process once the server runs.
int run_until_signal(serve::Server& server) {
  std::thread sender([&] {
    server.ready();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ::kill(::getpid(), SIGTERM);
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    server.stop();  // where nothing else did
  });
  const int signal = server.run();
  sender.join();
  return signal;
}

/// Has SIGTERM counted in `handled` while it lives.
class OwnHandler {
 public:
  OwnHandler() {
    struct sigaction own = {};
    own.sa_handler = handle;
    sigaction(SIGTERM, &own, &before_);
    handled = 0;
  }
  ~OwnHandler() { sigaction(SIGTERM, &before_, nullptr); }
  OwnHandler(const OwnHandler&) = delete;
  OwnHandler& operator=(const OwnHandler&) = delete;

 private:
  struct sigaction before_ = {};
};

bool is_installed() {
  struct sigaction now = {};
  sigaction(SIGTERM, nullptr, &now);
  return now.sa_handler == handle;
}

}  // namespace

TEST_CASE("signals: a server that is not asked to leaves them to the program") {
  const OwnHandler own;
  const auto server = serve::make_server<>({.port = 0});
  CHECK(run_until_signal(*server) == 0);
  CHECK(handled == 1);
  CHECK(is_installed());
}

TEST_CASE(
    "signals: a server that is asked to stops at the first one; the program's handler gets the second") {
  const OwnHandler own;
  const auto server = serve::make_server<>({.port = 0, .stop_at_signals = true});
  CHECK(run_until_signal(*server) == SIGTERM);
  CHECK(handled == 0);
  CHECK(is_installed());
  std::raise(SIGTERM);
  CHECK(handled == 1);
}

TEST_CASE("signals: two servers in one process stop both") {
  const OwnHandler own;
  const auto one = serve::make_server<>({.port = 0, .stop_at_signals = true}),
             other = serve::make_server<>({.port = 0, .stop_at_signals = true});
  int signal = 0;
  std::thread beside([&] { signal = other->run(); });
  CHECK(run_until_signal(*one) == SIGTERM);
  beside.join();
  CHECK(signal == SIGTERM);
  CHECK(is_installed());
}
