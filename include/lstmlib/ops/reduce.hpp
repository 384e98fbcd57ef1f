// SPDX-License-Identifier: MIT
#pragma once
// Sum, mean and maximum over axes, over all elements, or over the time steps of each sequence.

#include "lstmlib/ops/axes.hpp"
#include "lstmlib/ops/permute.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
/// Calls `reduce(x, along, shape)`: `along` walks all `axes` as one axis, and `shape` is that of the result.
/// Axes that are not neighbours are first moved to the end.
template <Real T, class ReduceAxis>
Variable<T> over_axes(const char* op, const Variable<T>& x, const Axes& axes, ReduceOptions options,
                      ReduceAxis reduce) {
  require(op, "the input", x);
  const std::vector<int> some = axes.of(op, x.shape());
  const Shape shape = reduced_shape(x.shape(), some, options.keepdim);
  if (some.empty()) return reduce(x, AxisView({x.value().size(), 1, 1}, 1), shape);
  if (some.back() - some.front() + 1 == static_cast<int>(some.size()))
    return reduce(x, adjacent_axes(x.shape(), some.front(), some.back()), shape);
  std::vector<int> order;
  for (int axis = 0; axis < x.shape().rank(); ++axis)
    if (std::find(some.begin(), some.end(), axis) == some.end()) order.push_back(axis);
  const int first = static_cast<int>(order.size());
  order.insert(order.end(), some.begin(), some.end());
  const Variable<T> moved = permute(x, order);
  return reduce(moved, adjacent_axes(moved.shape(), first, moved.shape().rank() - 1), shape);
}
template <Real T>
Variable<T> sum(const char* op, const Variable<T>& x, const Axes& axes, ReduceOptions options, bool mean) {
  return over_axes(op, x, axes, options, [&](const Variable<T>& in, AxisView along, const Shape& shape) {
    const T factor = mean ? T(1) / static_cast<T>(along.size) : T(1);
    auto& tensor_kernels = kernels(op, in.value()).tensor;
    auto y = Tensor<T>::uninitialized(shape, in.device());
    tensor_kernels.sum(along, factor, in.view(), y.mutable_view());
    return record(op, y, {in}, reads(), [&tensor_kernels, along, factor](auto d_y, auto d_x) {
      tensor_kernels.sum_backward(along, factor, d_y[0].view(), d_x[0].view());
    });
  });
}
}  // namespace detail

/// Sum over `axes`, by default all of them; the result no longer has them, unless `keepdim` is set. Throws
/// IndexError if an axis does not exist.
///
///     ops::sum(x);                         // [2, 3, 4] to a scalar
///     ops::sum(x, -1);                     // to [2, 3]
///     ops::sum(x, {0, 2});                 // to [3]
///     ops::sum(x, 1, {.keepdim = true});   // to [2, 1, 4]
template <Real T>
[[nodiscard]] Variable<T> sum(const Variable<T>& x, const Axes& axes = {}, ReduceOptions options = {}) {
  return detail::sum("sum", x, axes, options, false);
}
/// Mean over `axes`, as sum(); NaN if there are no elements.
template <Real T>
[[nodiscard]] Variable<T> mean(const Variable<T>& x, const Axes& axes = {}, ReduceOptions options = {}) {
  return detail::sum("mean", x, axes, options, true);
}

/// Maximum over `axes`; NaN if any element is NaN, as in NumPy and PyTorch. Every element equal to the
/// maximum gets the whole gradient, as in Chainer; if the maximum is NaN, every NaN does. Throws IndexError
/// if an axis does not exist and ShapeError if it is empty.
template <Real T>
[[nodiscard]] Variable<T> max(const Variable<T>& x, const Axes& axes = {}, ReduceOptions options = {}) {
  return detail::over_axes(
      "max", x, axes, options, [&](const Variable<T>& in, AxisView along, const Shape& shape) {
        if (along.size == 0) fail<ShapeError>("max: nothing to reduce in shape ", in.shape());
        auto& tensor_kernels = kernels("max", in.value()).tensor;
        auto y = Tensor<T>::uninitialized(shape, in.device());
        tensor_kernels.max(along, in.view(), y.mutable_view());
        return record("max", y, {in}, [&tensor_kernels, along, x = in.value(), y](auto d_y, auto d_x) {
          tensor_kernels.max_backward(along, x.view(), y.view(), d_y[0].view(), d_x[0].view());
        });
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
