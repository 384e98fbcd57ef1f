// SPDX-License-Identifier: MIT
#pragma once
// What a side of the comparison speaks: it prepares and warms up, says "ready", and for each line that it
// reads measures everything once and says "done". Results are lines of JSON between. See rounds.cpp.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace side {

/// One measured value. Sides are compared where `name` and `threads` are equal; the best `variant` counts.
struct Result {
  std::string name;     ///< such as "train/shuffled"
  std::string variant;  ///< how this side does it
  int threads;
  double value;
  std::string unit;  ///< "sentences/s", "GFLOP/s", "GB/s": more is better; "ms", "us", "MB": less
};

/// As a string of JSON.
inline std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return result + '"';
}
/// As a number of JSON, with all its digits.
inline std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

inline std::string json_line(const Result& r) {
  return "{\"name\": " + quoted(r.name) + ", \"variant\": " + quoted(r.variant) +
         ", \"threads\": " + std::to_string(r.threads) + ", \"value\": " + number(r.value) +
         ", \"unit\": " + quoted(r.unit) + "}";
}
inline void report(const Result& r) { std::cout << json_line(r) << '\n'; }

/// What is compared: it is kept with the results.
inline void say_version(const std::string& version) {
  std::cout << "{\"version\": " << quoted(version) << '}' << std::endl;
}

/// Ends when there is no more input.
inline int serve_rounds(const std::function<void()>& round) {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    round();
    std::cout << "done" << std::endl;
  }
  return 0;
}

template <class F>
double seconds_of(F&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The seconds of single calls, repeated for about `budget` seconds and at least `least` times.
template <class F>
std::vector<double> repeated(double budget, std::size_t least, F&& work) {
  std::vector<double> times;
  double total = 0;
  while (times.size() < least || total < budget) {
    times.push_back(seconds_of(work));
    total += times.back();
  }
  return times;
}

/// The value below which `ratio` of the values lie, 0 to 1; not of an empty list.
inline double quantile(std::vector<double> values, double ratio) {
  const auto place = static_cast<std::ptrdiff_t>(ratio * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}
inline double median(std::vector<double> values) { return quantile(std::move(values), 0.5); }

}  // namespace side
