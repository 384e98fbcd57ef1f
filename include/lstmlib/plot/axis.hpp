// SPDX-License-Identifier: MIT
#pragma once
// The range of an axis and its ticks: steps of 1, 2 or 5 times a power of ten, with labels as short as
// possible. Does not draw.

#include "lstmlib/version.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::plot::detail {

/// A number as printed: "2×10" with the exponent "−5" as a superscript, or just a text.
struct Label {
  std::string text;
  std::string exponent;
};

struct Tick {
  double position;  ///< position along the axis: 0 at the low end, 1 at the high end
  Label label;
};

struct AxisOptions {
  bool logarithmic = false;
  bool from_zero = false;
};

/// Whether a value can be drawn.
inline bool is_drawable(double value, bool logarithmic) {
  return std::abs(value) <= 1e300 && (!logarithmic || value >= 1e-300);
}

/// A number with `decimals` decimals and a typographic minus sign.
inline std::string decimal_text(double value, int decimals) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, std::abs(value));
  return (value < 0 ? "\u2212" : "") + std::string(text);
}

/// A power of ten, with `factor` in front unless it is 1.
inline Label power_label(int factor, int exponent) {
  return {(factor == 1 ? "" : decimal_text(factor, 0) + "\u00d7") + "10", decimal_text(exponent, 0)};
}

/// Maps values to positions along an axis.
class Axis {
 public:
  /// An axis for drawable values. Without values it ranges from 0 to 1 and is `empty`.
  Axis(const std::vector<double>& values, AxisOptions options)
      : logarithmic_(options.logarithmic), empty_(values.empty()) {
    if (empty_) return;
    const auto [smallest, largest] = std::minmax_element(values.begin(), values.end());
    low_ = scaled(*smallest);
    high_ = scaled(*largest);
    if (logarithmic_) {
      widen(0.5);
    } else {
      integers_ = std::all_of(values.begin(), values.end(), is_countable);
      if (options.from_zero) {
        low_ = (std::min)(low_, 0.0);
        high_ = (std::max)(high_, 0.0);
      }
      const double size = (std::max)(std::abs(low_), std::abs(high_));
      widen(integers_ ? 0.5 : size < tiny ? 1.0 : size * 0.1);
    }
    const double padding = (high_ - low_) * 0.05;
    const bool pinned = options.from_zero && !logarithmic_;
    if (!(pinned && low_ == 0)) low_ -= padding;
    if (!(pinned && high_ == 0)) high_ += padding;
  }

  bool empty() const { return empty_; }

  /// 0 at the low end, 1 at the high end. `value` must be drawable.
  double position(double value) const { return (scaled(value) - low_) / (high_ - low_); }

  /// Chooses about `count` ticks. With a count of 2 or more there are at least two ticks, except for a single
  /// integer.
  void choose_ticks(int count) {
    ticks.clear();
    multiplier = {};
    if (empty_) return;
    if (!logarithmic_) return linear_ticks(low_, high_, count);
    const int first = static_cast<int>(std::ceil(low_ - 1e-9));
    const int last = static_cast<int>(std::floor(high_ + 1e-9));
    if (last - first >= 2) {
      const int step = (last - first) / (std::max)(count, 1) + 1;
      for (int exponent = first; exponent <= last; ++exponent)
        if (exponent % step == 0) add_power(1, exponent, first, last);
      return;
    }
    for (int exponent = first - 1; exponent <= last; ++exponent)
      for (const int factor : {1, 2, 5}) {
        const double at = exponent + std::log10(factor);
        if (low_ <= at && at <= high_) add_power(factor, exponent, first - 1, last);
      }
    if (ticks.size() < 3) {
      ticks.clear();
      linear_ticks(std::pow(10.0, low_), std::pow(10.0, high_), count);
    }
  }

  std::vector<Tick> ticks;
  Label multiplier;  ///< factor for all labels; usually empty

 private:
  static constexpr double tiny = 1e-290;  // below this, a step would be lost among denormal numbers

  static bool is_countable(double value) { return value == std::floor(value) && std::abs(value) < 1e9; }

  double scaled(double value) const { return logarithmic_ ? std::log10(value) : value; }

  // Values that no label could tell apart are placed in the middle.
  void widen(double margin) {
    const double size = (std::max)(std::abs(low_), std::abs(high_));
    if (high_ - low_ > (std::max)(size * 1e-9, tiny)) return;
    low_ -= margin;
    high_ += margin;
  }

  void linear_ticks(double low, double high, int count) {
    const double rough = (high - low) / (std::max)(count, 1);
    int power = static_cast<int>(std::floor(std::log10(rough)));
    const double unit = std::pow(10.0, power);
    int factor = rough <= unit * 1.0000001 ? 1 : rough <= 2 * unit ? 2 : rough <= 5 * unit ? 5 : 10;
    if (factor == 10) factor = 1, ++power;
    if (integers_ && power < 0) factor = 1, power = 0;
    const double step = factor * std::pow(10.0, power);

    std::vector<double> values;
    const double last = std::floor(high / step + 1e-9);
    for (double i = std::ceil(low / step - 1e-9); i <= last; ++i) values.push_back(i * step + 0.0);  // no -0
    if (values.size() < 2 && 1 < count && count < 5) return linear_ticks(low, high, count + 1);
    double largest = 0;
    for (const double value : values) largest = (std::max)(largest, std::abs(value));

    int shift = 0;  // power of ten that is moved from the labels to the multiplier
    if (largest >= 1e6 || (largest > 0 && largest < 1e-3)) {
      shift = static_cast<int>(std::floor(std::log10(largest) + 1e-9));
      if (shift - power == 1) shift = power;  // 1 to 99 instead of 0.1 to 9.9
      multiplier = {"\u00d710", decimal_text(shift, 0)};
    }
    const double divisor = std::pow(10.0, shift);
    for (const double value : values)
      ticks.push_back({position(value), {decimal_text(value / divisor, (std::max)(0, shift - power)), ""}});
  }

  void add_power(int factor, int exponent, int first, int last) {
    const double at = exponent + std::log10(factor);
    const bool plain = first >= -4 && last <= 4;
    const Label label =
        plain ? Label{decimal_text(factor * std::pow(10.0, exponent), (std::max)(0, -exponent)), ""}
              : power_label(factor, exponent);
    ticks.push_back({(at - low_) / (high_ - low_), label});
  }

  bool logarithmic_;
  bool empty_;
  bool integers_ = false;      // all values are integers, such as epochs: no ticks between them
  double low_ = 0, high_ = 1;  // decimal logarithms on a logarithmic axis
};

}  // namespace lstmlib::plot::detail
