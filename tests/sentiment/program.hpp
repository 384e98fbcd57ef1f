// SPDX-License-Identifier: MIT
#pragma once
// The program in a process of its own, as its users meet it.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sentiment/data/file.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace sentiment::test {

using Environment = std::map<std::string, std::string>;

/// A run of the program in a process of its own, without network and without a cache.
class Program {
 public:
  Program(std::vector<std::string> arguments, const std::filesystem::path& folder,
          const std::string& input = {}, const Environment& environment = {})
      : Program(std::move(arguments), folder, input, folder / "stdout", environment) {}
  Program(std::vector<std::string> arguments, const std::filesystem::path& folder, const std::string& input,
          const std::filesystem::path& out, const Environment& environment = {})
      : Program(Command{joined_words(SENTIMENT_PROGRAM, std::move(arguments))}, folder, input, out,
                environment) {}
  /// Another program, which starts this one: its file and its arguments.
  struct Command {
    std::vector<std::string> words;
  };
  Program(Command command, const std::filesystem::path& folder, const std::string& input,
          const std::filesystem::path& out, const Environment& environment = {})
      : folder_(folder), out_(out) {
    std::filesystem::create_directories(folder);
    write_text(folder / "stdin", input);
    std::vector<char*> argv;
    for (auto& word : command.words) argv.push_back(word.data());
    argv.push_back(nullptr);
    child_ = fork();
    REQUIRE(child_ >= 0);
    if (child_ > 0) return;
    redirect(0, folder / "stdin", O_RDONLY);
    redirect(1, out, O_WRONLY | O_CREAT | O_TRUNC);
    redirect(2, folder / "stderr", O_WRONLY | O_CREAT | O_TRUNC);
    setenv("LSTMLIB_OFFLINE", "1", 1);
    setenv("LSTMLIB_DATASET_ROOT", (folder / "cache").c_str(), 1);
    for (const char* name :
         {"SM_MODEL_DIR", "SM_CHANNEL_TRAIN", "SM_CHANNEL_TEST", "SM_CHANNEL_VOCAB", "SM_OUTPUT_DATA_DIR"})
      unsetenv(name);
    for (const auto& [name, value] : environment) setenv(name.c_str(), value.c_str(), 1);
    execv(argv[0], argv.data());
    _exit(127);
  }
  ~Program() {
    if (child_ > 0) {
      kill(child_, SIGKILL);
      wait();
    }
  }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void send(int signal) { kill(child_, signal); }
  /// The exit status; 128 + number where a signal ended it.
  int wait() {
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  std::string out() const { return read_text(out_); }
  std::string err() const { return read_text(folder_ / "stderr"); }

 private:
  static std::vector<std::string> joined_words(std::string first, std::vector<std::string> others) {
    others.insert(others.begin(), std::move(first));
    return others;
  }
  static void redirect(int descriptor, const std::filesystem::path& file, int flags) {
    const int opened = open(file.c_str(), flags, 0600);
    if (opened < 0 || dup2(opened, descriptor) < 0) _exit(126);
  }
  std::filesystem::path folder_, out_;
  pid_t child_ = -1;
};

struct Outcome {
  int status;
  std::string out, err;
};
inline Outcome run(const std::vector<std::string>& arguments, const std::filesystem::path& folder,
                   const std::string& input = {}, const Environment& environment = {}) {
  Program program(arguments, folder, input, environment);
  const int status = program.wait();
  return {status, program.out(), program.err()};
}

/// A refusal: this status, one line on stderr that has `part` in it.
inline void check_refused(const Outcome& outcome, int status, const std::string& part) {
  CAPTURE(outcome.err);
  CHECK(outcome.status == status);
  CHECK(outcome.err.find(part) != std::string::npos);
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
}

/// Waits until `condition` holds; false after 30 s.
template <class Condition>
bool eventually(Condition condition) {
  for (int i = 0; i < 3000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

}  // namespace sentiment::test
