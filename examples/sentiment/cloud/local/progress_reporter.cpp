// SPDX-License-Identifier: MIT
#include "sentiment/cloud/local/progress_reporter.hpp"

#include "lstmlib/base/error.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <iostream>

namespace sentiment::local {

namespace {

constexpr const char *bold = "\033[1m", *dim = "\033[2m", *green = "\033[32m", *normal = "\033[0m";

std::string time_of_day() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, 16> text{};
  std::strftime(text.data(), text.size(), "%H:%M:%S", &parts);
  return text.data();
}

}  // namespace

void ProgressReporter::line(const char* style, const std::string& marked, const std::string& rest) const {
  std::cout << std::flush;  // so that results appear before later messages
  if (terminal_.colours) std::cerr << style << marked << normal << rest << '\n';
  else std::cerr << marked << rest << '\n';
}

void ProgressReporter::step(const std::string& title) {
  if (done_ > 0) line(normal, "", "");
  line(bold, lstmlib::message(++done_, '/', steps_, ' ', title), "");
}

void ProgressReporter::info(const std::string& text) const { line(normal, "", text); }

void ProgressReporter::status(const std::string& state, const std::string& text) const {
  line(green, time_of_day() + ' ' + state, " - " + text);
}

void ProgressReporter::quote(const std::string& source, const std::string& text) const {
  line(dim, source + " | ", text);
}

std::string sparkline(const std::vector<double>& values) {
  static constexpr std::array<const char*, 8> bars{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  if (values.empty()) return {};
  const auto [min, max] = std::minmax_element(values.begin(), values.end());
  const double range = *max - *min;
  std::string text;
  for (const double value : values) {
    const double place = range > 0 ? (value - *min) / range : 0;
    text += bars[static_cast<std::size_t>(std::clamp(place * 8, 0.0, 7.0))];
  }
  return text;
}

}  // namespace sentiment::local
