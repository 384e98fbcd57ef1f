// SPDX-License-Identifier: MIT
#pragma once
// Reports the progress of a run with several steps on standard error. Results go to standard output.

#include "lstmlib/train/terminal.hpp"

#include <string>
#include <vector>

namespace sentiment::local {

/// Highlights headings and states on a terminal; elsewhere they are plain lines.
class ProgressReporter {
 public:
  explicit ProgressReporter(int steps) : steps_(steps), terminal_(lstmlib::train::describe_terminal(2)) {}

  /// Starts the next step: "3/7 Training".
  void step(const std::string& title);
  /// A message within a step.
  void info(const std::string& text) const;
  /// The state of something remote, with the time of day.
  void status(const std::string& state, const std::string& text) const;
  /// A line printed by another program.
  void quote(const std::string& source, const std::string& line) const;

 private:
  void line(const char* style, const std::string& marked, const std::string& rest) const;

  int steps_, done_ = 0;
  lstmlib::train::Terminal terminal_;
};

/// Numbers as a row of bars, one character each, scaled to the range of `values`.
std::string sparkline(const std::vector<double>& values);

}  // namespace sentiment::local
