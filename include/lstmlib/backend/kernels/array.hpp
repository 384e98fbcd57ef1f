// SPDX-License-Identifier: MIT
#pragma once
// Kernels of the operations that NumPy has for arrays: elementwise functions with broadcasting, selections,
// copies with strides, reductions. The CPU compiles each of them only in programs that use it: see
// backend/array.hpp. Views are on one device, callers check shapes, and null views are skipped.

#include "lstmlib/backend/loops.hpp"
#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
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
};

}  // namespace lstmlib::inline LSTMLIB_ABI
