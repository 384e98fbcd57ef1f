// SPDX-License-Identifier: MIT
#pragma once
// Convolution over time as a layer.

#include "lstmlib/base/option.hpp"
#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/module.hpp"
#include "lstmlib/ops/convolution.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

struct TextConvolutionOptions {
  Index input_size;  ///< features of an input row
  Index filters;     ///< features of an output row
  Index window;      ///< rows that a filter covers

  /// Throws ValueError for a size below 1.
  void check() const {
    lstmlib::detail::require_size("TextConvolutionOptions", "input_size", input_size);
    lstmlib::detail::require_size("TextConvolutionOptions", "filters", filters);
    lstmlib::detail::require_size("TextConvolutionOptions", "window", window);
  }
};

/// Convolution over the rows of each sequence, without bias. The weight has the shape and file key of a 2-D
/// convolution over images [features, rows, 1].
template <Real T = float>
class TextConvolution : public Module {
 public:
  explicit TextConvolution(TextConvolutionOptions o) {
    o.check();
    weight = Parameter<T>(lecun_normal<T>({o.filters, o.input_size, o.window, 1}));
  }

  /// x.values [rows, input_size]. A sequence of n rows becomes n + window - 1 rows [.., filters]: see
  /// ops::convolution_over_time.
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x) const {
    return ops::convolution_over_time(x, weight);
  }

  void visit_members(MemberVisitor& visit) override { visit("W", weight); }

  Parameter<T> weight;  ///< [filters, input_size, window, 1]
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
