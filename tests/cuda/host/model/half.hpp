// SPDX-License-Identifier: MIT
#pragma once
// 16-bit floats in words of 32 bits, rounded to nearest with ties to even.

#include "lstmlib/version.hpp"

#include <bit>
#include <cmath>
#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

inline float float_of_bf16(std::uint32_t half) { return std::bit_cast<float>(half << 16); }
inline std::uint32_t bf16_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return value != value ? 0x7fffu : (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
}

inline float float_of_f16(std::uint32_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, rest = half & 0x7fffu;
  if (rest >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | (rest & 0x3ffu) << 13);
  // The exponent is off by 127 - 15; subnormal numbers become normal by the product.
  return std::bit_cast<float>(sign |
                              std::bit_cast<std::uint32_t>(std::bit_cast<float>(rest << 13) * 0x1p112f));
}
inline std::uint32_t f16_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const float size = std::fabs(value);
  if (value != value) return 0x7fffu;
  if (size >= 65520.0f) return sign | 0x7c00u;
  if (size < 0x1p-14f)  // subnormal: the addition rounds to multiples of 2^-24
    return sign | (std::bit_cast<std::uint32_t>(size + 0.5f) - std::bit_cast<std::uint32_t>(0.5f));
  const std::uint32_t rest = bits & 0x7fffffffu;
  return sign | ((rest + 0xfffu + ((rest >> 13) & 1u) - (112u << 23)) >> 13);
}

}  // namespace lstmlib::cuda::model
