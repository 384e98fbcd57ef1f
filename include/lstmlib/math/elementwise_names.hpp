// SPDX-License-Identifier: MIT
#pragma once
// The names of elementwise functions. The formulas are in elementwise.inl.

#include "lstmlib/version.hpp"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::math {

/// Functions of one element. `a` and `b` are the numbers of ElementwiseOptions.
enum class UnaryFunction : std::uint8_t {
  exp,
  expm1,
  log,
  log1p,
  sqrt,
  square,
  power,  ///< x to the power of a
  abs,
  sign,
  clamp,  ///< limited to [a, b]
  softplus,
  log_sigmoid,
  silu,
  gelu,
  leaky_relu,  ///< a x below 0
  elu,         ///< a (exp(x) - 1) below 0
  erf,
  sin,
  cos
};
inline constexpr int unary_functions = 19;

/// Functions of two elements. Comparisons give 1 or 0 and have no gradient.
enum class BinaryFunction : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  power,
  minimum,
  maximum,
  greater,
  greater_equal,
  less,
  less_equal,
  equal,
  not_equal
};
inline constexpr int binary_functions = 13;

/// Numbers that belong to a unary function.
struct ElementwiseOptions {
  double a = 0, b = 0;
};

}  // namespace lstmlib::math
