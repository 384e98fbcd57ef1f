// SPDX-License-Identifier: MIT
#pragma once
// Instantiates all array kernels of the CPU. entry.hpp includes it, in one file of a program.

#include "lstmlib/backend/cpu/array.hpp"
#include "lstmlib/backend/cpu/lines.hpp"

namespace lstmlib::inline LSTMLIB_ABI {

#define LSTMLIB_UNARY(f)                                   \
  template struct CpuUnary<float, math::UnaryFunction::f>; \
  template struct CpuUnary<double, math::UnaryFunction::f>
LSTMLIB_UNARY(exp);
LSTMLIB_UNARY(expm1);
LSTMLIB_UNARY(log);
LSTMLIB_UNARY(log1p);
LSTMLIB_UNARY(sqrt);
LSTMLIB_UNARY(square);
LSTMLIB_UNARY(power);
LSTMLIB_UNARY(abs);
LSTMLIB_UNARY(sign);
LSTMLIB_UNARY(clamp);
LSTMLIB_UNARY(softplus);
LSTMLIB_UNARY(log_sigmoid);
LSTMLIB_UNARY(silu);
LSTMLIB_UNARY(gelu);
LSTMLIB_UNARY(leaky_relu);
LSTMLIB_UNARY(elu);
LSTMLIB_UNARY(erf);
LSTMLIB_UNARY(sin);
LSTMLIB_UNARY(cos);
#undef LSTMLIB_UNARY

#define LSTMLIB_BINARY(f)                                    \
  template struct CpuBinary<float, math::BinaryFunction::f>; \
  template struct CpuBinary<double, math::BinaryFunction::f>
LSTMLIB_BINARY(add);
LSTMLIB_BINARY(subtract);
LSTMLIB_BINARY(multiply);
LSTMLIB_BINARY(divide);
LSTMLIB_BINARY(power);
LSTMLIB_BINARY(minimum);
LSTMLIB_BINARY(maximum);
LSTMLIB_BINARY(greater);
LSTMLIB_BINARY(greater_equal);
LSTMLIB_BINARY(less);
LSTMLIB_BINARY(less_equal);
LSTMLIB_BINARY(equal);
LSTMLIB_BINARY(not_equal);
#undef LSTMLIB_BINARY

#define LSTMLIB_BACKWARD(T, f, side)                                   \
  template void CpuBinary<T, math::BinaryFunction::f>::backward<side>( \
      const Loops&, const ArrayOperand<T>&, const ArrayOperand<T>&, const T*, const T*, T*, OutputMode)
#define LSTMLIB_BINARY_BACKWARD(f) \
  LSTMLIB_BACKWARD(float, f, 0);   \
  LSTMLIB_BACKWARD(float, f, 1);   \
  LSTMLIB_BACKWARD(double, f, 0);  \
  LSTMLIB_BACKWARD(double, f, 1)
LSTMLIB_BINARY_BACKWARD(divide);
LSTMLIB_BINARY_BACKWARD(power);
LSTMLIB_BINARY_BACKWARD(minimum);
LSTMLIB_BINARY_BACKWARD(maximum);
#undef LSTMLIB_BINARY_BACKWARD
#undef LSTMLIB_BACKWARD

#define LSTMLIB_REDUCE(r)                               \
  template struct CpuReduce<float, math::Reduction::r>; \
  template struct CpuReduce<double, math::Reduction::r>
LSTMLIB_REDUCE(min);
LSTMLIB_REDUCE(sum_abs);
LSTMLIB_REDUCE(sum_squares);
LSTMLIB_REDUCE(sum_exp);
#undef LSTMLIB_REDUCE

#define LSTMLIB_FOR_TYPE(T)         \
  template struct CpuSelect<T>;     \
  template struct CpuCopy<T>;       \
  template struct CpuGather<T>;     \
  template struct CpuOrder<T>;      \
  template struct CpuCumulative<T>; \
  template struct CpuLayerNorm<T>
LSTMLIB_FOR_TYPE(float);
LSTMLIB_FOR_TYPE(double);
#undef LSTMLIB_FOR_TYPE

}  // namespace lstmlib
