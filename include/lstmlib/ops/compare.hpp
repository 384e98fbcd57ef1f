// SPDX-License-Identifier: MIT
#pragma once
// Comparisons, which give masks, and choices by a mask.

#include "lstmlib/ops/broadcast.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI {

namespace ops {

/// 1 where a condition holds, 0 elsewhere: a tensor of the type of the variables, so that it multiplies them.
/// Operations take every number but 0 as "holds".
template <Real T>
using Mask = Tensor<T>;

namespace detail {
template <math::BinaryFunction f, Real T>
Mask<T> compare(const char* op, const Side<T>& a, const Side<T>& b) {
  return binary_value<f>(op, a, b);
}
}  // namespace detail

/// Mask of a == b; NaN equals nothing. Shapes broadcast, and ShapeError is thrown if they do not. There are
/// also the operators >, >=, < and <=, with a number on either side as well: `x > 0`.
template <Real T>
[[nodiscard]] Mask<T> equal(const Variable<T>& a, const Variable<T>& b) {
  return detail::compare<math::BinaryFunction::equal>("equal", detail::first_side("equal", a),
                                                      detail::second_side("equal", b));
}
template <Real T, Number N>
[[nodiscard]] Mask<T> equal(const Variable<T>& a, N b) {
  return detail::compare<math::BinaryFunction::equal>("equal", detail::first_side("equal", a),
                                                      detail::Side<T>(static_cast<T>(b)));
}
/// Mask of a != b.
template <Real T>
[[nodiscard]] Mask<T> not_equal(const Variable<T>& a, const Variable<T>& b) {
  return detail::compare<math::BinaryFunction::not_equal>("not_equal", detail::first_side("not_equal", a),
                                                          detail::second_side("not_equal", b));
}
template <Real T, Number N>
[[nodiscard]] Mask<T> not_equal(const Variable<T>& a, N b) {
  return detail::compare<math::BinaryFunction::not_equal>("not_equal", detail::first_side("not_equal", a),
                                                          detail::Side<T>(static_cast<T>(b)));
}

namespace detail {
template <Real T>
Variable<T> where(const Mask<T>& mask, const Side<T>& a, const Side<T>& b) {
  require("where", "the mask", mask);
  (void)kernels("where", mask, a.variable.value(), b.variable.value());
  Shape shape = broadcast_shape("where", a.shape(), b.shape());
  shape = broadcast_shape("where", mask.shape(), shape);
  const ArrayCall call = array_call("where", mask);
  auto y = Tensor<T>::uninitialized(shape, mask.device());
  call.template select<T>(broadcast_loops(shape, {mask.shape(), a.shape(), b.shape()}), {mask.view().data},
                          KeptSide<T>(a, true).operand(), KeptSide<T>(b, true).operand(),
                          y.mutable_view().data);
  return record("where", y, {a.variable, b.variable}, reads(mask), [call, mask](auto d_y, auto d) {
    const Tensor<T>& d_out = d_y[0];
    const Shape& all = d_out.shape();
    const ArrayOperand<T> from{d_out.view().data}, zero{nullptr, T(0)};
    add_side<T>("where", all, d_out.device(), d[0].view(), [&](T* to, OutputMode how) {
      call.template select<T>(broadcast_loops(all, {mask.shape(), all, Shape()}), {mask.view().data}, from,
                              zero, to, how);
    });
    add_side<T>("where", all, d_out.device(), d[1].view(), [&](T* to, OutputMode how) {
      call.template select<T>(broadcast_loops(all, {mask.shape(), Shape(), all}), {mask.view().data}, zero,
                              from, to, how);
    });
  });
}
}  // namespace detail

/// a where the mask holds, b elsewhere. All three broadcast; a or b may be a number. The gradient goes to the
/// elements that were chosen: NaN in the others has no effect. Throws ShapeError if the shapes do not
/// broadcast.
///
///     ops::where(x > 0, x, 0.1 * x);
template <Real T>
[[nodiscard]] Variable<T> where(const Mask<T>& mask, const Variable<T>& a, const Variable<T>& b) {
  return detail::where(mask, detail::Side<T>("where", "the value", a),
                       detail::Side<T>("where", "the other value", b));
}
template <Real T, Number N>
[[nodiscard]] Variable<T> where(const Mask<T>& mask, const Variable<T>& a, N b) {
  return detail::where(mask, detail::Side<T>("where", "the value", a), detail::Side<T>(static_cast<T>(b)));
}
template <Real T, Number N>
[[nodiscard]] Variable<T> where(const Mask<T>& mask, N a, const Variable<T>& b) {
  return detail::where(mask, detail::Side<T>(static_cast<T>(a)),
                       detail::Side<T>("where", "the other value", b));
}
/// `value` where the mask holds, x elsewhere.
template <Real T, Number N>
[[nodiscard]] Variable<T> masked_fill(const Variable<T>& x, const Mask<T>& mask, N value) {
  detail::require("masked_fill", "the input", x);
  detail::require("masked_fill", "the mask", mask);
  return where(mask, value, x);
}

/// Mask [sequences, time steps] of a ragged batch: 1 where a sequence has a row, 0 behind its end. For
/// tensors that are padded to the longest sequence.
template <Real T>
[[nodiscard]] Mask<T> sequence_mask(const SequenceLayout& layout, Device device = Device::cpu()) {
  const Index steps = layout.time_steps();
  std::vector<T> mask(static_cast<std::size_t>(layout.sequences() * steps));
  for (Index s = 0; s < layout.sequences(); ++s)
    std::fill_n(mask.begin() + s * steps, layout.length(s), T(1));
  return Mask<T>::from(mask, {layout.sequences(), steps}, device);
}

}  // namespace ops

