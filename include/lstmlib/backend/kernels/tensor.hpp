// SPDX-License-Identifier: MIT
#pragma once
// Kernels of elementwise functions, sums and products.
// In all kernels: views are on one device, shapes are checked by the caller, gradients are *added*, null
// views are skipped.

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
  /// Columns from_first.. of `from` = or += into columns to_first.. of `to`, `columns` of them; both [rows,
  /// any].
  virtual void copy_columns(View<const T> from, Index from_first, View<T> to, Index to_first, Index columns,
                            OutputMode) = 0;

  /// y [outer, inner] = factor times the sum of x [outer, size, inner] over the axis.
  virtual void sum(AxisView, T factor, View<const T> x, View<T> y) = 0;
  virtual void sum_backward(AxisView, T factor, View<const T> d_y, View<T> d_x) = 0;
  /// y [outer, inner] = the largest of x over the axis, NaN where one of them is. Backward: each position
  /// that equals it gets the whole gradient; where it is NaN, each NaN.
  virtual void max(AxisView, View<const T> x, View<T> y) = 0;
  virtual void max_backward(AxisView, View<const T> x, View<const T> y, View<const T> d_y, View<T> d_x) = 0;
  /// y = softmax, or its logarithm, of x over the axis.
  virtual void softmax(AxisView, bool logarithm, View<const T> x, View<T> y) = 0;
  virtual void softmax_backward(AxisView, bool logarithm, View<const T> y, View<const T> d_y,
                                View<T> d_x) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
