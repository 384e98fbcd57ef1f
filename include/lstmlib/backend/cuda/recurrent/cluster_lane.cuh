// SPDX-License-Identifier: MIT
#pragma once
// The position of a lane of the persistent kernels, in products and in the states that it keeps.

#include "lstmlib/backend/cuda/recurrent/cluster_arguments.hpp"
#include "lstmlib/backend/cuda/recurrent/cluster_layout.hpp"
#include "lstmlib/backend/cuda/simt.hpp"

#include <cstddef>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// A lane of a warp. In a product it has rows `row` and `row` + 8 of the weights and columns 2 quad and 2
/// quad + 1 of the result. In the states of a tile it has one unit of one sequence.
struct LanePlace {
  int lane = simt::lane(), warp = simt::warp();
  int row = lane >> 2, quad = lane & 3;
  int unit = row & 3;                    ///< in a tile
  int sequence = 2 * quad + (row >> 2);  ///< of the cluster
};

/// Slot of `sequence` in the line of eight that a quad reads in a product step. Rotated by the quad, so that
/// the lanes of a warp access different banks.
__device__ __forceinline__ int slot_in_line(int quad, int sequence) { return (sequence + 2 * quad) & 7; }

/// The sequence of a lane: its place, its length (0 beyond the batch) and its index in the batch.
struct LaneSequence {
  int place, length, number;

  __device__ __forceinline__ LaneSequence(const PlacedSequences& sequences, int p) : place(p) {
    const bool real = place < sequences.count;
    length = real ? simt::load_global(sequences.lengths + place) : 0;
    number = real ? simt::load_global(sequences.sequences + place) : 0;
  }
};

/// Index of an element of [rows, hidden].
__device__ __forceinline__ std::size_t element(int row, int hidden_size, int unit) {
  return static_cast<std::size_t>(row) * static_cast<std::size_t>(hidden_size) +
         static_cast<std::size_t>(unit);
}
/// Its four gates in an array [rows, hidden, 4].
__device__ __forceinline__ const simt::Float4* gates_at(const float* gates, std::size_t element) {
  return reinterpret_cast<const simt::Float4*>(gates) + element;
}
__device__ __forceinline__ simt::Float4* gates_at(float* gates, std::size_t element) {
  return reinterpret_cast<simt::Float4*>(gates) + element;
}
__device__ __forceinline__ float load_or_zero(const float* from, std::size_t index) {
  return from ? simt::load_global(from + index) : 0.0f;
}

/// A block's rank, its cluster, and the tiles and blocks that have units.
struct ClusterPlace {
  int rank, cluster;
  int real_tiles;  ///< of the layer
  /// Blocks that own a real tile; others must exit, because senders would not wait for them.
  int active_blocks;

  template <class Layout>
  __device__ __forceinline__ static ClusterPlace of(int hidden_size) {
    const int real_tiles = pieces(hidden_size, tile_units);
    if constexpr (Layout::clustered)
      return {simt::cluster_rank(), simt::cluster_index(), real_tiles, pieces(real_tiles, Layout::tiles)};
    else return {0, simt::block_index(), real_tiles, 1};
  }
};

}  // namespace lstmlib::cuda
