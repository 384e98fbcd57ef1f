// SPDX-License-Identifier: MIT
#include "lstmlib/train/terminal.hpp"

#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <sstream>

#include "support.hpp"

using namespace lstmlib;
using namespace lstmlib::test;
using namespace lstmlib::train;
using namespace std::chrono_literals;

namespace {

Terminal terminal_with(std::map<std::string, std::string> variables, bool is_tty = true, Index columns = 0) {
  return describe_terminal(is_tty, columns, [&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

const Terminal person{.interactive = true, .colours = false, .columns = 80};
const ProgressBar::Clock::time_point start{};

// What a terminal shows after these bytes: enough of its rules for line ends, `ESC[J` and `ESC[nA`.
std::vector<std::string> screen(const std::string& bytes) {
  std::vector<std::string> lines(1);
  std::size_t row = 0, column = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\033') {
      std::size_t count = 0;
      for (i += 2; bytes[i] >= '0' && bytes[i] <= '9'; ++i)
        count = count * 10 + static_cast<std::size_t>(bytes[i] - '0');
      if (bytes[i] == 'A') row -= (std::min)(row, count);
      if (bytes[i] == 'J') {
        lines.resize(row + 1);
        lines[row].resize((std::min)(column, lines[row].size()));
      }
    } else if (bytes[i] == '\n') {
      column = 0;
      if (++row == lines.size()) lines.emplace_back();
    } else {
      if (column == lines[row].size()) lines[row] += ' ';
      lines[row][column++] = bytes[i];
    }
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

}  // namespace

TEST_CASE("terminal: a file or a pipe is not interactive and has no colours") {
  const Terminal terminal = terminal_with({{"TERM", "xterm"}}, false);
  CHECK_FALSE(terminal.interactive);
  CHECK_FALSE(terminal.colours);
  CHECK(terminal.columns == 80);
}

TEST_CASE("terminal: a dumb terminal cannot be drawn over") {
  CHECK(terminal_with({{"TERM", "xterm"}}).interactive);
  CHECK(terminal_with({}).interactive);
  CHECK_FALSE(terminal_with({{"TERM", "dumb"}}).interactive);
  CHECK_FALSE(terminal_with({{"TERM", "dumb"}}).colours);
}

TEST_CASE("terminal: NO_COLOR takes colours away, CLICOLOR_FORCE gives them") {
  CHECK(terminal_with({}).colours);
  CHECK(terminal_with({{"NO_COLOR", ""}}).colours);
  CHECK_FALSE(terminal_with({{"NO_COLOR", "1"}}).colours);
  CHECK(terminal_with({{"CLICOLOR_FORCE", "1"}}, false).colours);
  CHECK_FALSE(terminal_with({{"CLICOLOR_FORCE", "0"}}, false).colours);
  CHECK_FALSE(terminal_with({{"CLICOLOR_FORCE", "1"}, {"NO_COLOR", "1"}}, false).colours);
}

TEST_CASE("terminal: the width comes from the system, then from COLUMNS, then it is 80") {
  CHECK(terminal_with({{"COLUMNS", "100"}}, true, 120).columns == 120);
  CHECK(terminal_with({{"COLUMNS", "100"}}).columns == 100);
  CHECK(terminal_with({{"COLUMNS", "wide"}}).columns == 80);
  CHECK(terminal_with({{"COLUMNS", "-5"}}).columns == 80);
}

TEST_CASE("terminal: a descriptor that is closed or not a terminal is not interactive") {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  CHECK_FALSE(describe_terminal(fileno(file)).interactive);
  std::fclose(file);
  CHECK_FALSE(describe_terminal(-1).interactive);
}

TEST_CASE("terminal: lengths of time read like those of a clock") {
  CHECK(duration_text(0) == "0:00:00");
  CHECK(duration_text(59.6) == "0:01:00");
  CHECK(duration_text(3661) == "1:01:01");
  CHECK(duration_text(86400) == "1 day, 0:00:00");
  CHECK(duration_text(2 * 86400 + 3600) == "2 days, 1:00:00");
  CHECK(duration_text(-1) == "unknown");
  CHECK(duration_text(1e300) == "unknown");
  CHECK(duration_text(std::numeric_limits<double>::infinity()) == "unknown");
  CHECK(duration_text(std::numeric_limits<double>::quiet_NaN()) == "unknown");
}

TEST_CASE("progress bar: nothing is written if the output is not a terminal") {
  std::ostringstream stream;
  {
    ProgressBar bar(stream, Terminal{});
    bar.update({.iteration = 1, .epoch_detail = 0.5, .total_epochs = 2}, start);
    bar.clear();
  }
  CHECK(stream.str().empty());
}

TEST_CASE("progress bar: bars, counts, speed and time to the end") {
  std::ostringstream stream;
  ProgressBar bar(stream, person);
  bar.update({.iteration = 100, .epoch_detail = 1, .total_epochs = 4}, start);
  CHECK(screen(stream.str()).at(3) == "         - iters/sec. Estimated time to finish: unknown.");
  bar.update({.iteration = 150, .epoch_detail = 1.5, .total_epochs = 4}, start + 10s);
  const auto lines = screen(stream.str());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "     total [" + std::string(18, '#') + std::string(32, '.') + "] 37.50%");
  CHECK(lines[1] == "this epoch [" + std::string(25, '#') + std::string(25, '.') + "] 50.00%");
  CHECK(lines[2] == "       150 iter, 1 epoch / 4 epochs");
  CHECK(lines[3] == "         5 iters/sec. Estimated time to finish: 0:00:50.");
}

TEST_CASE("progress bar: a run counted in iterations") {
  std::ostringstream stream;
  ProgressBar bar(stream, person);
  bar.update({.iteration = 0, .total_iterations = 400}, start);
  bar.update({.iteration = 100, .epoch_detail = 2.25, .total_iterations = 400}, start + 2s);
  const auto lines = screen(stream.str());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].substr(62) == "] 25.00%");
  CHECK(lines[2] == "       100 iter, 2 epoch / 400 iterations");
  CHECK(lines[3] == "        50 iters/sec. Estimated time to finish: 0:00:06.");
}

