// SPDX-License-Identifier: MIT
#pragma once
// This program once more, as a process that stands for a container.

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sentiment::local {

/// What it prints, on both streams, comes through a pipe. It is in a process group of its own, so that a
/// Ctrl-C at the terminal reaches this process alone, which stops it in order; it does not outlive this
/// process.
class Child {
 public:
  using Variables = std::map<std::string, std::string>;

  /// `arguments` without the program's name. Of this process's variables it gets all but those of the cloud.
  /// Throws Error.
  Child(std::vector<std::string> arguments, const Variables& variables);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// Hands over the lines that came, after at most `wait`. False when there will be no more.
  bool read_lines(std::chrono::milliseconds wait, const std::function<void(const std::string&)>& take);
  /// SIGTERM, as a container gets it.
  void terminate() const;
  /// Waits for the end, by force after `grace`; what it prints is lost. Its exit status, or 128 and the
  /// signal.
  int end(std::chrono::milliseconds grace);

 private:
  std::optional<int> ended();

  pid_t process_ = -1;
  int pipe_ = -1;
  std::string line_;  // begun
  std::optional<int> status_;
};

}  // namespace sentiment::local
