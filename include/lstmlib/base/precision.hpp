// SPDX-License-Identifier: MIT
#pragma once
// How exactly products are computed, where a caller may choose: sums are float32 always.

#include "lstmlib/base/error.hpp"

#include <cstdint>
#include <iterator>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI {

/// fp32: float32. bf16: bfloat16 operands. int8: 8-bit weights with a scale for each row. The others differ
/// from fp32 on a GPU alone: fp16 has operands of 11 bits (fp16 in the steps, TF32 in other products), and fp32_strict leaves out all shortcuts of fp32
/// there.
enum class Precision : std::uint8_t { fp32, bf16, int8, fp16, fp32_strict };

[[nodiscard]] constexpr std::string_view name_of(Precision precision) {
  constexpr std::string_view names[] = {"fp32", "bf16", "int8", "fp16", "fp32_strict"};
  const auto which = static_cast<std::size_t>(precision);
  return which < std::size(names) ? names[which] : "unknown";
}

/// What it amounts to on a CPU, where products of float32 are exact to float32.
[[nodiscard]] constexpr Precision without_gpu(Precision precision) noexcept {
  return precision == Precision::fp16 || precision == Precision::fp32_strict ? Precision::fp32 : precision;
}

/// Throws ValueError naming them for any other.
[[nodiscard]] inline Precision parse_precision(std::string_view name) {
  for (const auto precision :
       {Precision::fp32, Precision::bf16, Precision::int8, Precision::fp16, Precision::fp32_strict})
    if (name == name_of(precision)) return precision;
  fail<ValueError>("precision is \"", name, "\", expected fp32, bf16, int8, fp16 or fp32_strict");
}

}  // namespace lstmlib::inline LSTMLIB_ABI
