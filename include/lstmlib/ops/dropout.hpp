// SPDX-License-Identifier: MIT
#pragma once
// Dropout with a counter-based generator: the backward pass draws the mask again instead of storing it.

#include "lstmlib/base/option.hpp"
#include "lstmlib/ops/check.hpp"
#include "lstmlib/tensor/random.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
inline RowDropout row_dropout(const SequenceLayout* layout, double ratio, math::RandomKey key) {
  lstmlib::detail::require_below_one("dropout", "ratio", ratio);
  return {key, ratio, {layout, random_state().first_sentence}};
}
template <Real T>
Variable<T> dropout(const Variable<T>& x, std::shared_ptr<const SequenceLayout> layout, double ratio,
                    math::RandomKey key) {
  require("dropout", "the input", x);
  const RowDropout dropout = row_dropout(layout.get(), ratio, key);
  auto& nn_kernels = kernels("dropout", x.value()).nn;
  auto y = Tensor<T>::uninitialized(x.shape(), x.device());
  nn_kernels.dropout(dropout, x.view(), y.mutable_view(), OutputMode::overwrite);
  return record("dropout", y, {x}, reads(), [&nn_kernels, dropout, layout](auto d_y, auto d_x) {
    nn_kernels.dropout(dropout, d_y[0].view(), d_x[0].view(), OutputMode::accumulate);
  });
}
}  // namespace detail

/// Sets each element to 0 with probability `ratio` (0 <= ratio < 1) and divides the others by 1 - ratio. The
/// mask depends on the seed, the update step, the number of this call in the step (see RandomState), the row
/// and the unit. Throws ValueError for another ratio.
template <Real T>
[[nodiscard]] Variable<T> dropout(const Variable<T>& x, double ratio,
                                  math::RandomKey key = next_dropout_key()) {
  return detail::dropout<T>(x, nullptr, ratio, key);
}
/// Dropout for a ragged batch. The mask depends on a sequence's index in the global batch and the position in
/// it. It does not depend on the order of rows or on other sequences.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> dropout(const Ragged<Variable<T>>& x, double ratio,
                                          math::RandomKey key = next_dropout_key()) {
  detail::require_rows("dropout", x);
  return x.with(detail::dropout<T>(x.values, x.layout, ratio, key));
}

}  // namespace lstmlib::ops
