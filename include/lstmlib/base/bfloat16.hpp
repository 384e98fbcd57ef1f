// SPDX-License-Identifier: MIT
#pragma once
// Conversion between float32 and bfloat16, its upper 16 bits.

#include "lstmlib/version.hpp"

#include <bit>
#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI {

/// Rounds to the nearest bfloat16, with ties to even. NaN stays NaN.
[[nodiscard]] inline std::uint16_t to_bfloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

[[nodiscard]] inline float from_bfloat16(std::uint16_t half) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

}  // namespace lstmlib