template <Real T>
[[nodiscard]] ops::Mask<T> operator>(const Variable<T>& a, const Variable<T>& b) {
  return ops::detail::compare<math::BinaryFunction::greater>("greater", ops::detail::first_side("greater", a),
                                                             ops::detail::second_side("greater", b));
}
template <Real T>
[[nodiscard]] ops::Mask<T> operator>=(const Variable<T>& a, const Variable<T>& b) {
  return ops::detail::compare<math::BinaryFunction::greater_equal>(
      "greater_equal", ops::detail::first_side("greater_equal", a),
      ops::detail::second_side("greater_equal", b));
}
template <Real T>
[[nodiscard]] ops::Mask<T> operator<(const Variable<T>& a, const Variable<T>& b) {
  return ops::detail::compare<math::BinaryFunction::less>("less", ops::detail::first_side("less", a),
                                                          ops::detail::second_side("less", b));
}
template <Real T>
[[nodiscard]] ops::Mask<T> operator<=(const Variable<T>& a, const Variable<T>& b) {
  return ops::detail::compare<math::BinaryFunction::less_equal>(
      "less_equal", ops::detail::first_side("less_equal", a), ops::detail::second_side("less_equal", b));
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator>(const Variable<T>& a, N b) {
  return ops::detail::compare<math::BinaryFunction::greater>("greater", ops::detail::first_side("greater", a),
                                                             ops::detail::Side<T>(static_cast<T>(b)));
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator>=(const Variable<T>& a, N b) {
  return ops::detail::compare<math::BinaryFunction::greater_equal>(
      "greater_equal", ops::detail::first_side("greater_equal", a), ops::detail::Side<T>(static_cast<T>(b)));
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator<(const Variable<T>& a, N b) {
  return ops::detail::compare<math::BinaryFunction::less>("less", ops::detail::first_side("less", a),
                                                          ops::detail::Side<T>(static_cast<T>(b)));
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator<=(const Variable<T>& a, N b) {
  return ops::detail::compare<math::BinaryFunction::less_equal>(
      "less_equal", ops::detail::first_side("less_equal", a), ops::detail::Side<T>(static_cast<T>(b)));
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator>(N a, const Variable<T>& b) {
  return b < a;
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator>=(N a, const Variable<T>& b) {
  return b <= a;
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator<(N a, const Variable<T>& b) {
  return b > a;
}
template <Real T, Number N>
[[nodiscard]] ops::Mask<T> operator<=(N a, const Variable<T>& b) {
  return b >= a;
}

}  // namespace lstmlib
