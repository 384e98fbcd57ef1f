// SPDX-License-Identifier: MIT
#pragma once
// Elementwise functions of one variable: exp, log, powers, absolute values, limits, and smooth activations.

#include "lstmlib/ops/arithmetic.hpp"
#include "lstmlib/ops/check.hpp"

#include <cmath>
#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {
template <math::UnaryFunction f, Real T>
Variable<T> apply(const char* op, const Variable<T>& x, math::ElementwiseOptions options = {}) {
  require(op, "the input", x);
  const ArrayCall call = array_call(op, x.value());
  auto y = Tensor<T>::uninitialized(x.shape(), x.device());
  call.template unary<f, T>(options, x.view(), y.mutable_view());
  using Function = math::Unary<f>;
  const Tensor<T> kept_x = Function::reads_x ? x.value() : Tensor<T>();
  const Tensor<T> kept_y = Function::reads_y ? y : Tensor<T>();
  return record(op, y, {x}, reads(kept_x, kept_y), [call, options, kept_x, kept_y](auto d_y, auto d_x) {
    call.template unary_backward<f, T>(options, kept_x.view(), kept_y.view(), d_y[0].view(), d_x[0].view());
  });
}
inline void require_number(const char* op, const char* what, double number) {
  if (std::isnan(number)) fail<ValueError>(op, ": ", what, " is NaN");
}
}  // namespace detail

