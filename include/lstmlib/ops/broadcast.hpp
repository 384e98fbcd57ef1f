// SPDX-License-Identifier: MIT
#pragma once
// Functions of two operands of different shapes, as NumPy broadcasts them.

#include "lstmlib/backend/array.hpp"
#include "lstmlib/math/elementwise.hpp"
#include "lstmlib/ops/check.hpp"

#include <algorithm>
#include <concepts>

namespace lstmlib::inline LSTMLIB_ABI {

/// Numbers beside variables: `x * 2`. They are converted to the variable's type.
template <class N>
concept Number = (std::integral<N> || std::floating_point<N>)&&!std::same_as<N, bool>;

namespace ops {

/// The shape of the result if `a` and `b` are broadcast: axes are compared from the last to the first, missing
/// axes count as 1, and an axis of size 1 is repeated. Throws ShapeError, naming `op`, if two sizes differ and
/// neither is 1.
[[nodiscard]] Shape broadcast_shape(const char* op, const Shape& a, const Shape& b);

namespace detail {

template <Real T>
ArrayCall array_call(const char* op, const Tensor<T>& x) {
  const Device device = x.device();
  return {op, device.backend(), device.number()};
}

/// Adds `part` to `d`, summed over the axes along which a tensor of the shape of `d` was broadcast.
template <Real T>
void add_summed(const char* op, const Tensor<T>& part, View<T> d) {
  auto& tensor_kernels = kernels(op, part).tensor;
  if (part.shape() == d.shape) return tensor_kernels.add_scaled(T(1), part.view(), d);
  // Adjacent axes that are all summed, or all kept, count as one.
  std::vector<Index> sizes;
  std::vector<bool> summed;
  const int first = part.shape().rank() - d.shape.rank();
  for (int axis = 0; axis < part.shape().rank(); ++axis) {
    const Index size = part.shape()[axis];
    if (size == 1) continue;
    const bool sum = axis < first || d.shape[axis - first] == 1;
    if (!summed.empty() && summed.back() == sum) sizes.back() *= size;
    else sizes.push_back(size), summed.push_back(sum);
  }
  Tensor<T> sum = part;
  for (std::size_t i = sizes.size(); i-- > 0;) {
    if (!summed[i]) continue;
    const AxisView along(Shape(sizes), static_cast<int>(i));
    sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(i));
    summed.erase(summed.begin() + static_cast<std::ptrdiff_t>(i));
    auto less = Tensor<T>::uninitialized(Shape(sizes), part.device());
    tensor_kernels.sum(along, T(1), sum.view(), less.mutable_view());
    sum = std::move(less);
  }
  tensor_kernels.add_scaled(T(1), sum.view(), d);
}

/// A variable or a number, as operand of a function.
template <Real T>
struct Side {
  Variable<T> variable;  ///< absent for a number
  T number = 0;
  bool is_number = false;

  Side(const char* op, const char* what, const Variable<T>& x) : variable(x) { require(op, what, x); }
  explicit Side(T x) : number(x), is_number(true) {}

  [[nodiscard]] Shape shape() const { return is_number ? Shape() : variable.shape(); }
};
/// What the backward function keeps of it.
template <Real T>
struct KeptSide {
  Tensor<T> value;
  Shape shape;
  T number;

