// SPDX-License-Identifier: MIT
#pragma once
// Programs that this one starts and looks after.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sentiment::launch {

/// A program whose standard error comes through a pipe, in a process group of its own, so that a Ctrl-C at
/// the terminal reaches this process alone, which ends it in order. Its standard input is empty. It gets
/// SIGTERM where this process ends before it. One at a time: as the first process of a container, this one is
/// told of the ends of orphans too.
class Process {
 public:
  /// `words`: the program's file and its arguments. Throws Error.
  explicit Process(const std::vector<std::string>& words);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Sends SIGTERM to one that still runs, and waits for its end.
  ~Process();

  void send(int signal);
  /// Waits at most `time`, or until something happens; hands over the lines that came through the pipe.
  void wait(std::chrono::milliseconds time, const std::function<void(const std::string&)>& take);
  /// Its exit status, or 128 and the signal that ended it; nothing while it runs.
  std::optional<int> ended();

 private:
  bool read(const std::function<void(const std::string&)>& take);

  pid_t process_ = -1;
  int pipe_ = -1;
  std::string line_;  // begun
  std::optional<int> status_;
};

}  // namespace sentiment::launch
