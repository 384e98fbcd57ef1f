// SPDX-License-Identifier: MIT
#pragma once
// Functions for formulas that are written once, for a number and for a vector of numbers: cells of recurrent
// layers. Here for numbers, on host and device; lanes.hpp has them for vectors.

#include "lstmlib/math/scalar.hpp"

#include <concepts>

namespace lstmlib::inline LSTMLIB_ABI::formula {

template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V exp(V x) {
  return std::exp(x);
}
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V log(V x) {
  return std::log(x);
}
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V sqrt(V x) {
  return std::sqrt(x);
}
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V abs(V x) {
  return x < V(0) ? -x : x;
}
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V tanh(V x) {
  return math::hyperbolic_tangent(x);
}
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V sigmoid(V x) {
  return math::sigmoid(x);
}
/// `yes` where the condition holds, else `no`. Both are computed.
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V where(bool condition, V yes, std::type_identity_t<V> no) {
  return condition ? yes : no;
}
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V maximum(V a, std::type_identity_t<V> b) {
  return a < b ? b : a;
}
template <std::floating_point V>
LSTMLIB_HOST_DEVICE inline V minimum(V a, std::type_identity_t<V> b) {
  return b < a ? b : a;
}
/// log(sigmoid(x)), without overflow.
template <class V>
LSTMLIB_HOST_DEVICE inline V log_sigmoid(const V& x) {
  return minimum(x, V(0)) - log(V(1) + exp(-abs(x)));
}

}  // namespace lstmlib::formula
