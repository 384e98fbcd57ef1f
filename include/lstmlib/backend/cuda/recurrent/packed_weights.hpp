// SPDX-License-Identifier: MIT
#pragma once
// Where things stand in the copy of the recurrent weights that the persistent kernels load.

#include "lstmlib/backend/cuda/recurrent/cluster_layout.hpp"

#include <cstddef>
#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The copy: the factor of products, partial maxima, the fragments of the forward pass and those of the
/// backward pass; of each first the high halves, then the low ones where there are any. A fragment has four
/// words for each lane.
/// Forward: [tile, product step]: rows gate 4 + unit of the tile, columns the 16 units of the step.
/// Backward, transposed: [16 units of the result, tile]: columns unit 4 + gate of the tile.
struct PackedWeights {
  int padded_size;
  Operands forward, backward;

  static constexpr int header_words = 128;
  static constexpr int partial_maxima = 64;  ///< in the header's second half

  LSTMLIB_HOST_DEVICE constexpr int tiles() const { return padded_size / tile_units; }
  LSTMLIB_HOST_DEVICE constexpr int product_steps() const { return padded_size / product_units; }
  /// Lanes of all fragments of one pass.
  LSTMLIB_HOST_DEVICE constexpr int lanes() const { return tiles() * product_steps() * warp_lanes; }
  LSTMLIB_HOST_DEVICE constexpr int words_of(Operands operands) const {
    return lanes() * 4 * (is_split(operands) ? 2 : 1);
  }
  LSTMLIB_HOST_DEVICE constexpr int forward_place() const { return header_words; }
  LSTMLIB_HOST_DEVICE constexpr int backward_place() const { return header_words + words_of(forward); }
  /// fp16 has a small range: then the largest weight is brought to 1 <= x < 2 by a power of two.
  LSTMLIB_HOST_DEVICE constexpr bool scaled() const { return is_half(forward) || is_half(backward); }
  constexpr std::size_t bytes() const {
    return static_cast<std::size_t>(backward_place() + words_of(backward)) * sizeof(std::uint32_t);
  }
};

}  // namespace lstmlib::cuda
