// SPDX-License-Identifier: MIT
#pragma once
// Dropout by a counter: the mask is drawn again on the way back, not kept.

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

/// Each element is 0 with probability `ratio`, 0 to below 1, else divided by 1 - ratio. The mask depends on
/// the seed, the update step, the number of this call within the step (see RandomState), the row and the
/// unit.
template <Real T>
[[nodiscard]] Variable<T> dropout(const Variable<T>& x, double ratio,
                                  math::RandomKey key = next_dropout_key()) {
  return detail::dropout<T>(x, nullptr, ratio, key);
}
/// The same for the rows of sequences: the mask depends on the sequence's place in the global batch and the
/// position in it, so neither on the order of the rows nor on the other sequences.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> dropout(const Ragged<Variable<T>>& x, double ratio,
                                          math::RandomKey key = next_dropout_key()) {
  detail::require_rows("dropout", x);
  return x.with(detail::dropout<T>(x.values, x.layout, ratio, key));
}

}  // namespace lstmlib::ops
