// SPDX-License-Identifier: MIT
#pragma once
// Operations between sequences and their rows: repeat a row of each sequence, and softmax over time. core.hpp
// does not include it.

#include "lstmlib/ops/elementwise.hpp"
#include "lstmlib/ops/padding.hpp"
#include "lstmlib/ops/reduce.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
/// The index of the sequence of each row.
inline Tensor<std::int32_t> sequence_ids(const char* op, const SequenceLayout& layout, Device device) {
  std::vector<Index> ids;
  ids.reserve(static_cast<std::size_t>(layout.rows()));
  for (Index s = 0; s < layout.sequences(); ++s)
    ids.insert(ids.end(), static_cast<std::size_t>(layout.length(s)), s);
  return Tensor<std::int32_t>::from(row_ids(op, ids, layout.rows()), {layout.rows()}, device);
}
}  // namespace detail

/// A row for each sequence, repeated for all of its time steps. x [sequences, features]; result values [rows,
/// features]. The gradient is summed over the rows. Throws ShapeError if x has not as many rows as there are
/// sequences.
///
///     const auto y = ops::repeat_over_time(context, x.layout);  // a view of the whole sequence for each step
template <Real T>
[[nodiscard]] Ragged<Variable<T>> repeat_over_time(const Variable<T>& x,
                                                   std::shared_ptr<const SequenceLayout> layout) {
  detail::require("repeat_over_time", "the input", x);
  if (!layout) fail<ShapeError>("repeat_over_time: no sequence layout");
  if (x.shape().rank() != 2 || x.shape()[0] != layout->sequences())
    fail<ShapeError>("repeat_over_time: input ", x.shape(), ", expected [", layout->sequences(),
                     ", features]");
  const auto& all = kernels("repeat_over_time", x.value());
  const auto ids = detail::sequence_ids("repeat_over_time", *layout, x.device());
  auto y = Tensor<T>::uninitialized({layout->rows(), x.shape()[1]}, x.device());
  all.nn.gather_rows(x.view(), ids.view(), ignore_none, {}, y.mutable_view());
  auto rows = record("repeat_over_time", y, {x}, reads(), [&all, layout](auto d_y, auto d_x) {
    if (!d_x[0].needed()) return;
    auto sums = Tensor<T>::uninitialized(d_x[0].shape(), d_y[0].device());
    all.nn.segment_sum(*layout, false, d_y[0].view(), sums.mutable_view());
    all.tensor.add_scaled(T(1), sums.view(), d_x[0].view());
  });
  return {std::move(rows), std::move(layout)};
}

/// exp(x) / sum(exp(x)) over the rows of each sequence, feature by feature, without overflow. x.values [rows,
/// features], the result too.
template <Real T>
[[nodiscard]] Ragged<Variable<T>> softmax_over_time(const Ragged<Variable<T>>& x) {
  detail::require_rows("softmax_over_time", x);
  const auto largest = repeat_over_time(max_over_time(x).detach(), x.layout);  // subtracted: no gradient
  const auto e = x.with(exp(x.values - largest.values));
  return x.with(e.values / repeat_over_time(sum_over_time(e), x.layout).values);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
