// SPDX-License-Identifier: MIT
#pragma once
// Convolution over time with stride, dilation, padding and groups, as a layer.

#include "lstmlib/base/option.hpp"
#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/module.hpp"
#include "lstmlib/ops/convolution_1d.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

using ops::Padding;

struct Conv1dOptions {
  Index input_size;                 ///< features of an input row
  Index filters;                    ///< features of an output row
  Index window;                     ///< rows that a filter covers
  Index stride = 1;                 ///< time steps between windows
  Index dilation = 1;               ///< time steps between the rows of a window
  Padding padding = Padding::none;  ///< see ops::Padding
  Index groups = 1;                 ///< parts of the features that have filters of their own
  bool bias = true;

  [[nodiscard]] ops::Convolution1dOptions of_operation() const { return {stride, dilation, groups, padding}; }
  /// Throws ValueError for a size below 1, another option out of range, or groups that do not divide input_size
  /// and filters.
  void check() const {
    lstmlib::detail::require_size("Conv1dOptions", "input_size", input_size);
    lstmlib::detail::require_size("Conv1dOptions", "filters", filters);
    lstmlib::detail::require_size("Conv1dOptions", "window", window);
    of_operation().check("Conv1dOptions");
    if (input_size % groups != 0 || filters % groups != 0)
      fail<ValueError>("Conv1dOptions: groups is ", groups, ", expected a divisor of input_size, ",
                       input_size, ", and of filters, ", filters);
  }
};

/// Convolution over the rows of each sequence, with bias: see ops::convolution_1d. The initial weight is
/// lecun_normal, the initial bias 0. Files have the keys and shapes of Chainer's Convolution1D.
///
///     nn::Conv1d<> convolution({.input_size = 300, .filters = 100, .window = 3, .padding = nn::Padding::same});
///     const auto y = convolution(x);  // x.values [rows, 300], y.values [rows, 100]
template <Real T = float>
class Conv1d : public Module {
 public:
  explicit Conv1d(Conv1dOptions o) {
    o.check();
    options = o.of_operation();
    weight = Parameter<T>(lecun_normal<T>({o.filters, o.input_size / o.groups, o.window}));
    if (o.bias) bias = Parameter<T>(Tensor<T>::zeros({o.filters}));
  }

  /// x.values [rows, input_size]; result values [windows, filters].
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x) const {
    return ops::convolution_1d(x, weight, bias, options);
  }

  void visit_members(MemberVisitor& visit) override { visit("W", weight)("b", bias); }

  Parameter<T> weight;                ///< [filters, input_size / groups, window]
  Parameter<T> bias;                  ///< [filters] or absent
  ops::Convolution1dOptions options;  ///< stride, dilation, groups, padding
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
