// SPDX-License-Identifier: MIT
#pragma once
// Programs that this one starts and looks after.

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace sentiment::process {

/// A program, and how it is started.
struct Program {
  std::vector<std::string> words;  ///< its file, a path, and its arguments
  std::string file = {};           ///< where this is given, the first word is only what it is called
  std::optional<std::vector<std::string>> variables = {};  ///< NAME=value; none: those of this process
  bool reads_output = false;    ///< its standard output comes through the pipe, too
  int orphan_signal = SIGTERM;  ///< that it gets where this process ends before it
};

/// A program whose standard error comes through a pipe, in a process group of its own, so that a Ctrl-C at
/// the terminal reaches this process alone, which ends it in order. Its standard input is empty. One at a
/// time: as the first process of a container, this one is told of the ends of orphans too.
class Process {
 public:
  /// Throws Error.
  explicit Process(const Program& program);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  /// Sends SIGTERM to one that still runs, and waits for its end, by force after ten seconds.
  ~Process();

  using TakeLine = std::function<void(const std::string&)>;

  void send(int signal);  ///< nothing if it has ended
  /// Waits at most `time`, or until something happens; hands over lines that came through the pipe, cut at
  /// 64 KB, and returns though more may be there. False when there will be no more.
  bool wait(std::chrono::milliseconds time, const TakeLine& take);
  /// Its exit status, or 128 and the signal that ended it; nothing while it runs.
  std::optional<int> ended();
  /// Waits for the end, by force after `grace`; what it prints is lost. Its status.
  int end(std::chrono::milliseconds grace);

 private:
  bool read(const TakeLine& take);

  pid_t process_ = -1;
  int pipe_ = -1;
  std::string line_;  // begun
  std::optional<int> status_;
};

}  // namespace sentiment::process
