// SPDX-License-Identifier: MIT
#pragma once
// mma.m16n8k16 of a warp, by the layout of fragments that PTX documents.

#include "lstmlib/version.hpp"

#include "half.hpp"

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// The two floats of a word.
template <bool HalfFloats>
void unpack(std::uint32_t pair, float& low, float& high) {
  low = HalfFloats ? float_of_f16(pair & 0xffffu) : float_of_bf16(pair & 0xffffu);
  high = HalfFloats ? float_of_f16(pair >> 16) : float_of_bf16(pair >> 16);
}

/// Each lane's four sums of d [16, 8] += a [16, 16] b [16, 8]; each lane brings four words of a and two of b,
/// pairs of f16 or bf16. Rounds every addition to float, or, with `truncate`, the exact sum once, towards
/// zero.
template <bool HalfFloats>
void multiply(std::array<std::array<float, 4>, 32>& sums,
              const std::array<std::array<std::uint32_t, 6>, 32>& factors, bool truncate) {
  float a[16][16];
  alignas(32) float b[16][8];
  alignas(32) float d[16][8];
  for (std::size_t lane = 0; lane < 32; ++lane) {
    const std::size_t row = lane / 4, pair = lane % 4 * 2;
    const auto& words = factors[lane];
    for (std::size_t i = 0; i < 4; ++i) {
      const std::size_t at_row = row + i % 2 * 8, at_column = pair + i / 2 * 8;
      unpack<HalfFloats>(words[i], a[at_row][at_column], a[at_row][at_column + 1]);
      d[row + i / 2 * 8][pair + i % 2] = sums[lane][i];
    }
    for (std::size_t i = 0; i < 2; ++i) {
      unpack<HalfFloats>(words[4 + i], b[pair + i * 8][row], b[pair + i * 8 + 1][row]);
    }
  }
  if (truncate) {
    for (std::size_t row = 0; row < 16; ++row)
      for (std::size_t column = 0; column < 8; ++column) {
        double exact = d[row][column];
        for (std::size_t k = 0; k < 16; ++k) exact += double{a[row][k]} * double{b[k][column]};
        auto rounded = static_cast<float>(exact);
        if (std::fabs(double{rounded}) > std::fabs(exact)) rounded = std::nextafterf(rounded, 0.0f);
        d[row][column] = rounded;
      }
  } else {
    typedef float Row
        __attribute__((vector_size(32), may_alias));  // the compilers make it of what the processor has
    for (std::size_t row = 0; row < 16; ++row) {
      Row sum = *reinterpret_cast<const Row*>(d[row]);
      for (std::size_t k = 0; k < 16; ++k) sum += *reinterpret_cast<const Row*>(b[k]) * a[row][k];
      *reinterpret_cast<Row*>(d[row]) = sum;
    }
  }
  for (std::size_t lane = 0; lane < 32; ++lane)
    for (std::size_t i = 0; i < 4; ++i) sums[lane][i] = d[lane / 4 + i / 2 * 8][lane % 4 * 2 + i % 2];
}

}  // namespace lstmlib::cuda::model
