// SPDX-License-Identifier: MIT
#pragma once
// Convolution over the time steps of each sequence, with stride, dilation, padding and groups. core.hpp does not
// include it.

#include "lstmlib/base/option.hpp"
#include "lstmlib/ops/arithmetic.hpp"
#include "lstmlib/ops/convolution.hpp"
#include "lstmlib/ops/linear.hpp"
#include "lstmlib/ops/padding.hpp"
#include "lstmlib/ops/permute.hpp"
#include "lstmlib/ops/reduce.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Which rows of zeros a convolution sees around each sequence of n rows. A window covers
/// (window - 1) dilation + 1 time steps.
enum class Padding : std::uint8_t {
  none,   ///< none: (n - covered) / stride + 1 windows, rounded down
  same,   ///< on both sides, (covered - 1) / 2 of them before: ceil(n / stride) windows
  causal  ///< before the first row: ceil(n / stride) windows, each of which ends at a row
};

/// Options of convolution_1d.
struct Convolution1dOptions {
  Index stride = 1;    ///< time steps between windows
  Index dilation = 1;  ///< time steps between the rows of a window
  Index groups = 1;    ///< parts of the features that have filters of their own
  Padding padding = Padding::none;

  /// Throws ValueError, naming `owner`, for a number below 1 or above 2^24, or another padding.
  void check(const char* owner) const {
    const auto in_range = [&](const char* option, Index value) {
      if (value < 1 || value > detail::max_convolution_step)
        fail<ValueError>(owner, ": ", option, " is ", value, ", expected 1 to ",
                         detail::max_convolution_step);
    };
    in_range("stride", stride);
    in_range("dilation", dilation);
    in_range("groups", groups);
    if (padding > Padding::causal)
      lstmlib::detail::refuse_option(owner, "padding", static_cast<int>(padding), "none, same or causal");
  }
};

namespace detail {
/// The windows of all sequences: their layout, and for each row of each window the row of x, -1 for padding.
struct TimeWindows {
  std::shared_ptr<const SequenceLayout> layout;
  std::vector<Index> rows;

  TimeWindows(const std::shared_ptr<const SequenceLayout>& of, Index window, const Convolution1dOptions& o) {
    const Index covered = (window - 1) * o.dilation + 1;
    const Index before = o.padding == Padding::none     ? 0
                         : o.padding == Padding::causal ? covered - 1
                                                        : (covered - 1) / 2;
    std::vector<Index> lengths;
    for (Index s = 0; s < of->sequences(); ++s) {
      const Index length = of->length(s);
      if (o.padding == Padding::none && length < covered)
        fail<ShapeError>("convolution_1d: sequence ", s, " has ", length, " rows, expected at least ",
                         covered, ", which a window covers; or pad it");
      const Index windows = (o.padding == Padding::none ? length - covered : length - 1) / o.stride + 1;
      lengths.push_back(windows);
      for (Index w = 0; w < windows; ++w)
        for (Index k = 0; k < window; ++k) {
          const Index step = w * o.stride + k * o.dilation - before;
          rows.push_back(step < 0 || step >= length ? -1 : of->begin(s) + step);
        }
    }
    const bool equal = o.stride == 1 && (o.padding != Padding::none || covered == 1);
    layout = equal ? of : std::make_shared<const SequenceLayout>(lengths);
  }
  /// The rows of the windows one after another: [windows, window features].
  template <Real T>
  Variable<T> of(const Variable<T>& x, Index window) const {
    const Index features = x.shape()[1], count = std::ssize(rows);
    const auto taken = take_rows<T>("convolution_1d", x, rows, x.shape()[0], {count, features}, T(0));
    return reshape(taken, {layout->rows(), window * features});
  }
};
}  // namespace detail

/// Convolution (cross-correlation) over the rows of each sequence; no window reaches into another sequence.
/// x.values [rows, features]; weight [filters, features / groups, window]; bias [filters] or absent; result
/// values [windows, filters], with as many windows in a sequence as Padding says. Group g of the filters sees
/// group g of the features. Of operations that the CPU and GPUs have: rows are gathered, then multiplied. A
/// group is a product of its own, except where each feature has one filter.
///
/// Throws ShapeError if shapes do not match, the groups do not divide features and filters, or without padding a
/// sequence is shorter than what a window covers; and ValueError for an option out of range.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> convolution_1d(const Ragged<Variable<T>>& x, const Variable<T>& weight,
                                                 const Variable<T>& bias = {},
                                                 const Convolution1dOptions& options = {}) {
  detail::require_rows("convolution_1d", x);
  detail::require("convolution_1d", "the weight", weight);
  options.check("convolution_1d");
  const Shape& w = weight.shape();
  const Index features = x.values.shape()[1], groups = options.groups;
  if (w.rank() != 3 || w[0] < 1 || w[2] < 1 || w[2] > detail::max_convolution_step || features < 1 ||
      features % groups != 0 || w[1] != features / groups || w[0] % groups != 0)
    fail<ShapeError>("convolution_1d: input ", x.values.shape(), ", weight ", w, " in ", groups, " group",
                     groups == 1 ? "" : "s",
                     "; expected [rows, features], [filters, features / groups, window]",
                     groups == 1 ? "" : " and whole groups");
  if (bias && bias.shape() != Shape{w[0]})
    fail<ShapeError>("convolution_1d: bias ", bias.shape(), " for weight ", w, ", expected [", w[0], "]");
  kernels("convolution_1d", x.values.value(), weight.value(), bias.value());
  const Index window = w[2];
  const detail::TimeWindows windows(x.layout, window, options);
  const Ragged<Variable<T>> place{{}, windows.layout};
  if (groups == features && w[0] == features && groups > 1) {  // a filter for each feature
    const auto rows = reshape(windows.of(x.values, window), {windows.layout->rows(), window, features});
    const auto y = sum(rows * transpose(reshape(weight, {features, window})), 1);
    return place.with(bias ? y + bias : y);
  }
  const Index in = features / groups, out = w[0] / groups;
  const auto filters = reshape(permute(weight, {0, 2, 1}), {w[0], window * in});
  std::vector<Variable<T>> parts;
  for (Index g = 0; g < groups; ++g) {
    const auto part = groups == 1 ? x.values : columns(x.values, g * in, in);
    parts.push_back(linear(windows.of(part, window), filters.rows(g * out, out),
                           bias ? bias.rows(g * out, out) : Variable<T>()));
  }
  return place.with(groups == 1 ? parts[0] : concat(parts));
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
