// SPDX-License-Identifier: MIT
#pragma once
// Tells on standard error what a walk through several steps is doing; results go to standard output.

#include "lstmlib/train/terminal.hpp"

#include <string>
#include <vector>

namespace sentiment::local {

/// Headings and states stand out on a terminal; elsewhere they are plain lines.
class Narrator {
 public:
  explicit Narrator(int steps) : steps_(steps), terminal_(lstmlib::train::describe_terminal(2)) {}

  /// "3/7 Training": the next step begins.
  void step(const std::string& title);
  /// What happens within a step.
  void say(const std::string& text) const;
  /// A state of something remote, with the time of day.
  void status(const std::string& state, const std::string& text) const;
  /// A line that something else printed.
  void quote(const std::string& source, const std::string& line) const;

 private:
  void line(const char* style, const std::string& marked, const std::string& rest) const;

  int steps_, done_ = 0;
  lstmlib::train::Terminal terminal_;
};

/// Numbers as a row of bars, one character each, lowest to highest of `values`.
std::string sparkline(const std::vector<double>& values);

}  // namespace sentiment::local