TEST_CASE("progress bar: a run of unknown length has no total") {
  std::ostringstream stream;
  ProgressBar bar(stream, person);
  bar.update({.iteration = 7, .epoch_detail = 0.5}, start);
  const auto lines = screen(stream.str());
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].substr(0, 10) == "this epoch");
  CHECK(lines[1] == "         7 iter, 0 epoch");
}

TEST_CASE("progress bar: looks like Chainer's") {
  if (!kit_has("compat/snapshots/console.txt")) return;
  std::ifstream file(kit() / "compat/snapshots/console.txt", std::ios::binary);
  const std::string console{std::istreambuf_iterator<char>(file), {}};
  std::ostringstream stream;
  ProgressBar bar(stream, person);
  bar.update({.iteration = 100, .epoch_detail = 6400.0 / 6920, .total_epochs = 1}, start);
  // The fourth line is Chainer's "inf iters/sec", a division by zero that is not copied.
  const std::string ours = stream.str();
  const std::string three_lines = ours.substr(0, ours.find("         - iters/sec"));
  CHECK(console.find(three_lines) != std::string::npos);
  CHECK(ours.substr(ours.size() - 4) == "\033[4A");
}

TEST_CASE("progress bar: at most ten draws a second") {
  std::ostringstream stream;
  ProgressBar bar(stream, person);
  for (Index i = 0; i < 1000; ++i)
    bar.update({.iteration = i, .total_iterations = 1000}, start + std::chrono::milliseconds(i));
  std::size_t draws = 0;
  const std::string bytes = stream.str();
  for (std::size_t at = bytes.find("total ["); at != std::string::npos; at = bytes.find("total [", at + 1))
    ++draws;
  CHECK(draws == 10);
}

