// SPDX-License-Identifier: MIT
#pragma once
// The LSTM cell with fast device functions: the shared formulas over a number type of their own.

#include "lstmlib/backend/cuda/simt.hpp"
#include "lstmlib/math/lstm_cell.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// float32 with a sigmoid that is accurate to a few ulp. tanh is accurate too, with small relative errors
/// near 0. With `approximate` it is the hardware's tanh, accurate to 11 bits.
template <bool approximate>
struct CellReal {
  float value = 0;

  CellReal() = default;
  __device__ __forceinline__ explicit constexpr CellReal(double v) : value(static_cast<float>(v)) {}
  __device__ __forceinline__ constexpr CellReal(float v) : value(v) {}

  __device__ __forceinline__ friend CellReal operator+(CellReal a, CellReal b) { return a.value + b.value; }
  __device__ __forceinline__ friend CellReal operator-(CellReal a, CellReal b) { return a.value - b.value; }
  __device__ __forceinline__ friend CellReal operator*(CellReal a, CellReal b) { return a.value * b.value; }
  __device__ __forceinline__ friend CellReal sigmoid(CellReal x) {
    return simt::fast_divide(1.0f, 1.0f + simt::fast_exp(-x.value));
  }
  __device__ __forceinline__ friend CellReal hyperbolic_tangent(CellReal x) {
    if constexpr (approximate) return simt::fast_tanh(x.value);
    else return simt::tanh(x.value);
  }
};

}  // namespace lstmlib::cuda