  KeptSide(const Side<T>& side, bool kept)
      : value(kept ? side.variable.value() : Tensor<T>()), shape(side.shape()), number(side.number) {}
  [[nodiscard]] ArrayOperand<T> operand() const { return {value.view().data, number}; }
};

/// Adds the gradient of one operand: `compute(target, mode)` writes or adds d_y times a derivative, elements of
/// the result's shape.
template <Real T, class Compute>
void add_side(const char* op, const Shape& result, Device device, View<T> d, Compute compute) {
  if (!d || result.elements() == 0) return;
  if (d.shape == result) return compute(d.data, OutputMode::accumulate);
  auto part = Tensor<T>::uninitialized(result, device);
  compute(part.mutable_view().data, OutputMode::overwrite);
  add_summed(op, part, d);
}

/// The value of f(a, b).
template <math::BinaryFunction f, Real T>
Tensor<T> binary_value(const char* op, const Side<T>& a, const Side<T>& b) {
  const Tensor<T>& known = a.is_number ? b.variable.value() : a.variable.value();
  (void)kernels(op, known, b.variable.value());  // both on one device
  const Shape shape = broadcast_shape(op, a.shape(), b.shape());
  auto y = Tensor<T>::uninitialized(shape, known.device());
  array_call(op, known).template binary<f, T>(broadcast_loops(shape, {a.shape(), b.shape()}),
                                              KeptSide<T>(a, true).operand(), KeptSide<T>(b, true).operand(),
                                              y.mutable_view().data);
  return y;
}

/// A function of two operands with its gradient.
template <math::BinaryFunction f, Real T>
Variable<T> binary(const char* op, const Side<T>& a, const Side<T>& b) {
  using math::BinaryFunction;
  auto y = binary_value<f>(op, a, b);
  constexpr bool linear = f == BinaryFunction::add || f == BinaryFunction::subtract;
  constexpr bool product = f == BinaryFunction::multiply;
  const KeptSide<T> kept_a(a, !linear), kept_b(b, !linear);
  const Tensor<T> kept_y = linear || product ? Tensor<T>() : y;
  return record(op, y, {a.variable, b.variable}, reads(kept_a.value, kept_b.value, kept_y),
                [op, kept_a, kept_b, kept_y](auto d_y, auto d) {
                  const Tensor<T>& d_out = d_y[0];
                  const Shape& shape = d_out.shape();
                  if constexpr (linear) {
                    const View<T> d_a = d[0].view(), d_b = d[1].view();
                    if (d_a) add_summed(op, d_out, d_a);
                    if (!d_b) return;
                    if (f == BinaryFunction::add) return add_summed(op, d_out, d_b);
                    auto negative = Tensor<T>::zeros(d_b.shape, d_out.device());
                    add_summed(op, d_out, negative.mutable_view());
                    kernels(op, d_out).tensor.add_scaled(T(-1), negative.view(), d_b);
                  } else if constexpr (product) {
                    const ArrayCall call = array_call(op, d_out);
                    const auto add = [&](View<T> d_side, const KeptSide<T>& other) {
                      add_side<T>(op, shape, d_out.device(), d_side, [&](T* to, OutputMode how) {
                        call.template binary<f, T>(broadcast_loops(shape, {shape, other.shape}),
                                                   {d_out.view().data}, other.operand(), to, how);
                      });
                    };
                    add(d[0].view(), kept_b);
                    add(d[1].view(), kept_a);
                  } else {
                    const ArrayCall call = array_call(op, d_out);
                    const Loops loops = broadcast_loops(shape, {kept_a.shape, kept_b.shape});
                    add_side<T>(op, shape, d_out.device(), d[0].view(), [&](T* to, OutputMode how) {
                      call.template binary_backward<f, 0, T>(loops, kept_a.operand(), kept_b.operand(),
                                                             kept_y.view().data, d_out.view().data, to, how);
                    });
                    add_side<T>(op, shape, d_out.device(), d[1].view(), [&](T* to, OutputMode how) {
                      call.template binary_backward<f, 1, T>(loops, kept_a.operand(), kept_b.operand(),
                                                             kept_y.view().data, d_out.view().data, to, how);
                    });
                  }
                });
}

template <Real T>
Side<T> first_side(const char* op, const Variable<T>& x) {
  return Side<T>(op, "the first argument", x);
}
template <Real T>
Side<T> second_side(const char* op, const Variable<T>& x) {
  return Side<T>(op, "the second argument", x);
}

}  // namespace detail
}  // namespace ops
}  // namespace lstmlib

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/ops/broadcast.inl"
#endif
