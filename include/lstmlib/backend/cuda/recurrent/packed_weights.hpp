// SPDX-License-Identifier: MIT
#pragma once
// Layout of the packed copy of the recurrent weights that the persistent kernels load.

#include "lstmlib/backend/cuda/recurrent/cluster_layout.hpp"

#include <cstddef>
#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The copy has: the factor of products, partial maxima, the fragments of the forward pass, and those of the
/// backward pass. In each pass, all high halves come first, then the low ones, if any. A fragment has four
/// words per lane.
///
///   forward:  [tile, product step]: rows gate 4 + unit of the tile, columns the 16 units of the step
///   backward (transposed): [16 units of the result, tile]: columns unit 4 + gate of the tile
struct PackedWeights {
  int padded_size;
  Operands forward, backward;

  static constexpr int header_words = 128;
  static constexpr int partial_maxima = 64;  ///< in the second half of the header

  LSTMLIB_HOST_DEVICE constexpr int tiles() const { return padded_size / tile_units; }
  LSTMLIB_HOST_DEVICE constexpr int product_steps() const { return padded_size / product_units; }
  /// Lanes of all fragments of one pass.
  LSTMLIB_HOST_DEVICE constexpr int lanes() const { return tiles() * product_steps() * warp_lanes; }
  LSTMLIB_HOST_DEVICE constexpr int words_of(Operands operands) const {
    return lanes() * 4 * (is_split(operands) ? 2 : 1);
  }
  LSTMLIB_HOST_DEVICE constexpr int forward_place() const { return header_words; }
  LSTMLIB_HOST_DEVICE constexpr int backward_place() const { return header_words + words_of(forward); }
  /// fp16 has a small range. So the largest weight is scaled to 1 <= x < 2 by a power of two.
  LSTMLIB_HOST_DEVICE constexpr bool scaled() const { return is_half(forward) || is_half(backward); }
  constexpr std::size_t bytes() const {
    return static_cast<std::size_t>(backward_place() + words_of(backward)) * sizeof(std::uint32_t);
  }
};

}  // namespace lstmlib::cuda