/// e to the power of each element. The results of this and the next functions have the shape of x.
template <Real T>
[[nodiscard]] Variable<T> exp(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::exp>("exp", x);
}
/// exp(x) - 1, accurate for small x.
template <Real T>
[[nodiscard]] Variable<T> expm1(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::expm1>("expm1", x);
}
/// Natural logarithm: -infinity for 0, NaN below.
template <Real T>
[[nodiscard]] Variable<T> log(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::log>("log", x);
}
/// log(1 + x), accurate for small x.
template <Real T>
[[nodiscard]] Variable<T> log1p(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::log1p>("log1p", x);
}
/// Square root; NaN below 0. The gradient at 0 is infinite.
template <Real T>
[[nodiscard]] Variable<T> sqrt(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::sqrt>("sqrt", x);
}
/// x * x
template <Real T>
[[nodiscard]] Variable<T> square(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::square>("square", x);
}
/// x to the power of `exponent`; NaN where x is below 0 and the exponent is not whole. Exponents 2 and 0.5 are
/// computed by square() and sqrt(), which are much faster. Throws ValueError if the exponent is NaN.
template <Real T, Number N>
[[nodiscard]] Variable<T> pow(const Variable<T>& x, N exponent) {
  const auto n = static_cast<double>(exponent);
  detail::require("pow", "the input", x);
  detail::require_number("pow", "the exponent", n);
  if (n == 2) return detail::apply<math::UnaryFunction::square>("pow", x);
  if (n == 0.5) return detail::apply<math::UnaryFunction::sqrt>("pow", x);
  return detail::apply<math::UnaryFunction::power>("pow", x, {n, 0});
}
/// x to the power of `exponent`, elementwise; shapes broadcast. The gradient of the exponent is 0 where x is 0.
template <Real T>
[[nodiscard]] Variable<T> pow(const Variable<T>& x, const Variable<T>& exponent) {
  return detail::binary<math::BinaryFunction::power>("pow", detail::first_side("pow", x),
                                                     detail::second_side("pow", exponent));
}
/// `base`, a number, to the power of each element.
template <Real T, Number N>
[[nodiscard]] Variable<T> pow(N base, const Variable<T>& exponent) {
  return detail::binary<math::BinaryFunction::power>("pow", detail::Side<T>(static_cast<T>(base)),
                                                     detail::second_side("pow", exponent));
}
/// Absolute value. The gradient at 0 is 0.
template <Real T>
[[nodiscard]] Variable<T> abs(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::abs>("abs", x);
}
/// 1 above 0, -1 below, 0 for 0. The gradient is 0.
template <Real T>
[[nodiscard]] Variable<T> sign(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::sign>("sign", x);
}
/// Each element limited to [lowest, highest]. The gradient is 1 inside, the limits included, and 0 outside.
/// Throws ValueError if a limit is NaN or lowest is above highest.
template <Real T>
[[nodiscard]] Variable<T> clamp(const Variable<T>& x, std::type_identity_t<T> lowest,
                                std::type_identity_t<T> highest = std::numeric_limits<T>::infinity()) {
  if (!(lowest <= highest))
    fail<ValueError>("clamp: limits ", lowest, " and ", highest, ", expected numbers in rising order");
  return detail::apply<math::UnaryFunction::clamp>(
      "clamp", x, {static_cast<double>(lowest), static_cast<double>(highest)});
}
/// log(1 + exp(x)), without overflow.
template <Real T>
[[nodiscard]] Variable<T> softplus(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::softplus>("softplus", x);
}
/// log(sigmoid(x)), without underflow.
template <Real T>
[[nodiscard]] Variable<T> log_sigmoid(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::log_sigmoid>("log_sigmoid", x);
}
/// x * sigmoid(x), also called swish.
template <Real T>
[[nodiscard]] Variable<T> silu(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::silu>("silu", x);
}
/// x times the probability that a normal number is below x: exact, with the error function.
template <Real T>
[[nodiscard]] Variable<T> gelu(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::gelu>("gelu", x);
}
/// x above 0, slope * x below. Throws ValueError if the slope is NaN.
template <Real T>
[[nodiscard]] Variable<T> leaky_relu(const Variable<T>& x, std::type_identity_t<T> slope = T(0.01)) {
  detail::require_number("leaky_relu", "the slope", static_cast<double>(slope));
  return detail::apply<math::UnaryFunction::leaky_relu>("leaky_relu", x, {static_cast<double>(slope), 0});
}
/// x above 0, alpha * (exp(x) - 1) below. Throws ValueError if alpha is NaN.
template <Real T>
[[nodiscard]] Variable<T> elu(const Variable<T>& x, std::type_identity_t<T> alpha = 1) {
  detail::require_number("elu", "alpha", static_cast<double>(alpha));
  return detail::apply<math::UnaryFunction::elu>("elu", x, {static_cast<double>(alpha), 0});
}
/// The error function, 2 / sqrt(pi) times the integral of exp(-t * t) from 0 to x.
template <Real T>
[[nodiscard]] Variable<T> erf(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::erf>("erf", x);
}
template <Real T>
[[nodiscard]] Variable<T> sin(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::sin>("sin", x);
}
template <Real T>
[[nodiscard]] Variable<T> cos(const Variable<T>& x) {
  return detail::apply<math::UnaryFunction::cos>("cos", x);
}

/// The smaller of a and b, elementwise; NaN if one of them is. Shapes broadcast. Equal elements get half of the
/// gradient each, as in PyTorch.
template <Real T>
[[nodiscard]] Variable<T> minimum(const Variable<T>& a, const Variable<T>& b) {
  return detail::binary<math::BinaryFunction::minimum>("minimum", detail::first_side("minimum", a),
                                                       detail::second_side("minimum", b));
}
/// The larger of a and b, like minimum().
template <Real T>
[[nodiscard]] Variable<T> maximum(const Variable<T>& a, const Variable<T>& b) {
  return detail::binary<math::BinaryFunction::maximum>("maximum", detail::first_side("maximum", a),
                                                       detail::second_side("maximum", b));
}

}  // namespace lstmlib::ops

namespace lstmlib::inline LSTMLIB_ABI {
using ops::abs;  // found by argument-dependent lookup, as in activation.hpp
using ops::clamp;
using ops::cos;
using ops::exp;
using ops::log;
using ops::maximum;
using ops::minimum;
using ops::pow;
using ops::sin;
using ops::sqrt;
using ops::square;
}  // namespace lstmlib
