// SPDX-License-Identifier: MIT
#pragma once
// Arithmetic of variables and numbers, with broadcasting.

#include "lstmlib/ops/broadcast.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
/// a + factor * b, of equal shapes: no kernel besides those that every program has.
template <Real T>
Variable<T> add_scaled(const char* op, const Variable<T>& a, T factor, const Variable<T>& b) {
  auto& tensor_kernels = kernels(op, a.value(), b.value()).tensor;
  auto y = a.value().clone();
  tensor_kernels.add_scaled(factor, b.view(), y.mutable_view());
  return record(op, y, {a, b}, reads(), [&tensor_kernels, factor](auto d_y, auto d) {
    tensor_kernels.add_scaled(T(1), d_y[0].view(), d[0].view());
    tensor_kernels.add_scaled(factor, d_y[0].view(), d[1].view());
  });
}
template <Real T>
bool same_shape(const char* op, const Variable<T>& a, const Variable<T>& b) {
  require(op, "the first argument", a);
  require(op, "the second argument", b);
  return a.shape() == b.shape();
}
}  // namespace detail

/// a + b, elementwise. Shapes broadcast as in NumPy: `[4, 3] + [3]` adds to each row, `[4, 3] + [4, 1]` to each
/// column. Throws ShapeError if they do not, like the functions below.
template <Real T>
[[nodiscard]] Variable<T> add(const Variable<T>& a, const Variable<T>& b) {
  if (detail::same_shape("add", a, b)) return detail::add_scaled("add", a, T(1), b);
  return detail::binary<math::BinaryFunction::add>("add", detail::first_side("add", a),
                                                   detail::second_side("add", b));
}
/// a - b, elementwise.
template <Real T>
[[nodiscard]] Variable<T> subtract(const Variable<T>& a, const Variable<T>& b) {
  if (detail::same_shape("subtract", a, b)) return detail::add_scaled("subtract", a, T(-1), b);
  return detail::binary<math::BinaryFunction::subtract>("subtract", detail::first_side("subtract", a),
                                                        detail::second_side("subtract", b));
}
/// a * b, elementwise.
template <Real T>
[[nodiscard]] Variable<T> multiply(const Variable<T>& a, const Variable<T>& b) {
  if (!detail::same_shape("multiply", a, b))
    return detail::binary<math::BinaryFunction::multiply>("multiply", detail::first_side("multiply", a),
                                                          detail::second_side("multiply", b));
  auto& tensor_kernels = kernels("multiply", a.value(), b.value()).tensor;
  auto y = Tensor<T>::uninitialized(a.shape(), a.device());
  tensor_kernels.multiply(a.view(), b.view(), y.mutable_view(), OutputMode::overwrite);
  return record("multiply", y, {a, b}, reads(a.value(), b.value()),
                [&tensor_kernels, a = a.value(), b = b.value()](auto d_y, auto d) {
                  tensor_kernels.multiply(d_y[0].view(), b.view(), d[0].view(), OutputMode::accumulate);
                  tensor_kernels.multiply(d_y[0].view(), a.view(), d[1].view(), OutputMode::accumulate);
                });
}
/// a / b, elementwise.
template <Real T>
[[nodiscard]] Variable<T> divide(const Variable<T>& a, const Variable<T>& b) {
  return detail::binary<math::BinaryFunction::divide>("divide", detail::first_side("divide", a),
                                                      detail::second_side("divide", b));
}
/// factor * x
template <Real T>
[[nodiscard]] Variable<T> scale(const Variable<T>& x, std::type_identity_t<T> factor) {
  detail::require("scale", "the input", x);
  auto& tensor_kernels = kernels("scale", x.value()).tensor;
  auto y = Tensor<T>::zeros(x.shape(), x.device());
  tensor_kernels.add_scaled(factor, x.view(), y.mutable_view());
  return record("scale", y, {x}, reads(), [&tensor_kernels, factor](auto d_y, auto d_x) {
    tensor_kernels.add_scaled(factor, d_y[0].view(), d_x[0].view());
  });
}

}  // namespace lstmlib::ops

