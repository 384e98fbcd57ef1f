// SPDX-License-Identifier: MIT
#pragma once
// The optimizers' formulas for single numbers.

#include "lstmlib/base/host_device.hpp"
#include "lstmlib/math/update_rules.hpp"

#include <cmath>

namespace lstmlib::math {

template <class V> LSTMLIB_HOST_DEVICE inline V splat(double x) { return static_cast<V>(x); }
template <class V> LSTMLIB_HOST_DEVICE inline V square_root(V x) { return std::sqrt(x); }
template <class V> LSTMLIB_HOST_DEVICE inline V smaller(V a, V b) { return b < a ? b : a; }
template <class V> LSTMLIB_HOST_DEVICE inline V larger(V a, V b) { return a < b ? b : a; }
template <class V> LSTMLIB_HOST_DEVICE inline V sign_of(V x) { return x > V(0) ? V(1) : x < V(0) ? V(-1) : x; }

#include "lstmlib/math/update_rules.inl"

}  // namespace lstmlib::math
