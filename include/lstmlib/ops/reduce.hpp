// SPDX-License-Identifier: MIT
#pragma once
// Sum, mean and maximum over an axis or over all elements; over the rows of each sequence.

#include "lstmlib/ops/shape.hpp"
#include "lstmlib/ops/softmax.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
template <Real T>
Variable<T> sum(const char* op, const Variable<T>& x, int axis, bool mean) {
  require(op, "the input", x);
  axis = checked_axis(op, x.shape(), axis);
  const AxisView along(x.shape(), axis);
  const T factor = mean ? T(1) / static_cast<T>(along.size) : T(1);
  auto& math = kernels(op, x.value()).math;
  auto y = Tensor<T>::uninitialized(without_axis(x.shape(), axis), x.device());
  math.sum(along, factor, x.view(), y.mutable_view());
  return record(op, y, {x}, reads(), [&math, along, factor](auto d_y, auto d_x) {
    math.sum_backward(along, factor, d_y[0].view(), d_x[0].view());
  });
}
template <Real T>
Variable<T> flat(const char* op, const Variable<T>& x) {
  require(op, "the input", x);
  return reshape(x, {x.value().size()});
}
}  // namespace detail

/// Over `axis`, counted from the end if negative; that axis is gone from the result.
template <Real T>
[[nodiscard]] Variable<T> sum(const Variable<T>& x, int axis) {
  return detail::sum("sum", x, axis, false);
}
template <Real T>
[[nodiscard]] Variable<T> mean(const Variable<T>& x, int axis) {
  return detail::sum("mean", x, axis, true);
}
/// Over all elements; the result is a scalar.
template <Real T>
[[nodiscard]] Variable<T> sum(const Variable<T>& x) {
  return sum(detail::flat("sum", x), 0);
}
template <Real T>
[[nodiscard]] Variable<T> mean(const Variable<T>& x) {
  return mean(detail::flat("mean", x), 0);
}

/// Largest along `axis`; NaN where one of the elements is, as NumPy and PyTorch have it. Each position that
/// equals it gets the whole gradient, as in the reference; where it is NaN, each NaN does. Throws ShapeError
/// if the axis is empty.
template <Real T>
[[nodiscard]] Variable<T> max(const Variable<T>& x, int axis) {
  detail::require("max", "the input", x);
  axis = detail::checked_axis("max", x.shape(), axis);
  const AxisView along(x.shape(), axis);
  if (along.size == 0) fail<ShapeError>("max: axis ", axis, " of shape ", x.shape(), " is empty");
  auto& math = kernels("max", x.value()).math;
  auto y = Tensor<T>::uninitialized(detail::without_axis(x.shape(), axis), x.device());
  math.max(along, x.view(), y.mutable_view());
  return record("max", y, {x}, [&math, along, x = x.value(), y](auto d_y, auto d_x) {
    math.max_backward(along, x.view(), y.view(), d_y[0].view(), d_x[0].view());
  });
}

/// Largest over the rows of each sequence, as max. x.rows [rows, features]; result [sequences, features].
template <Real T>
[[nodiscard]] Variable<T> max_over_time(const Ragged<Variable<T>>& x) {
  detail::require_rows("max_over_time", x);
  auto& neural = kernels("max_over_time", x.rows.value()).neural;
  auto y = Tensor<T>::uninitialized({x.sequences(), x.rows.shape()[1]}, x.rows.device());
  neural.segment_max(*x.segments, x.rows.view(), y.mutable_view());
  return record("max_over_time", y, {x.rows},
                [&neural, segments = x.segments, x = x.rows.value(), y](auto d_y, auto d_x) {
                  neural.segment_max_backward(*segments, x.view(), y.view(), d_y[0].view(), d_x[0].view());
                });
}

namespace detail {
template <Real T>
Variable<T> segment_sum(const char* op, const Ragged<Variable<T>>& x, bool mean) {
  require_rows(op, x);
  auto& neural = kernels(op, x.rows.value()).neural;
  auto y = Tensor<T>::uninitialized({x.sequences(), x.rows.shape()[1]}, x.rows.device());
  neural.segment_sum(*x.segments, mean, x.rows.view(), y.mutable_view());
  return record(op, y, {x.rows}, reads(), [&neural, segments = x.segments, mean](auto d_y, auto d_x) {
    neural.segment_sum_backward(*segments, mean, d_y[0].view(), d_x[0].view());
  });
}
}  // namespace detail

/// Sum of the rows of each sequence; result [sequences, features].
template <Real T>
[[nodiscard]] Variable<T> sum_over_time(const Ragged<Variable<T>>& x) {
  return detail::segment_sum("sum_over_time", x, false);
}
/// Mean of the rows of each sequence; result [sequences, features].
template <Real T>
[[nodiscard]] Variable<T> mean_over_time(const Ragged<Variable<T>>& x) {
  return detail::segment_sum("mean_over_time", x, true);
}

}  // namespace lstmlib::ops
