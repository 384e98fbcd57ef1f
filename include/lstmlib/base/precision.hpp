// SPDX-License-Identifier: MIT
#pragma once
// How exactly products are computed, where a caller may choose: sums are float32 always.

#include "lstmlib/base/error.hpp"

#include <cstdint>
#include <string_view>

namespace lstmlib {

/// float32; bfloat16 operands; 8-bit weights with a scale for each row.
enum class Precision : std::uint8_t { fp32, bf16, int8 };

constexpr std::string_view name_of(Precision precision) {
  constexpr std::string_view names[] = {"fp32", "bf16", "int8"};
  return names[static_cast<std::size_t>(precision)];
}

/// Throws Error naming the three for any other.
inline Precision parse_precision(std::string_view name) {
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8})
    if (name == name_of(precision)) return precision;
  fail<Error>("precision is \"", name, "\", expected fp32, bf16 or int8");
}

}  // namespace lstmlib
