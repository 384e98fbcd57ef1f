// SPDX-License-Identifier: MIT
#pragma once
// A headless Chromium with one page, driven over its debugging pipe: JSON messages that end with a zero byte.

#include "sentiment/served.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

namespace sentiment::test {

class Chromium {
 public:
  /// The program, or "" where there is none.
  static std::string find() {
    for (const char* path : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"})
      if (fs::exists(path)) return path;
    return "";
  }

  Chromium(const std::string& program, const fs::path& profile, const std::string& address) {
    int to[2], from[2];
    REQUIRE(pipe(to) == 0);
    REQUIRE(pipe(from) == 0);
    std::vector<std::string> arguments{program,
                                       "--headless",
                                       "--no-sandbox",
                                       "--disable-gpu",
                                       "--disable-dev-shm-usage",
                                       "--no-first-run",
                                       "--disable-extensions",
                                       "--disable-background-networking",
                                       "--disable-component-update",
                                       "--disable-sync",
                                       "--hide-scrollbars",
                                       "--user-data-dir=" + profile.string(),
                                       "--remote-debugging-pipe",
                                       "about:blank"};
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ == 0) {
      setpgid(0, 0);
      const int nothing = open("/dev/null", O_RDWR);
      const int in = fcntl(to[0], F_DUPFD, 10),
                out = fcntl(from[1], F_DUPFD, 10);  // out of the way of 3 and 4
      if (dup2(nothing, 1) < 0 || dup2(nothing, 2) < 0 || dup2(in, 3) < 0 || dup2(out, 4) < 0) _exit(126);
      for (int other = 5; other < 64; ++other) close(other);
      execv(argv[0], argv.data());
      _exit(127);
    }
    close(to[0]);
    close(from[1]);
    in_ = from[0];
    out_ = to[1];
    const auto target = call("Target.createTarget", {{"url", address}})["targetId"];
    session_ = call("Target.attachToTarget", {{"targetId", target}, {"flatten", true}})["sessionId"];
    wait_until("document.readyState === 'complete' && location.href !== 'about:blank'");
  }
  Chromium(const Chromium&) = delete;
  Chromium& operator=(const Chromium&) = delete;
  ~Chromium() {
    close(out_);  // it ends when its pipe does
    close(in_);
    for (int i = 0; i < 100 && waitpid(child_, nullptr, WNOHANG) == 0; ++i) {
      if (i == 60) kill(-child_, SIGKILL);
      std::this_thread::sleep_for(50ms);
    }
  }

  Json evaluate(const std::string& expression) {
    const Json result = call("Runtime.evaluate",
                             {{"expression", expression}, {"returnByValue", true}, {"userGesture", true}});
    REQUIRE_MESSAGE(!result.contains("exceptionDetails"), expression, ": ", result.dump());
    return result["result"].value("value", Json());
  }
  void wait_until(const std::string& condition) {
    for (int i = 0; i < 1000; ++i, std::this_thread::sleep_for(10ms))
      if (evaluate(condition) == true) return;
    FAIL("the page never came to: ", condition);
  }
  void key(const std::string& name, int modifiers = 0) {
    const int code = name == "Tab" ? 9 : 13;
    Json event{{"type", name == "Enter" ? "keyDown" : "rawKeyDown"},
               {"key", name},
               {"code", name},
               {"modifiers", modifiers},
               {"windowsVirtualKeyCode", code}};
    if (name == "Enter") event["text"] = "\r";
    call("Input.dispatchKeyEvent", event);
    event["type"] = "keyUp";
    event.erase("text");
    call("Input.dispatchKeyEvent", event);
  }
  void type(const std::string& text) { call("Input.insertText", {{"text", text}}); }
  void look_at(int width, int height, const std::string& scheme) {
    call("Emulation.setDeviceMetricsOverride",
         {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", width < 500}});
    call("Emulation.setEmulatedMedia",
         {{"features", Json::array({{{"name", "prefers-color-scheme"}, {"value", scheme}}})}});
  }
  /// Role and name of all that assistive technology sees.
  std::vector<std::pair<std::string, std::string>> accessible_nodes() {
    std::vector<std::pair<std::string, std::string>> found;
    const Json tree = call("Accessibility.getFullAXTree");
    for (const auto& node : tree["nodes"])
      if (!node.value("ignored", false) && node.contains("role") && node.contains("name"))
        found.emplace_back(node["role"].value("value", ""), node["name"].value("value", ""));
    return found;
  }

 private:
  Json call(const std::string& method, const Json& parameters = Json::object()) {
    Json message{{"id", ++last_}, {"method", method}, {"params", parameters}};
    if (!session_.empty()) message["sessionId"] = session_;
    const std::string text = message.dump();
    REQUIRE(::write(out_, text.c_str(), text.size() + 1) == static_cast<ssize_t>(text.size() + 1));
    for (;;) {
      const Json answer = Json::parse(receive());
      if (answer.value("id", 0) != last_) continue;  // an event
      REQUIRE_MESSAGE(answer.contains("result"), method, ": ", answer.dump());
      return answer["result"];
    }
  }
  std::string receive() {
    std::size_t end = 0;
    while ((end = buffer_.find('\0')) == std::string::npos) {
      pollfd waiting{in_, POLLIN, 0};
      REQUIRE_MESSAGE(::poll(&waiting, 1, 30000) == 1, "Chromium says nothing");
      char bytes[65536];
      const auto count = ::read(in_, bytes, sizeof bytes);
      REQUIRE_MESSAGE(count > 0, "Chromium has ended");
      buffer_.append(bytes, static_cast<std::size_t>(count));
    }
    std::string message = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    return message;
  }

  pid_t child_ = -1;
  int in_ = -1, out_ = -1, last_ = 0;
  std::string session_, buffer_;
};

}  // namespace sentiment::test
