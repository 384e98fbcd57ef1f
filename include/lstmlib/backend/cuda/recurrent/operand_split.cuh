// SPDX-License-Identifier: MIT
#pragma once
// Products of 16 x 16 weights and 16 x 8 numbers on tensor cores, with more bits than the operands have: x =
// high + low / low_scale, and a b = a.high b.high + (a.low b.high + a.high b.low) / low_scale.

#include "lstmlib/backend/cuda/recurrent/cluster_layout.hpp"
#include "lstmlib/backend/cuda/simt.hpp"

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Two numbers in 16-bit halves of words. `low` is 0 if operands are not split.
struct SplitPair {
  std::uint32_t high, low;
};

template <Operands operands>
struct OperandMath {
  static constexpr bool split = is_split(operands), half = is_half(operands);
  /// Keeps the low halves of fp16 out of the subnormal range. bf16 has the exponents of float32.
  static constexpr float low_scale = half ? 2048.0f : 1.0f;

  __device__ __forceinline__ static std::uint32_t pack(float a, float b) {
    if constexpr (half) return simt::pack_f16(a, b);
    else return simt::pack_bf16(a, b);
  }
  __device__ __forceinline__ static float first(std::uint32_t pair) {
    if constexpr (half) return simt::f16_low(pair);
    else return simt::bf16_low(pair);
  }
  __device__ __forceinline__ static float second(std::uint32_t pair) {
    if constexpr (half) return simt::f16_high(pair);
    else return simt::bf16_high(pair);
  }
  __device__ __forceinline__ static SplitPair split_pair(float a, float b) {
    const std::uint32_t high = pack(a, b);
    if constexpr (split) return {high, pack((a - first(high)) * low_scale, (b - second(high)) * low_scale)};
    else return {high, 0};
  }
  __device__ __forceinline__ static void multiply(float (&sum)[4], const std::uint32_t (&weights)[4],
                                                  const std::uint32_t (&values)[2]) {
    if constexpr (half) simt::mma_f16(sum, weights, values);
    else simt::mma_bf16(sum, weights, values);
  }
};

/// A power of two and its inverse.
struct PowerOfTwo {
  float value, inverse;
};
/// The power that scales a number of this size (>= 0) to 1 <= x < 2, as far as possible; 1 for 0.
__device__ __forceinline__ PowerOfTwo to_unit_size(float largest) {
  if (!(largest > 0)) return {1.0f, 1.0f};
  std::uint32_t bits;
  std::memcpy(&bits, &largest, 4);
  std::uint32_t exponent = bits >> 23;  // with the bias of 127
  exponent = exponent < 1 ? 1 : exponent > 253 ? 253 : exponent;
  const std::uint32_t inverse = exponent << 23, value = (254 - exponent) << 23;
  PowerOfTwo power;
  std::memcpy(&power.value, &value, 4);
  std::memcpy(&power.inverse, &inverse, 4);
  return power;
}

/// Sums of a 16 x 8 tile; a lane has four. Products with low halves have their own sums: they are smaller by
/// 2^-11 and have another scale, and two dependent chains hide the latency.
template <Operands operands>
struct TileSums {
  float high[4] = {0, 0, 0, 0};
  float low[is_split(operands) ? 4 : 1] = {};

  __device__ __forceinline__ float total(int i) const {
    if constexpr (is_split(operands)) return high[i] + low[i] * (1.0f / OperandMath<operands>::low_scale);
    else return high[i];
  }
};

/// Copies a lane's four words from a vector to an array with constant indices, which stays in registers.
__device__ __forceinline__ void unpack(std::uint32_t (&words)[4], simt::Word4 from) {
  words[0] = from.x, words[1] = from.y, words[2] = from.z, words[3] = from.w;
}

/// The operand in a slot of 16 bytes (high, high, low, low) or 8 bytes (high, high): pairs in the register
/// layout of products.
template <Operands operands>
struct SlotValues {
  using Slot = std::conditional_t<is_split(operands), simt::Word4, simt::Word2>;
  std::uint32_t high[2], low[2];

  __device__ __forceinline__ explicit SlotValues(Slot slot) {
    if constexpr (is_split(operands)) {
      high[0] = slot.x, high[1] = slot.y, low[0] = slot.z, low[1] = slot.w;
    } else {
      high[0] = slot.x, high[1] = slot.y, low[0] = low[1] = 0;
    }
  }
  __device__ __forceinline__ static Slot slot(SplitPair first, SplitPair second) {
    if constexpr (is_split(operands)) return Slot{first.high, second.high, first.low, second.low};
    else return Slot{first.high, second.high};
  }
};

}  // namespace lstmlib::cuda
