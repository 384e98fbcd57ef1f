// SPDX-License-Identifier: MIT
#pragma once
// Terminal output: what a terminal can show, a progress bar, and aligned tables. Unless told otherwise, bar
// and table look like those of Chainer's ProgressBar and PrintReport.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// What a stream can show.
struct Terminal {
  bool interactive = false;  ///< a terminal: text may be overwritten
  bool colours = false;      ///< colour codes may be used
  Index columns = 80;        ///< characters per line
};

/// Looks up an environment variable: its value, or null.
using Environment = std::function<const char*(const char*)>;

/// Decides by `is_tty`, `columns` (as reported by the system; 0: unknown) and the variables TERM, NO_COLOR,
/// CLICOLOR_FORCE and COLUMNS. NO_COLOR has precedence over CLICOLOR_FORCE.
inline Terminal describe_terminal(bool is_tty, Index columns, const Environment& environment) {
  const auto variable = [&](const char* name) {
    const char* value = environment(name);
    return std::string(value == nullptr ? "" : value);
  };
  Terminal terminal;
  terminal.interactive = is_tty && variable("TERM") != "dumb";
  const std::string force = variable("CLICOLOR_FORCE");
  const bool forced = !force.empty() && force != "0";
  terminal.colours = variable("NO_COLOR").empty() && (terminal.interactive || forced);
  if (columns <= 0) columns = std::strtol(variable("COLUMNS").c_str(), nullptr, 10);
  if (columns > 0) terminal.columns = columns;
  return terminal;
}

/// For an open file descriptor of this process: 1 is standard output, 2 standard error.
inline Terminal describe_terminal(int descriptor) {
  const bool is_tty = isatty(descriptor) == 1;
  winsize size{};
  const bool known = is_tty && ioctl(descriptor, TIOCGWINSZ, &size) == 0;
  return describe_terminal(is_tty, known ? size.ws_col : 0,
                           [](const char* name) { return std::getenv(name); });
}

/// A duration as text: `0:01:05`, `1 day, 2:00:00`. `unknown` if it is negative, NaN or more than 100 years.
inline std::string duration_text(double seconds) {
  constexpr double century = 100 * 365.25 * 24 * 3600;
  if (!(seconds >= 0 && seconds <= century)) return "unknown";
  const auto total = static_cast<long long>(std::llround(seconds));
  const long long days = total / 86400;
  char text[64];
  std::snprintf(text, sizeof text, "%lld:%02lld:%02lld", total / 3600 % 24, total / 60 % 60, total % 60);
  if (days == 0) return text;
  return message(days, days == 1 ? " day, " : " days, ", text);
}

/// Progress of a run. Unknown totals are 0; epochs have precedence.
struct Progress {
  Index iteration = 0;         ///< updates done
  double epoch_detail = 0;     ///< epochs done, including the fraction of the current one
  double total_epochs = 0;     ///< the run's length in epochs, or 0
  Index total_iterations = 0;  ///< the run's length in iterations, or 0
};

/// Draws the progress of the run and of the epoch, the speed and the remaining time on the bottom lines of a
/// terminal. Does nothing if the stream is not a terminal. Call `clear` before printing a line to the same
/// terminal. Otherwise that line replaces the first line of the bar, because the cursor waits there.
class ProgressBar {
 public:
  using Clock = std::chrono::steady_clock;

  /// `stream` must outlive the bar.
  ProgressBar(std::ostream& stream, Terminal terminal) : stream_(&stream), terminal_(terminal) {}
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;
  ~ProgressBar() {
    try {
      clear();
    } catch (...) {  // the stream throws: leave the bar on the screen
    }
  }

  /// Draws the bar, unless it was drawn less than 0.1 seconds ago.
  void update(const Progress& progress, Clock::time_point now = Clock::now()) {
    if (!terminal_.interactive) return;
    if (!recent_.empty() && now - recent_.back().time < redraw_interval) return;
    recent_.push_back({progress.iteration, progress.epoch_detail, now});
    if (recent_.size() > timed_draws) recent_.pop_front();

    const std::vector<std::string> lines = describe(progress, now);
    std::string text = "\033[J";  // erase the bar drawn before, which is below the cursor
    for (const std::string& line : lines) text += fit(line) + "\n";
    text += message("\033[", lines.size(), "A");  // back to the first line of the bar
    *stream_ << text << std::flush;
    drawn_ = true;
  }

  /// Removes the bar. The next update draws it again.
  void clear() {
    if (!std::exchange(drawn_, false)) return;
    *stream_ << "\033[J" << std::flush;
  }

 private:
  struct Sample {
    Index iteration;
    double epoch_detail;
    Clock::time_point time;
  };

  static constexpr std::chrono::milliseconds redraw_interval{100};
  static constexpr std::size_t timed_draws = 100;  // the speed is the mean over this many draws
  static constexpr Index longest_bar = 50;

