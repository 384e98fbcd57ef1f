// SPDX-License-Identifier: MIT
#pragma once
// Elementwise sums, differences and products. Both operands have the same shape.

#include "lstmlib/ops/check.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
template <Real T>
void require_same_shape(const char* op, const Variable<T>& a, const Variable<T>& b) {
  require(op, "the first argument", a);
  require(op, "the second argument", b);
  if (a.shape() != b.shape()) fail<ShapeError>(op, ": shapes ", a.shape(), " and ", b.shape(), " differ");
}
/// a + factor * b
template <Real T>
Variable<T> add_scaled(const char* op, const Variable<T>& a, T factor, const Variable<T>& b) {
  require_same_shape(op, a, b);
  auto& tensor_kernels = kernels(op, a.value(), b.value()).tensor;
  auto y = a.value().clone();
  tensor_kernels.add_scaled(factor, b.view(), y.mutable_view());
  return record(op, y, {a, b}, reads(), [&tensor_kernels, factor](auto d_y, auto d) {
    tensor_kernels.add_scaled(T(1), d_y[0].view(), d[0].view());
    tensor_kernels.add_scaled(factor, d_y[0].view(), d[1].view());
  });
}
}  // namespace detail

/// a + b, elementwise. Throws ShapeError if the shapes differ, like the next two.
template <Real T>
[[nodiscard]] Variable<T> add(const Variable<T>& a, const Variable<T>& b) {
  return detail::add_scaled("add", a, T(1), b);
}
/// a - b, elementwise.
template <Real T>
[[nodiscard]] Variable<T> subtract(const Variable<T>& a, const Variable<T>& b) {
  return detail::add_scaled("subtract", a, T(-1), b);
}
/// a * b, elementwise.
template <Real T>
[[nodiscard]] Variable<T> multiply(const Variable<T>& a, const Variable<T>& b) {
  detail::require_same_shape("multiply", a, b);
  auto& tensor_kernels = kernels("multiply", a.value(), b.value()).tensor;
  auto y = Tensor<T>::uninitialized(a.shape(), a.device());
  tensor_kernels.multiply(a.view(), b.view(), y.mutable_view(), OutputMode::overwrite);
  return record("multiply", y, {a, b}, reads(a.value(), b.value()),
                [&tensor_kernels, a = a.value(), b = b.value()](auto d_y, auto d) {
                  tensor_kernels.multiply(d_y[0].view(), b.view(), d[0].view(), OutputMode::accumulate);
                  tensor_kernels.multiply(d_y[0].view(), a.view(), d[1].view(), OutputMode::accumulate);
                });
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
[[nodiscard]] Variable<T> operator*(std::type_identity_t<T> factor, const Variable<T>& x) {
  return ops::scale(x, factor);
}

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
}  // namespace lstmlib
