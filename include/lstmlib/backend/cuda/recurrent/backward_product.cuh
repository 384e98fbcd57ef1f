// SPDX-License-Identifier: MIT
#pragma once
// Products of a backward step: resident weights times the gradients of a block's gates.

#include "lstmlib/backend/cuda/recurrent/cluster_lane.cuh"
#include "lstmlib/backend/cuda/recurrent/operand_split.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The weights of a warp: its outputs, and the tiles of the block that its group handles.
template <class L>
struct BackwardWeights {
  std::uint32_t high[L::warp_outputs][L::warp_tiles][4];
  std::uint32_t low[L::low_in_registers ? L::warp_outputs : 1][L::low_in_registers ? L::warp_tiles : 1][4];

  __device__ __forceinline__ static int shared_place(int output, int tile, const LanePlace& lane) {
    return ((lane.warp * L::warp_outputs + output) * L::warp_tiles + tile) * warp_lanes + lane.lane;
  }
  /// Loads from the packed copy: see pack_weights.cuh.
  __device__ __forceinline__ void load(const std::uint32_t* packed, int rank, const LanePlace& lane) {
    constexpr int packed_tiles = L::outputs * product_tiles;
    const auto* fragments = reinterpret_cast<const simt::Word4*>(packed);
#pragma unroll
    for (int i = 0; i < L::warp_outputs; ++i) {
#pragma unroll
      for (int k = 0; k < L::warp_tiles; ++k) {
        const int output = lane.warp / L::tile_groups * L::warp_outputs + i;
        const int tile = rank * L::tiles + lane.warp % L::tile_groups * L::warp_tiles + k;
        const bool real = output < L::outputs && tile < packed_tiles;
        const int fragment = (output * packed_tiles + tile) * warp_lanes + lane.lane;
        const simt::Word4 none{0, 0, 0, 0};
        unpack(high[i][k], real ? simt::load_global(fragments + fragment) : none);
        if constexpr (L::split) {
          constexpr int all = packed_tiles * L::outputs * warp_lanes;
          const simt::Word4 words = real ? simt::load_global(fragments + all + fragment) : none;
          if constexpr (L::low_in_shared)
            simt::SharedArray<simt::Word4>{L::low_weights}.store(shared_place(i, k, lane), words);
          else unpack(low[i][k], words);
        }
      }
    }
  }
};

template <class L>
struct BackwardBuffers {
  using Slot = typename SlotValues<L::operands>::Slot;

  // Computed on use: indexed arrays of them would go to local memory.
  __device__ __forceinline__ static simt::SharedArray<Slot> gradients(int buffer) {
    return {L::gradients + static_cast<std::uint32_t>(buffer) * L::gradient_bytes};
  }
  template <class T>
  __device__ __forceinline__ static simt::SharedArray<T> received(int buffer) {
    return {L::received + static_cast<std::uint32_t>(buffer) * L::received_bytes};
  }
};

/// For fp16: stores the largest gradient of each sequence in a tile for all warps.
template <class L>
__device__ __forceinline__ void store_largest(const simt::Float4& d, int tile, const LanePlace& lane) {
  float largest = fmaxf(fmaxf(fabsf(d.x), fabsf(d.y)), fmaxf(fabsf(d.z), fabsf(d.w)));
  largest = fmaxf(largest, simt::shuffle_xor(largest, 4));
  largest = fmaxf(largest, simt::shuffle_xor(largest, 8));
  if (lane.unit == 0)
    simt::SharedArray<float>{L::largest}.store(tile * cluster_sequences + lane.sequence, largest);
}

/// Returns the scale of the lane's sequence in this block and step. Stores its inverse for the products.
template <class L>
__device__ __forceinline__ float find_scale(const LanePlace& lane) {
  float largest = 0;
#pragma unroll
  for (int k = 0; k < L::tiles; ++k)
    largest =
        fmaxf(largest, simt::SharedArray<float>{L::largest}.load(k * cluster_sequences + lane.sequence));
  const PowerOfTwo scale = to_unit_size(largest);
  if (lane.warp == 0 && lane.unit == 0)
    simt::SharedArray<float>{L::inverses}.store(lane.sequence, scale.inverse);
  return scale.value;
}

/// Stores the gradients of a tile's gates as operands. The four units form a product step of 16.
template <class L>
__device__ __forceinline__ void store_gradients(const simt::Float4& d, float scale, int tile, int buffer,
                                                const LanePlace& lane) {
  using Math = OperandMath<L::operands>;
  BackwardBuffers<L>::gradients(buffer).store(
      tile * warp_lanes + lane.unit * cluster_sequences + slot_in_line(lane.unit, lane.sequence),
      SlotValues<L::operands>::slot(Math::split_pair(d.x * scale, d.y * scale),
                                    Math::split_pair(d.z * scale, d.w * scale)));
}

/// Contribution of the warp's tiles to the gradients of its outputs.
template <class L>
__device__ __forceinline__ void multiply_gradients(TileSums<L::operands> (&sums)[L::warp_outputs],
                                                   const BackwardWeights<L>& weights, int buffer,
                                                   const LanePlace& lane) {
  using Math = OperandMath<L::operands>;
#pragma unroll
  for (int k = 0; k < L::warp_tiles; ++k) {
    const int tile = lane.warp % L::tile_groups * L::warp_tiles + k;
    const SlotValues<L::operands> gradients(BackwardBuffers<L>::gradients(buffer).load(
        tile * warp_lanes + lane.quad * cluster_sequences + slot_in_line(lane.quad, lane.row)));
    if constexpr (L::split) {
#pragma unroll
      for (int i = 0; i < L::warp_outputs; ++i) {
        if constexpr (L::low_in_shared) {
          std::uint32_t low[4];
          unpack(low, simt::SharedArray<simt::Word4>{L::low_weights}.load(
                          BackwardWeights<L>::shared_place(i, k, lane)));
          Math::multiply(sums[i].low, low, gradients.high);
        } else {
          Math::multiply(sums[i].low, weights.low[i][k], gradients.high);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < L::warp_outputs; ++i)
      Math::multiply(sums[i].high, weights.high[i][k], gradients.high);
    if constexpr (L::split) {
#pragma unroll
      for (int i = 0; i < L::warp_outputs; ++i)
        Math::multiply(sums[i].low, weights.high[i][k], gradients.low);
    }
  }
}

}  // namespace lstmlib::cuda