  std::vector<std::string> describe(const Progress& progress, Clock::time_point now) const {
    const bool by_epoch = progress.total_epochs > 0;
    const double done = by_epoch ? progress.epoch_detail : static_cast<double>(progress.iteration);
    const double total = by_epoch ? progress.total_epochs : static_cast<double>(progress.total_iterations);

    const Sample& first = recent_.front();
    const double seconds = std::chrono::duration<double>(now - first.time).count();
    const auto iterations = static_cast<double>(progress.iteration - first.iteration);
    const double work = by_epoch ? progress.epoch_detail - first.epoch_detail : iterations;
    // Without progress, the remaining time is 0 * infinity or infinite: unknown either way.
    const double remaining = (std::max)(total - done, 0.0) * (seconds / work);

    std::vector<std::string> lines;
    if (total > 0) lines.push_back(bar("     total", done / total));
    lines.push_back(bar("this epoch", progress.epoch_detail - std::floor(progress.epoch_detail)));

    char text[160];
    std::snprintf(text, sizeof text, "%10lld iter, %.0f epoch", static_cast<long long>(progress.iteration),
                  std::floor(progress.epoch_detail));
    lines.emplace_back(text);
    if (total > 0) lines.back() += message(" / ", total, by_epoch ? " epochs" : " iterations");

    char speed[32] = "         -";
    if (seconds > 0) std::snprintf(speed, sizeof speed, "%10.5g", iterations / seconds);
    lines.push_back(std::string(speed) + " iters/sec. Estimated time to finish: " + duration_text(remaining) +
                    ".");
    return lines;
  }

  std::string bar(std::string_view label, double rate) const {
    rate = rate > 0 ? (std::min)(rate, 1.0) : 0.0;
    const Index room = terminal_.columns - 21;  // less label, brackets and percentage; a full line would wrap
    const Index length = std::clamp<Index>(room, 1, longest_bar);
    const auto marks = static_cast<Index>(rate * static_cast<double>(length));
    char percentage[16];
    std::snprintf(percentage, sizeof percentage, "%5.2f%%", rate * 100);
    return std::string(label) + " [" + std::string(static_cast<std::size_t>(marks), '#') +
           std::string(static_cast<std::size_t>(length - marks), '.') + "] " + percentage;
  }

  // Cuts a line: one that wraps would break the way back up.
  std::string fit(const std::string& line) const {
    return line.substr(0, static_cast<std::size_t>((std::max)(terminal_.columns - 1, Index{1})));
  }

  std::ostream* stream_;
  Terminal terminal_;
  std::deque<Sample> recent_;  // one per draw, oldest first
  bool drawn_ = false;
};

/// A column of a table. Without `decimals` it looks as in Chainer's PrintReport: six significant digits,
/// left-aligned, at least ten characters wide.
struct TableColumn {
  std::string heading;
  std::optional<int> decimals = {};  ///< digits after the point, right-aligned; at least 5 characters wide
};

/// Lines of a table with fixed columns: headings, then numbers. Columns are two spaces
/// apart.
class Table {
 public:
  explicit Table(std::vector<TableColumn> columns) : columns_(std::move(columns)) {}

  /// The headings, without a newline.
  std::string header() const {
    std::string line;
    for (const TableColumn& column : columns_)
      line += (line.empty() ? "" : "  ") + pad(column.heading, column);
    return line;
  }

  /// One row, without a newline. A missing value leaves its column blank. Throws ShapeError unless there is
  /// one entry per column.
  std::string row(std::span<const std::optional<double>> values) const {
    if (values.size() != columns_.size())
      fail<ShapeError>("table: a row of ", values.size(), " values for ", columns_.size(), " columns");
    std::string line;
    for (std::size_t i = 0; i < values.size(); ++i)
      line += pad(text_of(values[i], columns_[i]), columns_[i]) + "  ";
    return line;
  }

 private:
  static std::string text_of(std::optional<double> value, const TableColumn& column) {
    if (!value) return "";
    char text[32];
    // With more than six digits before the point, decimals do not help.
    if (column.decimals && std::abs(*value) < 1e6)
      std::snprintf(text, sizeof text, "%.*f", std::clamp(*column.decimals, 0, 9), *value);
    else std::snprintf(text, sizeof text, "%g", *value);
    return text;
  }
  // Number of UTF-8 code points: counts all bytes but continuation bytes.
  static std::size_t length(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
  }
  static std::string pad(const std::string& text, const TableColumn& column) {
    const std::size_t width = (std::max)(length(column.heading), std::size_t{column.decimals ? 5u : 10u});
    const std::string blanks(width - (std::min)(width, length(text)), ' ');
    return column.decimals ? blanks + text : text + blanks;
  }

  std::vector<TableColumn> columns_;
};

}  // namespace lstmlib::train
