// SPDX-License-Identifier: MIT
#pragma once
// Sum, mean and maximum over an axis, over all elements, or over the time steps of each sequence.

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
  auto& tensor_kernels = kernels(op, x.value()).tensor;
  auto y = Tensor<T>::uninitialized(without_axis(x.shape(), axis), x.device());
  tensor_kernels.sum(along, factor, x.view(), y.mutable_view());
  return record(op, y, {x}, reads(), [&tensor_kernels, along, factor](auto d_y, auto d_x) {
    tensor_kernels.sum_backward(along, factor, d_y[0].view(), d_x[0].view());
  });
}
template <Real T>
Variable<T> flat(const char* op, const Variable<T>& x) {
  require(op, "the input", x);
  return reshape(x, {x.value().size()});
}
}  // namespace detail

/// Sum over `axis`, which the result no longer has. A negative axis counts from the end. Throws IndexError if
/// the axis does not exist.
template <Real T>
[[nodiscard]] Variable<T> sum(const Variable<T>& x, int axis) {
  return detail::sum("sum", x, axis, false);
}
/// Mean over `axis`, as sum(x, axis).
template <Real T>
[[nodiscard]] Variable<T> mean(const Variable<T>& x, int axis) {
  return detail::sum("mean", x, axis, true);
}
/// Sum of all elements, a scalar.
template <Real T>
[[nodiscard]] Variable<T> sum(const Variable<T>& x) {
  return sum(detail::flat("sum", x), 0);
}
/// Mean of all elements, a scalar.
template <Real T>
[[nodiscard]] Variable<T> mean(const Variable<T>& x) {
  return mean(detail::flat("mean", x), 0);
}

/// Maximum along `axis`; NaN if any element is NaN, as in NumPy and PyTorch. Every element equal to the
/// maximum gets the whole gradient, as in Chainer; if the maximum is NaN, every NaN does. Throws ShapeError
/// if the axis is empty.
template <Real T>
[[nodiscard]] Variable<T> max(const Variable<T>& x, int axis) {
  detail::require("max", "the input", x);
  axis = detail::checked_axis("max", x.shape(), axis);
  const AxisView along(x.shape(), axis);
  if (along.size == 0) fail<ShapeError>("max: axis ", axis, " of shape ", x.shape(), " is empty");
  auto& tensor_kernels = kernels("max", x.value()).tensor;
  auto y = Tensor<T>::uninitialized(detail::without_axis(x.shape(), axis), x.device());
  tensor_kernels.max(along, x.view(), y.mutable_view());
  return record("max", y, {x}, [&tensor_kernels, along, x = x.value(), y](auto d_y, auto d_x) {
    tensor_kernels.max_backward(along, x.view(), y.view(), d_y[0].view(), d_x[0].view());
  });
}

/// Maximum over the rows of each sequence, like max(). x.values [rows, features]; result [sequences,
/// features].
template <Real T>
[[nodiscard]] Variable<T> max_over_time(const Ragged<Variable<T>>& x) {
  detail::require_rows("max_over_time", x);
  auto& nn_kernels = kernels("max_over_time", x.values.value()).nn;
  auto y = Tensor<T>::uninitialized({x.sequences(), x.values.shape()[1]}, x.values.device());
  nn_kernels.segment_max(*x.layout, x.values.view(), y.mutable_view());
  return record("max_over_time", y, {x.values},
                [&nn_kernels, layout = x.layout, x = x.values.value(), y](auto d_y, auto d_x) {
                  nn_kernels.segment_max_backward(*layout, x.view(), y.view(), d_y[0].view(), d_x[0].view());
                });
}

namespace detail {
template <Real T>
Variable<T> segment_sum(const char* op, const Ragged<Variable<T>>& x, bool mean) {
  require_rows(op, x);
  auto& nn_kernels = kernels(op, x.values.value()).nn;
  auto y = Tensor<T>::uninitialized({x.sequences(), x.values.shape()[1]}, x.values.device());
  nn_kernels.segment_sum(*x.layout, mean, x.values.view(), y.mutable_view());
  return record(op, y, {x.values}, reads(), [&nn_kernels, layout = x.layout, mean](auto d_y, auto d_x) {
    nn_kernels.segment_sum_backward(*layout, mean, d_y[0].view(), d_x[0].view());
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
