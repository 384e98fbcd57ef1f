// SPDX-License-Identifier: MIT
#pragma once
// Changes of shape: reshape, transpose, concatenation and splitting of columns.

#include "lstmlib/autograd/backward.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// The same elements in another shape; shares the memory.
template <Real T>
Variable<T> reshape(const Variable<T>& x, const Shape& shape) {
  auto& math = kernels("reshape", x.value()).math;
  return record("reshape", x.value().reshape(shape), {x},
                [&math](auto d_y, auto d_x) { math.add_scaled(T(1), d_y[0].view(), d_x[0].view()); });
}

/// x [rows, columns]; result [columns, rows].
template <Real T>
Variable<T> transpose(const Variable<T>& x) {
  if (x.shape().rank() != 2) fail<ShapeError>("transpose: a matrix is expected, shape ", x.shape());
  auto& math = kernels("transpose", x.value()).math;
  auto y = Tensor<T>::uninitialized({x.shape()[1], x.shape()[0]}, x.device());
  math.transpose(x.view(), y.mutable_view(), Write::assign);
  return record("transpose", y, {x},
                [&math](auto d_y, auto d_x) { math.transpose(d_y[0].view(), d_x[0].view(), Write::add); });
}

/// Columns one after another. Each part [rows, any], of equal rows; result [rows, sum of columns].
template <Real T>
Variable<T> concat(const std::vector<Variable<T>>& parts) {
  if (parts.empty()) fail<ShapeError>("concat: no parts");
  Index columns = 0;
  for (const auto& part : parts) {
    if (part.shape().rank() != 2 || part.shape()[0] != parts[0].shape()[0])
      fail<ShapeError>("concat: parts ", parts[0].shape(), " and ", part.shape(), " have no rows in common");
    columns += part.shape()[1];
  }
  const auto& first = parts[0].value();
  auto& math = kernels("concat", first).math;
  auto y = Tensor<T>::uninitialized({first.shape()[0], columns}, first.device());
  Index at = 0;
  for (const auto& part : parts) {
    kernels("concat", first, part.value());
    math.copy_columns(part.view(), 0, y.mutable_view(), at, part.shape()[1], Write::assign);
    at += part.shape()[1];
  }
  return record("concat", y, parts, [&math](auto d_y, auto d) {
    Index done = 0;
    for (auto& d_part : d) {
      const Index size = d_part.shape()[1];
      math.copy_columns(d_y[0].view(), done, d_part.view(), 0, size, Write::add);
      done += size;
    }
  });
}

/// `columns` columns of x [rows, any] from `first` on; result [rows, columns].
template <Real T>
Variable<T> columns(const Variable<T>& x, Index first, Index columns) {
  if (x.shape().rank() != 2 || first < 0 || columns < 0 || first + columns > x.shape()[1])
    fail<ShapeError>("columns: ", first, " to ", first + columns, " of shape ", x.shape());
  auto& math = kernels("columns", x.value()).math;
  auto y = Tensor<T>::uninitialized({x.shape()[0], columns}, x.device());
  math.copy_columns(x.view(), first, y.mutable_view(), 0, columns, Write::assign);
  return record("columns", y, {x}, [&math, first, columns](auto d_y, auto d_x) {
    math.copy_columns(d_y[0].view(), 0, d_x[0].view(), first, columns, Write::add);
  });
}

/// x [rows, sum of sizes] cut into parts of the given numbers of columns.
template <Real T>
std::vector<Variable<T>> split(const Variable<T>& x, std::span<const Index> sizes) {
  std::vector<Variable<T>> parts;
  Index at = 0;
  for (const Index size : sizes) {
    parts.push_back(columns(x, at, size));
    at += size;
  }
  if (at != x.shape().row_size()) fail<ShapeError>("split: sizes add up to ", at, " of shape ", x.shape());
  return parts;
}

}  // namespace lstmlib::ops
