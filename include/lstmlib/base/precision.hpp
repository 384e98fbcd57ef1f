// SPDX-License-Identifier: MIT
#pragma once
// The precision of matrix products. Sums are always float32.

#include "lstmlib/base/error.hpp"

#include <cstdint>
#include <iterator>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI {

/// Type of a product's operands.
/// - fp32: float32.
/// - bf16: bfloat16.
/// - int8: 8-bit weights with one scale per row.
/// - fp16: on a GPU, fp16 in the recurrent steps and TF32 in other products, both of 11 bits. Otherwise fp32.
/// - fp32_strict: on a GPU, fp32 without its shortcuts. Otherwise fp32.
enum class Precision : std::uint8_t { fp32, bf16, int8, fp16, fp32_strict };

[[nodiscard]] constexpr std::string_view name_of(Precision precision) {
  constexpr std::string_view names[] = {"fp32", "bf16", "int8", "fp16", "fp32_strict"};
  const auto which = static_cast<std::size_t>(precision);
  return which < std::size(names) ? names[which] : "unknown";
}

/// The precision that a CPU uses: fp16 and fp32_strict exist only on a GPU and become fp32.
[[nodiscard]] constexpr Precision without_gpu(Precision precision) noexcept {
  return precision == Precision::fp16 || precision == Precision::fp32_strict ? Precision::fp32 : precision;
}

/// Inverse of name_of. Throws ValueError, which lists the names, for an unknown one.
[[nodiscard]] inline Precision parse_precision(std::string_view name) {
  for (const auto precision :
       {Precision::fp32, Precision::bf16, Precision::int8, Precision::fp16, Precision::fp32_strict})
    if (name == name_of(precision)) return precision;
  fail<ValueError>("precision is \"", name, "\", expected fp32, bf16, int8, fp16 or fp32_strict");
}

}  // namespace lstmlib::inline LSTMLIB_ABI
