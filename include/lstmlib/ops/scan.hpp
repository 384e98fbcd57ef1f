// SPDX-License-Identifier: MIT
#pragma once
// A step of operations over the time steps of a ragged batch, for recurrent layers of any formula.

#include "lstmlib/ops/padding.hpp"

#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// The results of scan().
template <Real T>
struct ScanOutput {
  Ragged<Variable<T>> output;     ///< the first state after each time step, in the order of the input's rows
  std::vector<Variable<T>> last;  ///< all states after the last time step [sequences, any]
};

namespace detail {
/// Parts [any, columns] one below the other.
template <Real T>
Variable<T> join_rows(const char* op, const std::vector<Variable<T>>& parts) {
  if (parts.size() == 1) return parts[0];
  Index rows = 0;
  for (const auto& part : parts) rows += part.shape().rows();
  const Tensor<T>& first = parts[0].value();
  auto& tensor_kernels = kernels(op, first).tensor;
  auto y = Tensor<T>::zeros(first.shape().with_rows(rows), first.device());
  rows = 0;
  for (const auto& part : parts) {
    kernels(op, first, part.value());
    tensor_kernels.add_scaled(T(1), part.view(), y.rows(rows, part.shape().rows()).mutable_view());
    rows += part.shape().rows();
  }
  return record(op, y, parts, reads(), [&tensor_kernels](auto d_y, auto d) {
    Index done = 0;
    for (auto& d_part : d) {
      const Index count = d_part.shape().rows();
      if (d_part.needed()) tensor_kernels.add_scaled(T(1), d_y[0].rows(done, count).view(), d_part.view());
      done += count;
    }
  });
}
template <Real T>
Variable<T> permute_rows(const Variable<T>& x, const std::vector<Index>& rows) {
  return take_rows<T>("scan", x, rows, x.shape().rows(), x.shape(), T(0));
}
inline std::vector<Index> inverse(const std::vector<Index>& order) {
  std::vector<Index> back(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    back[static_cast<std::size_t>(order[i])] = static_cast<Index>(i);
  return back;
}
}  // namespace detail

/// Runs `step(rows, states)` for each time step. `rows` [running, features] are those of the sequences that
/// still run, longest first; `states`, a std::vector<Variable<T>>, has theirs [running, any]. It returns the
/// new states, as many and of the same shapes. `initial` [sequences, any] are the states before the first
/// step. A reverse pass starts at the last row of each sequence. The gradient is that of the operations of
/// the step, so every device works. A layer with a cell of formulas (CellRnn) is faster.
///
///     const auto made = ops::scan<float>(x, {zeros}, [&](auto rows, auto states) {
///       return std::vector{ops::tanh(rows + ops::linear(states[0], weight))};
///     });
///
/// Throws ShapeError for an absent or empty batch, no states, and states of the wrong shape.
template <Real T, class Step>
[[nodiscard]] ScanOutput<T> scan(const Ragged<Variable<T>>& x,
                                 const std::type_identity_t<std::vector<Variable<T>>>& initial, Step step,
                                 bool reverse = false) {
  detail::require_rows("scan", x);
  const SequenceLayout& layout = *x.layout;
  if (layout.rows() == 0) fail<ShapeError>("scan: a batch without rows, expected at least one");
  if (initial.empty()) fail<ShapeError>("scan: no states, expected at least one");
  std::vector<Index> rows, places;
  for (Index t = 0; t < layout.time_steps(); ++t)
    for (Index place = 0; place < layout.batch_size_at(t); ++place)
      rows.push_back(layout.row(place, t, reverse));
  for (const Index sequence : layout.sorted_indices()) places.push_back(sequence);
  std::vector<Variable<T>> states;
  for (const auto& state : initial) {
    detail::require("scan", "an initial state", state);
    if (state.shape().rank() != 2 || state.shape()[0] != layout.sequences())
      fail<ShapeError>("scan: initial state ", state.shape(), ", expected [", layout.sequences(), ", any]");
    states.push_back(detail::permute_rows(state, places));
  }
  const auto in_time_order = detail::permute_rows(x.values, rows);
  std::vector<Variable<T>> outputs;
  std::vector<std::vector<Variable<T>>> ended(states.size());  // the sequences that ended, in order
  for (Index t = 0; t < layout.time_steps(); ++t) {
    const Index running = layout.batch_size_at(t);
    for (std::size_t i = 0; i < states.size(); ++i) {
      const Index before = states[i].shape().rows();
      if (running == before) continue;
      ended[i].push_back(states[i].rows(running, before - running));
      states[i] = states[i].rows(0, running);
    }
    std::vector<Variable<T>> next =
        step(in_time_order.rows(layout.time_offset(t), running), std::as_const(states));
    if (next.size() != states.size())
      fail<ShapeError>("scan: the step returned ", next.size(), " states, expected ", states.size());
    for (std::size_t i = 0; i < next.size(); ++i)
      if (next[i].is_absent() || next[i].shape() != states[i].shape())
        fail<ShapeError>("scan: the step returned state ", i, " of shape ", next[i].shape(), ", expected ",
                         states[i].shape());
    states = std::move(next);
    outputs.push_back(states[0]);
  }
  ScanOutput<T> result;
  result.output = x.with(detail::permute_rows(detail::join_rows("scan", outputs), detail::inverse(rows)));
  for (std::size_t i = 0; i < states.size(); ++i) {
    std::vector<Variable<T>> parts{states[i]};
    parts.insert(parts.end(), ended[i].rbegin(), ended[i].rend());
    result.last.push_back(detail::permute_rows(detail::join_rows("scan", parts), detail::inverse(places)));
  }
  return result;
}

}  // namespace lstmlib::ops
