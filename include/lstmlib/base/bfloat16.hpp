// SPDX-License-Identifier: MIT
#pragma once
// bfloat16, the upper half of a float32.

#include "lstmlib/version.hpp"

#include <bit>
#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI {

/// The nearest bfloat16, of two equally near ones the even; a NaN stays one.
[[nodiscard]] inline std::uint16_t to_bfloat16(float value) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFu) > 0x7F800000u) return static_cast<std::uint16_t>(bits >> 16 | 0x40u);
  return static_cast<std::uint16_t>((bits + 0x7FFFu + (bits >> 16 & 1u)) >> 16);
}

[[nodiscard]] inline float from_bfloat16(std::uint16_t half) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16);
}

}  // namespace lstmlib
