// SPDX-License-Identifier: MIT
#pragma once
// A server in a thread, with a handler that turns texts around.

#include "http_client.hpp"
#include "lstmlib/serve.hpp"

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace lstmlib::test {

/// Answers its body turned around; waits first where the body says so.
struct Echo {
  int load(const std::filesystem::path&) { return 0; }
  std::string read(std::string body, const std::string&) const {
    if (std::string_view(body) == "bad") throw serve::HttpError(400, "a bad body");
    return body;
  }
  std::string predict(int, const std::string& text) const {
    if (text == "fault") throw std::runtime_error("a fault of ours");
    if (text == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(300));
    if (text == "long") return std::string(8 << 20, 'x');
    return {text.rbegin(), text.rend()};
  }
  serve::Content write(const std::string& text, const std::string&) const { return {"text/plain", text}; }
};

/// A service in a thread, ready.
template <class H>
class Running {
 public:
  explicit Running(serve::ServerOptions options = {}, H handler = {})
      : service_(std::move(handler), "", (options.port = 0, options)),
        thread_([this] { signal_ = service_.run(); }) {
    while (!service_.server().is_ready()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ~Running() {
    service_.server().stop();
    if (thread_.joinable()) thread_.join();
  }
  std::uint16_t port() { return service_.server().port(); }
  serve::Service<H>& service() { return service_; }

 private:
  serve::Service<H> service_;
  int signal_ = 0;
  std::thread thread_;
};

}  // namespace lstmlib::test
