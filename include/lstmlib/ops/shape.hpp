// SPDX-License-Identifier: MIT
#pragma once
// Operations that change the shape: reshape, transpose, concatenate and split.

#include "lstmlib/ops/check.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// The same elements with another shape. Shares memory. Throws ShapeError if the number of elements differs.
template <Real T>
[[nodiscard]] Variable<T> reshape(const Variable<T>& x, const Shape& shape) {
  detail::require("reshape", "the input", x);
  auto& tensor_kernels = kernels("reshape", x.value()).tensor;
  return record("reshape", x.value().reshape(shape), {x}, reads(), [&tensor_kernels](auto d_y, auto d_x) {
    tensor_kernels.add_scaled(T(1), d_y[0].view(), d_x[0].view());
  });
}

/// The transpose of a matrix: x [rows, columns], result [columns, rows].
template <Real T>
[[nodiscard]] Variable<T> transpose(const Variable<T>& x) {
  detail::require("transpose", "the input", x);
  if (x.shape().rank() != 2) fail<ShapeError>("transpose: a matrix is expected, shape ", x.shape());
  auto& tensor_kernels = kernels("transpose", x.value()).tensor;
  auto y = Tensor<T>::uninitialized({x.shape()[1], x.shape()[0]}, x.device());
  tensor_kernels.transpose(x.view(), y.mutable_view(), OutputMode::overwrite);
  return record("transpose", y, {x}, reads(), [&tensor_kernels](auto d_y, auto d_x) {
    tensor_kernels.transpose(d_y[0].view(), d_x[0].view(), OutputMode::accumulate);
  });
}

/// Concatenates along axis 1. Parts [rows, any], all with the same number of rows; result [rows, sum of
/// columns].
template <Real T>
[[nodiscard]] Variable<T> concat(const std::vector<Variable<T>>& parts) {
  if (parts.empty()) fail<ShapeError>("concat: no parts");
  Index columns = 0;
  for (const auto& part : parts) {
    detail::require("concat", "a part", part);
    if (part.shape().rank() != 2 || part.shape()[0] != parts[0].shape()[0])
      fail<ShapeError>("concat: parts ", parts[0].shape(), " and ", part.shape(), " have no rows in common");
    columns += part.shape()[1];
  }
  const auto& first = parts[0].value();
  auto& tensor_kernels = kernels("concat", first).tensor;
  auto y = Tensor<T>::uninitialized({first.shape()[0], columns}, first.device());
  Index at = 0;
  for (const auto& part : parts) {
    kernels("concat", first, part.value());
    tensor_kernels.copy_columns(part.view(), 0, y.mutable_view(), at, part.shape()[1], OutputMode::overwrite);
    at += part.shape()[1];
  }
  return record("concat", y, parts, reads(), [&tensor_kernels](auto d_y, auto d) {
    Index done = 0;
    for (auto& d_part : d) {
      const Index size = d_part.shape()[1];
      tensor_kernels.copy_columns(d_y[0].view(), done, d_part.view(), 0, size, OutputMode::accumulate);
      done += size;
    }
  });
}

/// Columns `first` to `first + columns - 1` of x [rows, any]; result [rows, columns]. Throws IndexError if
/// out of range.
template <Real T>
[[nodiscard]] Variable<T> columns(const Variable<T>& x, Index first, Index columns) {
  detail::require("columns", "the input", x);
  if (x.shape().rank() != 2) fail<ShapeError>("columns: shape ", x.shape(), ", expected [rows, columns]");
  if (first < 0 || columns < 0 || first > x.shape()[1] || columns > x.shape()[1] - first)
    fail<IndexError>("columns: ", columns, " columns from ", first, " on of shape ", x.shape());
  auto& tensor_kernels = kernels("columns", x.value()).tensor;
  auto y = Tensor<T>::uninitialized({x.shape()[0], columns}, x.device());
  tensor_kernels.copy_columns(x.view(), first, y.mutable_view(), 0, columns, OutputMode::overwrite);
  return record("columns", y, {x}, reads(), [&tensor_kernels, first, columns](auto d_y, auto d_x) {
    tensor_kernels.copy_columns(d_y[0].view(), 0, d_x[0].view(), first, columns, OutputMode::accumulate);
  });
}

/// Splits x [rows, sum of sizes] along axis 1 into parts with `sizes` columns. Throws ShapeError if the sizes
/// do not add up.
template <Real T>
[[nodiscard]] std::vector<Variable<T>> split(const Variable<T>& x, std::span<const Index> sizes) {
  detail::require("split", "the input", x);
  if (x.shape().rank() != 2) fail<ShapeError>("split: shape ", x.shape(), ", expected [rows, columns]");
  Index left = x.shape()[1];
  for (const Index size : sizes) {
    if (size < 0 || size > left)
      fail<ShapeError>("split: a part of ", size, " columns, where ", left, " of shape ", x.shape(),
                       " are left");
    left -= size;
  }
  if (left > 0) fail<ShapeError>("split: ", left, " columns of shape ", x.shape(), " belong to no part");
  std::vector<Variable<T>> parts;
  Index at = 0;
  for (const Index size : sizes) {
    parts.push_back(columns(x, at, size));
    at += size;
  }
  return parts;
}

}  // namespace lstmlib::ops
