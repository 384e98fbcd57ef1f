// SPDX-License-Identifier: MIT
#pragma once
// Kernels of the operations that NumPy has for arrays: elementwise functions with broadcasting, selections,
// copies with strides, reductions. The CPU compiles each of them only in programs that use it: see
// backend/array.hpp. Views are on one device, callers check shapes, and null views are skipped.

#include "lstmlib/backend/loops.hpp"
#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/math/elementwise_names.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

/// An operand that loops read: elements of the device, or one number for all if `data` is null.
template <class T>
struct ArrayOperand {
  const T* data = nullptr;
  T number = 0;

  /// For the CPU, where a number is an element like others.
  [[nodiscard]] const T* elements() const { return data ? data : &number; }
};

/// What gather() reads: `along` is that of x, `count` the ids of a line.
struct GatherPlan {
  const char* op;  ///< for messages
  AxisView along;
  Index count;
  bool shared;

  /// Place of id `j` of the line (outer, inner) among the ids.
  [[nodiscard]] LSTMLIB_HOST_DEVICE Index id_at(Index outer, Index j, Index inner) const {
    return shared ? j : (outer * count + j) * along.inner + inner;
  }
};

/// Layer normalisation: see ops::layer_norm. x and y [rows, features]; gain and bias [features] or null; mean
/// and scale [rows], the reciprocal of the deviation.
template <class T>
struct LayerNormProblem {
  View<const T> x, gain, bias;
  T eps;

  [[nodiscard]] Index features() const { return x.shape[x.shape.rank() - 1]; }
  [[nodiscard]] Index rows() const { return x.size() / features(); }
};

template <Real T>
class ArrayKernels {
 public:
  virtual ~ArrayKernels() = default;

  /// y = f(x)
  virtual void unary(math::UnaryFunction, const math::ElementwiseOptions&, View<const T> x, View<T> y) = 0;
  /// d_x += d_y f'(x). x or y is null if the derivative does not read it.
  virtual void unary_backward(math::UnaryFunction, const math::ElementwiseOptions&, View<const T> x,
                              View<const T> y, View<const T> d_y, View<T> d_x) = 0;
  /// y = or += f(a, b). Operands 0 and 1 of the loops are a and b; y is contiguous.
  virtual void binary(math::BinaryFunction, const Loops&, const ArrayOperand<T>& a, const ArrayOperand<T>& b,
                      T* y, OutputMode) = 0;
  /// d = or += d_y times the derivative of f by operand `side`, 0 or 1. y, d_y and d are contiguous. Not for
  /// add, subtract, multiply and comparisons.
  virtual void binary_backward(math::BinaryFunction, int side, const Loops&, const ArrayOperand<T>& a,
                               const ArrayOperand<T>& b, const T* y, const T* d_y, T* d, OutputMode) = 0;
  /// y = or += a where the mask is not 0, b elsewhere. Operands 0, 1 and 2 of the loops are mask, a and b.
  virtual void select(const Loops&, const ArrayOperand<T>& mask, const ArrayOperand<T>& a,
                      const ArrayOperand<T>& b, T* y, OutputMode) = 0;

  /// to = or += from. Operands 0 and 1 of the loops are `from` and `to`, each with steps of its own.
  virtual void copy(const Loops&, const T* from, T* to, OutputMode) = 0;
  /// y [outer, count, inner] = x [outer, size, inner] at the ids: `ids` [count] for all lines, or, unless
  /// `shared`, [outer, count, inner]. Throws IndexError for an id outside the axis, at once or when the
  /// device is next waited for.
  virtual void gather(const GatherPlan&, View<const std::int32_t> ids, View<const T> x, View<T> y) = 0;
  /// d_x += d_y at the ids, in the order of the ids.
  virtual void scatter_add(const GatherPlan&, View<const std::int32_t> ids, View<const T> d_y,
                           View<T> d_x) = 0;

  /// y [outer, inner] = factor times the reduction of x [outer, size, inner] over the axis. `c` is null
  /// (zeros) or has the shape of y.
  virtual void reduce(math::Reduction, AxisView, T factor, View<const T> x, View<const T> c, View<T> y) = 0;
  /// d_x += factor d_y slope(x, c), see math/reduction.inl.
  virtual void reduce_backward(math::Reduction, AxisView, T factor, View<const T> x, View<const T> c,
                               View<const T> d_y, View<T> d_x) = 0;
  /// Positions of the largest or smallest elements along the axis, the first of equal ones. A NaN counts as
  /// the largest and the smallest.
  virtual void arg_extreme(AxisView, bool smallest, View<const T> x, View<std::int32_t> indices) = 0;
  /// indices [outer, count, inner]: positions of the `count` largest or smallest elements along the axis, in
  /// falling or rising order; of equal ones, the first come first. A NaN counts as in arg_extreme.
  virtual void top_k(AxisView, Index count, bool smallest, View<const T> x, View<std::int32_t> indices) = 0;
  /// y = or += the sum of all elements of x along the axis up to each, from the end if `reverse`.
  virtual void cumulative_sum(AxisView, bool reverse, View<const T> x, View<T> y, OutputMode) = 0;

  virtual void layer_norm(const LayerNormProblem<T>&, View<T> y, View<T> mean, View<T> scale) = 0;
  /// d_x and d_gain: adds to those that are not null. The bias plays no part.
  virtual void layer_norm_backward(const LayerNormProblem<T>&, View<const T> mean, View<const T> scale,
                                   View<const T> d_y, View<T> d_x, View<T> d_gain) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