namespace lstmlib::inline LSTMLIB_ABI {

template <Real T>
[[nodiscard]] Variable<T> operator+(const Variable<T>& a, const Variable<T>& b) {
  return ops::add(a, b);
}
template <Real T>
[[nodiscard]] Variable<T> operator-(const Variable<T>& a, const Variable<T>& b) {
  return ops::subtract(a, b);
}
template <Real T>
[[nodiscard]] Variable<T> operator*(const Variable<T>& a, const Variable<T>& b) {
  return ops::multiply(a, b);
}
template <Real T>
[[nodiscard]] Variable<T> operator/(const Variable<T>& a, const Variable<T>& b) {
  return ops::divide(a, b);
}

// Numbers on either side.
template <Real T, Number N>
[[nodiscard]] Variable<T> operator*(const Variable<T>& x, N factor) {
  return ops::scale(x, static_cast<T>(factor));
}
template <Real T, Number N>
[[nodiscard]] Variable<T> operator*(N factor, const Variable<T>& x) {
  return ops::scale(x, static_cast<T>(factor));
}
template <Real T, Number N>
[[nodiscard]] Variable<T> operator+(const Variable<T>& x, N number) {
  return ops::detail::binary<math::BinaryFunction::add>("add", ops::detail::first_side("add", x),
                                                        ops::detail::Side<T>(static_cast<T>(number)));
}
template <Real T, Number N>
[[nodiscard]] Variable<T> operator+(N number, const Variable<T>& x) {
  return x + number;
}
template <Real T, Number N>
[[nodiscard]] Variable<T> operator-(const Variable<T>& x, N number) {
  return x + -static_cast<T>(number);
}
template <Real T, Number N>
[[nodiscard]] Variable<T> operator-(N number, const Variable<T>& x) {
  return ops::detail::binary<math::BinaryFunction::subtract>(
      "subtract", ops::detail::Side<T>(static_cast<T>(number)), ops::detail::second_side("subtract", x));
}
template <Real T, Number N>
[[nodiscard]] Variable<T> operator/(const Variable<T>& x, N number) {
  return ops::detail::binary<math::BinaryFunction::divide>("divide", ops::detail::first_side("divide", x),
                                                           ops::detail::Side<T>(static_cast<T>(number)));
}
template <Real T, Number N>
[[nodiscard]] Variable<T> operator/(N number, const Variable<T>& x) {
  return ops::detail::binary<math::BinaryFunction::divide>(
      "divide", ops::detail::Side<T>(static_cast<T>(number)), ops::detail::second_side("divide", x));
}
template <Real T>
[[nodiscard]] Variable<T> operator-(const Variable<T>& x) {
  return ops::scale(x, T(-1));
}
template <Real T>
[[nodiscard]] Variable<T> operator+(const Variable<T>& x) {
  return x;
}

/// `total += loss` makes the handle `total` refer to a new variable, the sum. The variable to which it referred
/// before, and other handles of it, keep their values. A parameter is changed by its optimizer, not like this.
template <Real T, class B>
requires requires(const Variable<T>& a, const B& b) { a + b; }
Variable<T>& operator+=(Variable<T>& a, const B& b) { return a = a + b; }
template <Real T, class B>
requires requires(const Variable<T>& a, const B& b) { a - b; }
Variable<T>& operator-=(Variable<T>& a, const B& b) { return a = a - b; }
template <Real T, class B>
requires requires(const Variable<T>& a, const B& b) { a* b; }
Variable<T>& operator*=(Variable<T>& a, const B& b) { return a = a * b; }
template <Real T, class B>
requires requires(const Variable<T>& a, const B& b) { a / b; }
Variable<T>& operator/=(Variable<T>& a, const B& b) { return a = a / b; }

namespace detail {
template <class A, class B>
constexpr void require_one_type() {
  static_assert(std::same_as<A, B>,
                "a variable of float and one of double: make both of one type, as Variable<float>");
}
}  // namespace detail

/// Rejects mixed float and double operands at compile time, with a readable message.
template <Real A, Real B>
requires(!std::same_as<A, B>) Variable<A>
operator+(const Variable<A>& a, const Variable<B>&) {
  detail::require_one_type<A, B>();
  return a;
}
template <Real A, Real B>
requires(!std::same_as<A, B>) Variable<A>
operator-(const Variable<A>& a, const Variable<B>&) {
  detail::require_one_type<A, B>();
  return a;
}
template <Real A, Real B>
requires(!std::same_as<A, B>) Variable<A>
operator*(const Variable<A>& a, const Variable<B>&) {
  detail::require_one_type<A, B>();
  return a;
}
template <Real A, Real B>
requires(!std::same_as<A, B>) Variable<A>
operator/(const Variable<A>& a, const Variable<B>&) {
  detail::require_one_type<A, B>();
  return a;
}
}  // namespace lstmlib
