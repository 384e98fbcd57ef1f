// SPDX-License-Identifier: MIT
#pragma once
// Losses of one prediction x and its target t, and their derivatives by both. NaN stays NaN.

#include "lstmlib/math/scalar.hpp"

#include <cmath>
#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::math {

enum class LossFunction : std::uint8_t {
  squared_error,
  absolute_error,
  huber,
  smooth_l1,
  binary_cross_entropy,
  kl_divergence,
  kl_divergence_log_target,
  hinge
};

/// Numbers that a loss takes besides prediction and target.
template <class T>
struct LossParameters {
  T size = 1;             ///< huber: delta; smooth_l1: beta; hinge: the margin
  T positive_weight = 1;  ///< binary cross entropy: weight of the positive part
};

/// log(1 + exp(x))
template <class T>
LSTMLIB_HOST_DEVICE inline T softplus_of(T x) {
  using std::exp;
  using std::fabs;
  using std::log1p;
  return log1p(exp(-fabs(x))) + (x > T(0) ? x : x < T(0) ? T(0) : x);
}

template <LossFunction f, class T>
LSTMLIB_HOST_DEVICE inline T loss_value(T x, T t, const LossParameters<T>& p) {
  using std::exp;
  using std::fabs;
  using std::log;
  const T error = x - t;
  if constexpr (f == LossFunction::squared_error) return error * error;
  if constexpr (f == LossFunction::absolute_error) return fabs(error);
  if constexpr (f == LossFunction::huber)
    return fabs(error) <= p.size ? error * error / 2 : p.size * (fabs(error) - p.size / 2);
  if constexpr (f == LossFunction::smooth_l1)
    return fabs(error) < p.size ? error * error / (2 * p.size) : fabs(error) - p.size / 2;
  if constexpr (f == LossFunction::binary_cross_entropy)
    return (1 - t) * x + (1 + (p.positive_weight - 1) * t) * softplus_of(-x);
  if constexpr (f == LossFunction::kl_divergence) return t == T(0) ? T(0) : t * (log(t) - x);
  if constexpr (f == LossFunction::kl_divergence_log_target) return exp(t) * (t - x);
  if constexpr (f == LossFunction::hinge) {
    const T below = p.size - t * x;
    return below <= T(0) ? T(0) : below;
  }
}

/// By the prediction.
template <LossFunction f, class T>
LSTMLIB_HOST_DEVICE inline T loss_derivative(T x, T t, const LossParameters<T>& p) {
  using std::exp;
  using std::fabs;
  const T error = x - t;
  if constexpr (f == LossFunction::squared_error) return 2 * error;
  if constexpr (f == LossFunction::absolute_error) return sign_of(error);
  if constexpr (f == LossFunction::huber) return fabs(error) <= p.size ? error : p.size * sign_of(error);
  if constexpr (f == LossFunction::smooth_l1) return fabs(error) < p.size ? error / p.size : sign_of(error);
  if constexpr (f == LossFunction::binary_cross_entropy) {
    const T e = exp(-fabs(x));  // sigmoid(-x) without overflow
    const T sigmoid_of_minus = x > T(0) ? e / (1 + e) : 1 / (1 + e);
    return (1 - t) - (1 + (p.positive_weight - 1) * t) * sigmoid_of_minus;
  }
  if constexpr (f == LossFunction::kl_divergence) return -t;
  if constexpr (f == LossFunction::kl_divergence_log_target) return -exp(t);
  if constexpr (f == LossFunction::hinge) return p.size - t * x <= T(0) ? T(0) : -t;
}

/// By the target.
template <LossFunction f, class T>
LSTMLIB_HOST_DEVICE inline T loss_target_derivative(T x, T t, const LossParameters<T>& p) {
  using std::exp;
  using std::log;
  if constexpr (f == LossFunction::binary_cross_entropy)
    return -x + (p.positive_weight - 1) * softplus_of(-x);
  if constexpr (f == LossFunction::kl_divergence) return t == T(0) ? T(0) : log(t) + 1 - x;
  if constexpr (f == LossFunction::kl_divergence_log_target) return exp(t) * (t - x + 1);
  if constexpr (f == LossFunction::hinge) return p.size - t * x <= T(0) ? T(0) : -x;
  return -loss_derivative<f>(x, t, p);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::math
