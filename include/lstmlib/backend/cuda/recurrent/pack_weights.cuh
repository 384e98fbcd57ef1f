// SPDX-License-Identifier: MIT
#pragma once
// Packs recurrent weights into the order and number format that the persistent kernels load.

#include "lstmlib/backend/cuda/launch.hpp"
#include "lstmlib/backend/cuda/recurrent/cluster_lane.cuh"
#include "lstmlib/backend/cuda/recurrent/operand_split.cuh"
#include "lstmlib/backend/cuda/recurrent/packed_weights.hpp"
#include "lstmlib/backend/cuda/simt.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

inline constexpr int pack_threads = 256;

__device__ __forceinline__ float largest_of_warp(float value) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) value = fmaxf(value, simt::shuffle_xor(value, mask));
  return value;
}

/// The largest |weight| of each block's share. The consumers combine the shares.
static __global__ void __launch_bounds__(pack_threads)
    largest_weight_kernel(const float* weights, int count, std::uint32_t* packed) {
  const simt::SharedArray<float> of_warps{0};
  float largest = 0;
  for (int i = simt::block_index() * pack_threads + simt::thread_index(); i < count;
       i += PackedWeights::partial_maxima * pack_threads)
    largest = fmaxf(largest, fabsf(simt::load_global(weights + i)));
  largest = largest_of_warp(largest);
  if (simt::lane() == 0) of_warps.store(simt::thread_index() / warp_lanes, largest);
  simt::sync_block();
  if (simt::thread_index() != 0) return;
  for (int warp = 1; warp < pack_threads / warp_lanes; ++warp) largest = fmaxf(largest, of_warps.load(warp));
  reinterpret_cast<float*>(
      packed)[PackedWeights::header_words - PackedWeights::partial_maxima + simt::block_index()] = largest;
}

/// The recurrent weights [4 hidden, hidden], gates in blocks of rows, padded with zeros.
struct PaddedWeights {
  const float* weights;
  int hidden_size;
  float scale;

  __device__ __forceinline__ float operator()(int gate, int unit, int from) const {
    if (unit >= hidden_size || from >= hidden_size) return 0;
    return simt::load_global(weights + element(gate * hidden_size + unit, hidden_size, from)) * scale;
  }
};

/// Packs the four words of a lane of a fragment: see PackedWeights.
template <Operands operands>
__device__ __forceinline__ void pack_lane(const PackedWeights& layout, const PaddedWeights& weights,
                                          int index, bool backward, std::uint32_t* to) {
  const int lane = index % warp_lanes, row = lane >> 2, quad = lane & 3, fragment = index / warp_lanes;
  std::uint32_t high[4], low[4];
#pragma unroll
  for (int word = 0; word < 4; ++word) {
    const int fragment_row = row + 8 * (word & 1),
              pair = word & 2;  // rows r, r + 8; columns 0 and 1, 2 and 3
    SplitPair split;
    if (backward) {
      const int to_unit = fragment / layout.tiles() * product_units + fragment_row;
      const int unit = fragment % layout.tiles() * tile_units + quad;
      split =
          OperandMath<operands>::split_pair(weights(pair, unit, to_unit), weights(pair + 1, unit, to_unit));
    } else {
      const int unit = fragment / layout.product_steps() * tile_units + (fragment_row & 3);
      const int from = fragment % layout.product_steps() * product_units + 4 * quad + pair;
      split = OperandMath<operands>::split_pair(weights(fragment_row >> 2, unit, from),
                                                weights(fragment_row >> 2, unit, from + 1));
    }
    high[word] = split.high;
    low[word] = split.low;
  }
  auto* places = reinterpret_cast<simt::Word4*>(to);
  places[index] = simt::Word4{high[0], high[1], high[2], high[3]};
  if constexpr (is_split(operands))
    places[layout.lanes() + index] = simt::Word4{low[0], low[1], low[2], low[3]};
}

__device__ __forceinline__ void pack_lane(Operands operands, const PackedWeights& layout,
                                          const PaddedWeights& weights, int index, bool backward,
                                          std::uint32_t* to) {
  switch (operands) {
    case Operands::fp16x3: return pack_lane<Operands::fp16x3>(layout, weights, index, backward, to);
    case Operands::bf16x3: return pack_lane<Operands::bf16x3>(layout, weights, index, backward, to);
    case Operands::fp16: return pack_lane<Operands::fp16>(layout, weights, index, backward, to);
    case Operands::bf16: return pack_lane<Operands::bf16>(layout, weights, index, backward, to);
  }
}

/// A thread packs one lane of one fragment for both passes: reads 64 to 128 bytes, writes 32 to 64.
static __global__ void __launch_bounds__(pack_threads)
    pack_weights_kernel(const float* weights, int hidden_size, PackedWeights layout, std::uint32_t* packed) {
  PowerOfTwo scale{1.0f, 1.0f};
  if (layout.scaled()) {
    const float* maxima = reinterpret_cast<const float*>(packed) + PackedWeights::header_words -
                          PackedWeights::partial_maxima + simt::lane();
    scale = to_unit_size(
        largest_of_warp(fmaxf(simt::load_global(maxima), simt::load_global(maxima + warp_lanes))));
  }
  const int index = simt::block_index() * pack_threads + simt::thread_index();
  if (index == 0) reinterpret_cast<float*>(packed)[0] = scale.inverse;
  if (index >= layout.lanes()) return;
  const PaddedWeights padded{weights, hidden_size, scale.value};
  pack_lane(layout.forward, layout, padded, index, false, packed + layout.forward_place());
  pack_lane(layout.backward, layout, padded, index, true, packed + layout.backward_place());
}

/// Packs recurrent weights [4 hidden, hidden], gates in blocks of rows, into `packed` (layout.bytes() bytes,
/// aligned to 256). Weights may have any magnitude. If a format is fp16, weights below 2^-36 of the largest
/// may be lost.
inline void pack_weights(Stream& stream, const PackedWeights& layout, const float* weights, int hidden_size,
                         std::uint32_t* packed) {
  static_assert(PackedWeights::partial_maxima == 2 * warp_lanes);
  if (layout.scaled())
    launch(stream,
           {.blocks = PackedWeights::partial_maxima,
            .threads = pack_threads,
            .shared_bytes = pack_threads / warp_lanes * static_cast<int>(sizeof(float))},
           largest_weight_kernel, weights, 4 * hidden_size * hidden_size, packed);
  launch(stream, {.blocks = pieces(layout.lanes(), pack_threads), .threads = pack_threads},
         pack_weights_kernel, weights, hidden_size, layout, packed);
}

}  // namespace lstmlib::cuda
