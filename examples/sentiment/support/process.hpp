// SPDX-License-Identifier: MIT
#pragma once
// Starts and supervises other programs.

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sentiment::process {

/// A program and how to start it.
struct Program {
  std::vector<std::string> words;  ///< path of the program and its arguments
  std::string file = {};           ///< if set, the file to execute; then the first word is only its argv[0]
  /// Environment as NAME=value; not set: that of this process.
  std::optional<std::vector<std::string>> variables = {};
  bool reads_output = false;    ///< also read its standard output through the pipe
  int orphan_signal = SIGTERM;  ///< signal that it gets if this process ends first
};

/// A running program. Its standard error comes through a pipe, and its standard input is empty. It has its
/// own process group, so that Ctrl-C reaches only this process, which ends it cleanly. Use one at a time: as
/// the first process of a container, this process also reaps orphans.
class Process {
 public:
  /// Throws Error if it cannot be started.
  explicit Process(const Program& program);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Sends SIGTERM if it still runs and waits for its end. Kills it after ten seconds.
  ~Process();

  using TakeLine = std::function<void(const std::string&)>;

  void send(int signal);  ///< does nothing if it has ended
  /// Waits until something happens, but at most `time`. Passes lines from the pipe to `take`, cut at 64 KB;
  /// may return before all were read. Returns false if there will be no more.
  bool wait(std::chrono::milliseconds time, const TakeLine& take);
  /// Exit status, or 128 plus the signal that ended it. Nothing while it runs.
  std::optional<int> ended();
  /// Waits for the end, kills it after `grace`, and discards its output. Returns its status.
  int end(std::chrono::milliseconds grace);

 private:
  bool read(const TakeLine& take);

  pid_t process_ = -1;
  int pipe_ = -1;
  std::string line_;  // start of an incomplete line
  std::optional<int> status_;
};

}  // namespace sentiment::process
