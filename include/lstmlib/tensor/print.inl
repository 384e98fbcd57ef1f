// SPDX-License-Identifier: MIT
#pragma once
// Prints arrays like NumPy. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/tensor/print.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::detail {

inline constexpr Index print_whole = 1000;      // elements; larger tensors are summarised
inline constexpr Index print_edge = 3;          // positions shown at each end of a summarised axis
inline constexpr std::size_t print_line = 75;   // characters
inline constexpr std::size_t print_digits = 8;  // after the decimal point

/// The parts of a number: "-12" and "5" of -12.5, and the exponent "+03" in scientific format.
struct Digits {
  std::string whole, fraction, exponent;
};
/// The shortest digits that identify `x`, at most print_digits of them after the point.
template <Real T>
Digits digits_of(T x, std::chars_format format) {
  char text[64];
  std::string all(text, std::to_chars(text, text + sizeof text, x, format).ptr);
  const auto parse = [&] {
    const auto e = std::min(all.find('e'), all.size()), point = std::min(all.find('.'), e);
    return Digits{all.substr(0, point), all.substr(std::min(point + 1, e), e - std::min(point + 1, e)),
                  e == all.size() ? "" : all.substr(e + 1)};
  };
  Digits digits = parse();
  if (digits.fraction.size() <= print_digits) return digits;
  all.assign(text, std::to_chars(text, text + sizeof text, x, format, int{print_digits}).ptr);
  digits = parse();
  digits.fraction.erase(digits.fraction.find_last_not_of('0') + 1);
  return digits;
}
inline std::string padded(const std::string& text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + text;
}

template <Integer T>
std::vector<std::string> column_of(const std::vector<T>& numbers) {
  std::vector<std::string> texts;
  std::size_t width = 0;
  for (const T x : numbers) width = std::max(width, texts.emplace_back(std::to_string(x)).size());
  for (auto& text : texts) text = padded(text, width);
  return texts;
}
template <Real T>
std::vector<std::string> column_of(const std::vector<T>& numbers) {
  T smallest = std::numeric_limits<T>::infinity(), largest = 0;
  for (const T x : numbers)
    if (std::isfinite(x) && x != 0)
      smallest = std::min(smallest, std::abs(x)), largest = std::max(largest, std::abs(x));
  const bool scientific = largest > 0 && (largest >= T(sizeof(T) == 4 ? 1e6 : 1e8) || smallest < T(1e-4) ||
                                          largest / smallest > T(1000));

  std::vector<Digits> all;
  std::size_t whole = 0, fraction = 0, exponent = 0;
  for (const T x : numbers) {
    if (!std::isfinite(x)) {
      all.push_back({x != x ? "nan" : x < 0 ? "-inf" : "inf", "", ""});
      continue;
    }
    auto& digits =
        all.emplace_back(digits_of(x, scientific ? std::chars_format::scientific : std::chars_format::fixed));
    whole = std::max(whole, digits.whole.size());
    fraction = std::max(fraction, digits.fraction.size());
    exponent = std::max(exponent, digits.exponent.size());
  }
  const std::size_t right = 1 + fraction + (scientific ? 1 + exponent : 0);  // width from the point on
  for (std::size_t i = 0; i < numbers.size(); ++i)
    if (!std::isfinite(numbers[i]))
      whole = std::max(whole, all[i].whole.size() - std::min(all[i].whole.size(), right));

  std::vector<std::string> texts;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const auto& [before, behind, power] = all[i];
    if (!std::isfinite(numbers[i])) texts.push_back(padded(before, whole + right));
    else if (scientific)
      texts.push_back(padded(before, whole) + '.' + behind + std::string(fraction - behind.size(), '0') +
                      'e' + power[0] + std::string(exponent - power.size(), '0') + power.substr(1));
    else texts.push_back(padded(before, whole) + '.' + behind + std::string(fraction - behind.size(), ' '));
  }
  return texts;
}

/// A single number: "3.0".
template <Element T>
std::string text_of(T x) {
  if constexpr (Integer<T>) return std::to_string(x);
  else {
    if (!std::isfinite(x)) return column_of(std::vector<T>{x})[0];
    const bool fixed = x == 0 || (std::abs(x) >= T(1e-4) && std::abs(x) < T(1e16));
    char text[64];
    std::string all(text, std::to_chars(text, text + sizeof text, x,
                                        fixed ? std::chars_format::fixed : std::chars_format::scientific)
                              .ptr);
    return fixed && all.find('.') == all.npos ? all + ".0" : all;
  }
}

/// Selects the elements of a row-major array to show, and arranges their texts.
class Printer {
 public:
  explicit Printer(const Shape& shape) : shape_(shape), summarised_(shape.elements() > print_whole) {}

  template <class T>
  std::vector<T> shown(std::span<const T> values) const {
    std::vector<T> some;
    collect(values, 0, 0, some);
    return some;
  }
  /// Arranges `texts`, one for each element of shown().
  std::string layout(const std::vector<std::string>& texts) const {
    std::size_t next = 0;
    return layout(texts, next, 0, print_line);
  }

 private:
  /// Calls `use(i)` for each position of an axis that is shown, and `use(-1)` once for those left out.
  template <class Use>
  void each(int axis, Use use) const {
    const Index size = shape_[axis];
    const bool cut = summarised_ && size > 2 * print_edge;
    for (Index i = 0; i < size; ++i) {
      if (cut && i == print_edge) use(Index{-1}), i = size - print_edge;
      use(i);
    }
  }
  template <class T>
  void collect(std::span<const T> values, int axis, Index at, std::vector<T>& some) const {
    if (axis == shape_.rank()) return some.push_back(values[static_cast<std::size_t>(at)]);
    each(axis, [&](Index i) {
      if (i >= 0) collect(values, axis + 1, at * shape_[axis] + i, some);
    });
  }
  std::string layout(const std::vector<std::string>& texts, std::size_t& next, int axis,
                     std::size_t width) const {
    const std::string indent(static_cast<std::size_t>(axis) + 1, ' ');
    const bool last = axis + 1 == shape_.rank();
    std::string all, line = indent;
    each(axis, [&](Index i) {
      if (!last) {
        if (!all.empty())
          all += std::string(static_cast<std::size_t>(shape_.rank() - axis - 1), '\n') + indent;
        all += i < 0 ? "..." : layout(texts, next, axis + 1, width - 1);
        return;
      }
      const std::string word = i < 0 ? "..." : texts[next++];
      if (line.size() + word.size() > width - 1 && line.size() > indent.size()) {
        all += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
        line = indent;
      }
      line += word + ' ';
    });
    if (last) {
      line.pop_back();
      all += line;
      all.erase(0, indent.size());
    }
    return '[' + all + ']';
  }

  const Shape& shape_;
  bool summarised_;
};

template <Element T>
std::string text_of_typed(std::span<const T> values, const Shape& shape) {
  if (shape.rank() == 0) return text_of(values[0]);
  if (values.empty()) return "[]";
  const Printer printer(shape);
  return printer.layout(column_of(printer.shown(values)));
}

LSTMLIB_INLINE std::string text_of(std::span<const float> values, const Shape& shape) {
  return text_of_typed(values, shape);
}
LSTMLIB_INLINE std::string text_of(std::span<const double> values, const Shape& shape) {
  return text_of_typed(values, shape);
}
LSTMLIB_INLINE std::string text_of(std::span<const std::int32_t> values, const Shape& shape) {
  return text_of_typed(values, shape);
}
LSTMLIB_INLINE std::string text_of(std::span<const std::int64_t> values, const Shape& shape) {
  return text_of_typed(values, shape);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::detail
