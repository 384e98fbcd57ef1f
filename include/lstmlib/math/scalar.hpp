// SPDX-License-Identifier: MIT
#pragma once
// The functions that the shared formulas (the .inl files of this folder) use, for scalars. The CPU kernels
// define the same functions for SIMD vectors, once per instruction set.

#include "lstmlib/base/host_device.hpp"
#include "lstmlib/version.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::math {

template <class V>
LSTMLIB_HOST_DEVICE inline V splat(double x) {
  return static_cast<V>(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V square_root(V x) {
  return std::sqrt(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V minimum(V a, V b) {
  return b < a ? b : a;
}
template <class V>
LSTMLIB_HOST_DEVICE inline V maximum(V a, V b) {
  return a < b ? b : a;
}
template <class V>
LSTMLIB_HOST_DEVICE inline V sign_of(V x) {
  return x > V(0) ? V(1) : x < V(0) ? V(-1) : x;
}
/// 1 where x > 0, else 0.
template <class V>
LSTMLIB_HOST_DEVICE inline V heaviside(V x) {
  return x > V(0) ? V(1) : V(0);
}

template <class V>
LSTMLIB_HOST_DEVICE inline V sigmoid(V x) {
  using std::exp;
  return V(1) / (V(1) + exp(-x));
}
template <class V>
LSTMLIB_HOST_DEVICE inline V hyperbolic_tangent(V x) {
  using std::tanh;
  return tanh(x);
}

template <class V>
LSTMLIB_HOST_DEVICE inline V absolute(V x) {
  using std::fabs;
  return fabs(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V exp_of(V x) {
  using std::exp;
  return exp(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V expm1_of(V x) {
  using std::expm1;
  return expm1(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V log_of(V x) {
  using std::log;
  return log(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V log1p_of(V x) {
  using std::log1p;
  return log1p(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V power_of(V x, V exponent) {
  using std::pow;
  return pow(x, exponent);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V erf_of(V x) {
  using std::erf;
  return erf(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V sine(V x) {
  using std::sin;
  return sin(x);
}
template <class V>
LSTMLIB_HOST_DEVICE inline V cosine(V x) {
  using std::cos;
  return cos(x);
}

}  // namespace lstmlib::math