TEST_CASE("progress bar: lines printed after a clear stay, and none of the bar is left at the end") {
  std::ostringstream stream;
  {
    ProgressBar bar(stream, person);
    bar.update({.iteration = 1, .total_iterations = 3}, start);
    bar.clear();
    stream << "first\n";
    bar.update({.iteration = 2, .total_iterations = 3}, start + 1s);
    bar.clear();
    stream << "second\n";
    bar.update({.iteration = 3, .total_iterations = 3}, start + 2s);
    const auto lines = screen(stream.str());
    REQUIRE(lines.size() == 6);
    CHECK(lines[1] == "second");
    CHECK(lines[2].find("100.00%") != std::string::npos);
  }
  CHECK(screen(stream.str()) == std::vector<std::string>{"first", "second"});
}

TEST_CASE("progress bar: no line is as wide as the terminal, so none wraps") {
  for (const Index columns : {1, 5, 20, 21, 40, 60, 200}) {
    std::ostringstream stream;
    ProgressBar bar(stream, {.interactive = true, .colours = false, .columns = columns});
    bar.update({.iteration = 123456789, .epoch_detail = 4, .total_epochs = 4}, start);
    for (const std::string& line : screen(stream.str()))
      CHECK(line.size() <= static_cast<std::size_t>(columns > 1 ? columns - 1 : 1));
  }
}

TEST_CASE("progress bar: odd values are drawn within bounds") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const double epochs : {-3.0, 1e300, infinity, -infinity, std::numeric_limits<double>::quiet_NaN()}) {
    std::ostringstream stream;
    ProgressBar bar(stream, person);
    bar.update({.iteration = 5, .epoch_detail = epochs, .total_epochs = 2}, start);
    bar.update({.iteration = 2, .epoch_detail = epochs, .total_epochs = 2}, start + 1s);
    const auto lines = screen(stream.str());
    REQUIRE(lines.size() == 4);
    for (const std::string& line : lines) CHECK(line.size() < 80);
  }
}

TEST_CASE("table: the lines of Chainer's PrintReport") {
  const Table table({{"epoch"},
                     {"main/loss"},
                     {"validation/main/loss"},
                     {"main/accuracy"},
                     {"validation/main/accuracy"},
                     {"elapsed_time"}});
  const std::vector<std::optional<double>> values{1, 0.69136801, 0.68913, 0.525229, 0.532811, 1.0266199};
  CHECK(
      table.header() ==
      "epoch       main/loss   validation/main/loss  main/accuracy  validation/main/accuracy  elapsed_time");
  CHECK(table.row(values) ==
        "1           0.691368    0.68913               0.525229       0.532811                  1.02662      "
        " ");
  if (!kit_has("compat/snapshots/console.txt")) return;
  std::ifstream file(kit() / "compat/snapshots/console.txt", std::ios::binary);
  const std::string console{std::istreambuf_iterator<char>(file), {}};
  CHECK(console.find("\n" + table.header() + "\n") != std::string::npos);
  CHECK(console.find("\033[J" + table.row(values) + "\n") != std::string::npos);
}

TEST_CASE("table: columns with decimals are right-aligned below their headings") {
  const Table table({{"epoch", 0}, {"Verlust für train", 3}, {"time (s)", 1}});
  CHECK(table.header() == "epoch  Verlust für train  time (s)");
  CHECK(table.row(std::vector<std::optional<double>>{3, 0.69136801, 12.26}) ==
        "    3              0.691      12.3  ");
  CHECK(table.row(std::vector<std::optional<double>>{12, std::nullopt, 1e9}) ==
        "   12                        1e+09  ");
}

TEST_CASE("table: a missing value leaves its column blank") {
  const Table table({{"epoch"}, {"loss"}});
  CHECK(table.row(std::vector<std::optional<double>>{std::nullopt, 2.5}) == "            2.5         ");
}

TEST_CASE("table: columns of names beyond ASCII are aligned by characters") {
  const Table table({{"Genauigkeit für Übungen"}, {"b"}});
  const std::string row = table.row(std::vector<std::optional<double>>{1, 2});
  CHECK(row.find('2') == 25);
}

TEST_CASE("table: a row of the wrong length is refused") {
  const Table table({{"epoch"}, {"loss"}});
  CHECK_THROWS_WITH_AS(table.row(std::vector<std::optional<double>>{1}),
                       "table: a row of 1 values for 2 columns", ShapeError);
}
