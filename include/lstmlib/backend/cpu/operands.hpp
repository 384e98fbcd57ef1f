// SPDX-License-Identifier: MIT
#pragma once
// Operands of the products of recurrent layers: numbers as they are, or rounded to bfloat16 and packed in
// pairs along the inner dimension. Sums are never rounded.

#include "lstmlib/backend/cpu/kernel_sets.hpp"
#include "lstmlib/backend/cpu/scratch.hpp"

#include <algorithm>
#include <array>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Maximum length of a panel's row and of a block's gates: four vectors of 64 bytes.
inline constexpr Index max_row = 64;

/// Packed: the type of a packed element, T or (if T is float) Bf16Pair.
template <class T, class Packed = T>
struct Operands {
  static constexpr Index pack_size = 1;  ///< numbers per packed element
  /// Packed elements that hold `inner` numbers.
  static constexpr Index packed_size(Index inner) { return inner; }

  static void multiply(const Product<T>& product) { kernel_table<T>().product(product); }
  /// Memory for a left matrix that is written piece by piece: `own`, where the numbers already are, or new
  /// memory for `elements` of them, packed.
  static T* room(T* own, Index, Scratch&) { return own; }
  /// Writes `count` elements of each of `rows` rows to that memory. Strides are in numbers and in packed
  /// elements.
  static void round_rows(const T*, Index, Index, Index, T*, Index) {}
  /// Writes a panel [inner, width] of a right matrix. `fill(panel)` writes its numbers.
  template <class Fill>
  static void panel(Index, Index, T* to, Fill fill) {
    fill(to);
  }
  /// Writes one row of packed elements, at most max_row wide. `row_of(i)` points to the `count` numbers that
  /// are number i of the packed elements, or is null for zeros. The row is padded to `width` with zeros.
  template <class RowOf>
  static void packed_row(Index count, Index width, T* to, RowOf row_of) {
    const T* from = row_of(Index{0});
    if (from) std::copy_n(from, count, to);
    std::fill(from ? to + count : to, to + width, T(0));
  }
};

template <std::same_as<float> T>
struct Operands<T, Bf16Pair> {
  static constexpr Index pack_size = 2;
  static constexpr Index packed_size(Index inner) { return (inner + 1) / 2; }

  static void multiply(const Product<float, Bf16Pair>& product) { bf16_kernel_table<T>().product(product); }
  static Bf16Pair* room(float*, Index elements, Scratch& scratch) {
    return scratch.take<Bf16Pair>({packed_size(elements)}).data;
  }
  static void round_rows(const float* from, Index from_row, Index rows, Index count, Bf16Pair* to,
                         Index to_row) {
    const auto round = bf16_kernel_table<T>().round_to_bf16;
    for (Index i = 0; i < rows; ++i) {
      auto* halves = reinterpret_cast<std::uint16_t*>(to + i * to_row);
      round(from + i * from_row, count, halves);
      if (count % 2) halves[count] = 0;
    }
  }
  template <class Fill>
  static void panel(Index inner, Index width, Bf16Pair* to, Fill fill) {
    Scratch scratch;
    float* whole = scratch.take<float>({inner, width}).data;
    fill(whole);
    for (Index i = 0; i < packed_size(inner); ++i)
      bf16_kernel_table<T>().round_pairs(whole + 2 * i * width,
                                         2 * i + 1 < inner ? whole + (2 * i + 1) * width : nullptr, width,
                                         to + i * width);
  }
  template <class RowOf>
  static void packed_row(Index count, Index width, Bf16Pair* to, RowOf row_of) {
    static constexpr std::array<float, max_row> zeros{};
    const float *first = row_of(Index{0}), *second = row_of(Index{1});
    bf16_kernel_table<T>().round_pairs(first ? first : zeros.data(), second, count, to);
    std::fill(to + count, to + width, Bf16Pair{0});
  }
};

}  // namespace lstmlib::cpu
