// SPDX-License-Identifier: MIT
#pragma once
// Kernels of elementwise functions, sums and products. For all kernels: views are on one device, callers
// check shapes, gradients are *added*, null views are skipped.

#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

enum class UnaryOp : std::uint8_t { tanh, sigmoid, relu };

template <Real T>
class TensorKernels {
 public:
  virtual ~TensorKernels() = default;
  virtual void unary(UnaryOp, View<const T> x, View<T> y) = 0;
  virtual void unary_backward(UnaryOp, View<const T> y, View<const T> d_y, View<T> d_x) = 0;
  virtual void fill(T value, View<T> y) = 0;
  /// y += factor x
  virtual void add_scaled(T factor, View<const T> x, View<T> y) = 0;
  /// y = a b or y += a b, element by element
  virtual void multiply(View<const T> a, View<const T> b, View<T> y, OutputMode) = 0;
  /// Each row of y += row.
  virtual void add_bias(View<const T> row, View<T> y) = 0;
  /// sum += all rows of x.
  virtual void sum_rows(View<const T> x, View<T> sum) = 0;
  /// c = a b or c += a b
  virtual void gemm(MatrixOperand<T> a, MatrixOperand<T> b, View<T> c, OutputMode) = 0;
  /// y [columns, rows] = or += xᵀ, x [rows, columns]
  virtual void transpose(View<const T> x, View<T> y, OutputMode) = 0;
  /// Copies or adds `columns` columns of `from`, starting at from_first, to those of `to` at to_first. Both
  /// matrices have the same number of rows.
  virtual void copy_columns(View<const T> from, Index from_first, View<T> to, Index to_first, Index columns,
                            OutputMode) = 0;

  /// y [outer, inner] = factor times the sum of x [outer, size, inner] over the axis.
  virtual void sum(AxisView, T factor, View<const T> x, View<T> y) = 0;
  virtual void sum_backward(AxisView, T factor, View<const T> d_y, View<T> d_x) = 0;
  /// y [outer, inner] = maximum of x over the axis, NaN if any element is NaN. In the backward pass each
  /// position equal to the maximum gets the whole gradient; if the maximum is NaN, each NaN does.
  virtual void max(AxisView, View<const T> x, View<T> y) = 0;
  virtual void max_backward(AxisView, View<const T> x, View<const T> y, View<const T> d_y, View<T> d_x) = 0;
  /// y = softmax, or log-softmax, of x over the axis.
  virtual void softmax(AxisView, bool logarithm, View<const T> x, View<T> y) = 0;
  virtual void softmax_backward(AxisView, bool logarithm, View<const T> y, View<const T> d_y,
                                View<T> d_x) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
