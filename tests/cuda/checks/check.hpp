// SPDX-License-Identifier: MIT
#pragma once
// What the checks of a device have in common: numbers on both sides, and results as lines of JSON.

#include "../../../benchmarks/cpu/side.hpp"

#include <lstmlib/backend/backend.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace checks {

using namespace lstmlib;
using Numbers = std::vector<double>;

inline std::mt19937& generator() {
  static std::mt19937 random(1);
  return random;
}
/// Floats, so that all precisions start from the same numbers.
inline Numbers numbers(Index count, double scale = 1) {
  std::uniform_real_distribution<double> uniform(-scale, scale);
  Numbers made(static_cast<std::size_t>(count));
  for (double& number : made) number = static_cast<float>(uniform(generator()));
  return made;
}

/// Numbers on device 0; none: absent.
template <class T>
class There {
 public:
  template <class Number>
  There(Backend& backend, const std::vector<Number>& here, Shape shape)
      : backend_(backend), shape_(shape), count_(here.size()) {
    if (count_ == 0) return;
    data_ = static_cast<T*>(backend.allocate(0, bytes()));
    std::vector<T> values;
    for (const Number number : here) values.push_back(static_cast<T>(number));
    backend.copy_from_host(0, data_, values.data(), bytes());
  }
  There(const There&) = delete;
  There& operator=(const There&) = delete;
  ~There() {
    if (data_) backend_.release(0, data_, bytes());
  }

  View<T> view() const { return {data_, shape_}; }
  operator View<T>() const { return view(); }
  operator View<const T>() const { return view(); }
  std::vector<T> values() const {
    std::vector<T> here(count_);
    if (data_) backend_.copy_to_host(0, here.data(), data_, bytes());
    return here;
  }

 private:
  std::size_t bytes() const { return count_ * sizeof(T); }

  Backend& backend_;
  Shape shape_;
  std::size_t count_;
  T* data_ = nullptr;
};

/// Largest difference, relative to the largest value where that is above 1; infinite if anything is not
/// finite.
template <class T>
double difference(const std::vector<T>& ours, const Numbers& expected) {
  double worst = 0, largest = 1;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!std::isfinite(static_cast<double>(ours[i]))) return INFINITY;
    worst = std::max(worst, std::fabs(static_cast<double>(ours[i]) - expected[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }
  return ours.size() == expected.size() ? worst / largest : INFINITY;
}

class Checks {
 public:
  explicit Checks(Backend& device) : backend(device) {}

  /// A check fails where its error is above its bound, or is no number.
  void hold(const std::string& name, double error, double bound) {
    const bool ok = error <= bound;
    std::cout << "{\"check\": " << side::quoted(name)
              << ", \"error\": " << (std::isfinite(error) ? side::number(error) : "null")
              << ", \"bound\": " << side::number(bound) << ", \"ok\": " << (ok ? "true" : "false") << '}'
              << std::endl;
    ++(ok ? passed : failed);
  }
  template <class T>
  void hold(const std::string& name, const std::vector<T>& ours, const Numbers& expected, double bound) {
    hold(name, difference(ours, expected), bound);
  }
  /// `work`, whose errors are failures of this check and end no other.
  template <class Work>
  void attempt(const std::string& name, Work&& work) {
    try {
      work();
    } catch (const std::exception& error) {
      std::cerr << name << ": " << error.what() << '\n';
      hold(name, INFINITY, 0);
    }
  }
  template <class T>
  There<T> there(const Numbers& values, Shape shape) {
    return There<T>(backend, values, shape);
  }
  There<std::int32_t> ids(const std::vector<std::int32_t>& values, Shape shape) {
    return There<std::int32_t>(backend, values, shape);
  }

  Backend& backend;
  int passed = 0, failed = 0;
};

/// What rounding may do to one operation, and to sums of some hundred terms.
template <class T>
inline constexpr double rounding = std::is_same_v<T, float> ? 1e-6 : 1e-14;
template <class T>
inline constexpr double of_sums = 10 * rounding<T>;
template <class T>
std::string type_name() {
  return std::is_same_v<T, float> ? " fp32" : " fp64";
}

inline std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace checks
