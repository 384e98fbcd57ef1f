// SPDX-License-Identifier: MIT
#pragma once
// Progress of a transfer on one line of the terminal.

#include "lstmlib/train/terminal.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

namespace sentiment {

/// A progress bar on standard error, drawn in place and erased at the end. Does nothing if that is not a
/// terminal.
class ProgressLine {
 public:
  /// `what`: for example "downloading train.npz".
  ProgressLine(std::string what, bool enabled)
      : what_(std::move(what)),
        terminal_(lstmlib::train::describe_terminal(2)),
        shown_(enabled && terminal_.interactive) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (drawn_) std::fputs("\r\033[K", stderr);
  }

  /// Bytes transferred, out of `total`; 0: unknown.
  void update(std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!shown_ || (drawn_ && now - last_ < std::chrono::milliseconds(100))) return;
    last_ = now;
    drawn_ = true;
    const std::string line = describe(done, total);
    const auto room =
        static_cast<std::size_t>((std::max)(terminal_.columns - 1, lstmlib::Index{1}));  // the line must not
                                                                                         // wrap
    std::fprintf(stderr, "\r\033[K%s", line.substr(0, room).c_str());
  }

 private:
  std::string describe(std::uint64_t done, std::uint64_t total) const {
    constexpr double megabyte = 1e6;
    constexpr std::size_t length = 30;
    char text[64];
    if (total == 0) {
      std::snprintf(text, sizeof text, " %.1f MB", static_cast<double>(done) / megabyte);
      return what_ + text;
    }
    const double rate = (std::min)(static_cast<double>(done) / static_cast<double>(total), 1.0);
    std::snprintf(text, sizeof text, " %3.0f %% of %.1f MB", 100 * rate,
                  static_cast<double>(total) / megabyte);
    const auto marks = static_cast<std::size_t>(rate * length);
    return what_ + " [" + std::string(marks, '#') + std::string(length - marks, '.') + "]" + text;
  }

  std::string what_;
  lstmlib::train::Terminal terminal_;
  bool shown_, drawn_ = false;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace sentiment
