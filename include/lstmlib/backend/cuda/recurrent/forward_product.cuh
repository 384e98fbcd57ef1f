// SPDX-License-Identifier: MIT
#pragma once
// Products of a forward step: resident weights times the hidden states of eight sequences.

#include "lstmlib/backend/cuda/recurrent/cluster_lane.cuh"
#include "lstmlib/backend/cuda/recurrent/operand_split.cuh"
#include "lstmlib/math/lstm_cell.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The weights of a warp: its tiles, and every step_groups-th product step, starting at its group's number.
template <class L>
struct ForwardWeights {
  std::uint32_t high[L::warp_tiles][L::warp_steps][4];
  std::uint32_t low[L::low_in_registers ? L::warp_tiles : 1][L::low_in_registers ? L::warp_steps : 1][4];

  __device__ __forceinline__ static int shared_place(int tile, int step, const LanePlace& lane) {
    return ((lane.warp * L::warp_tiles + tile) * L::warp_steps + step) * warp_lanes + lane.lane;
  }
  /// Loads from the packed copy: see pack_weights.cuh.
  __device__ __forceinline__ void load(const std::uint32_t* packed, int rank, const LanePlace& lane) {
    constexpr int packed_tiles = L::product_steps * product_tiles;
    const auto* fragments = reinterpret_cast<const simt::Word4*>(packed);
#pragma unroll
    for (int i = 0; i < L::warp_tiles; ++i) {
#pragma unroll
      for (int k = 0; k < L::warp_steps; ++k) {
        const int tile = rank * L::tiles + lane.warp / L::step_groups * L::warp_tiles + i;
        const int step = lane.warp % L::step_groups + k * L::step_groups;
        const bool real = tile < packed_tiles && step < L::product_steps;
        const int fragment = (tile * L::product_steps + step) * warp_lanes + lane.lane;
        const simt::Word4 none{0, 0, 0, 0};
        unpack(high[i][k], real ? simt::load_global(fragments + fragment) : none);
        if constexpr (L::split) {
          constexpr int all = packed_tiles * L::product_steps * warp_lanes;
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
struct ForwardBuffers {
  using Slot = typename SlotValues<L::operands>::Slot;

  // Computed on use: indexed arrays of them would go to local memory.
  __device__ __forceinline__ static simt::SharedArray<Slot> hidden(int buffer) {
    return {L::hidden + static_cast<std::uint32_t>(buffer) * L::hidden_bytes};
  }
  __device__ __forceinline__ static simt::SharedArray<simt::Float4> partials(int buffer) {
    return {L::partials + static_cast<std::uint32_t>(buffer) * L::partial_bytes};
  }
};

/// Partial sums of the warp's tiles over its product steps.
template <class L>
__device__ __forceinline__ void multiply_hidden(TileSums<L::operands> (&sums)[L::warp_tiles],
                                                const ForwardWeights<L>& weights, int buffer,
                                                const LanePlace& lane) {
  using Math = OperandMath<L::operands>;
#pragma unroll
  for (int k = 0; k < L::warp_steps; ++k) {
    const int step = lane.warp % L::step_groups + k * L::step_groups;
    if (step >= L::product_steps) break;  // the same for all lanes of the warp
    const SlotValues<L::operands> hidden(ForwardBuffers<L>::hidden(buffer).load(
        step * warp_lanes + lane.quad * cluster_sequences + slot_in_line(lane.quad, lane.row)));
    if constexpr (L::split) {
#pragma unroll
      for (int i = 0; i < L::warp_tiles; ++i) {
        if constexpr (L::low_in_shared) {
          std::uint32_t low[4];
          unpack(low, simt::SharedArray<simt::Word4>{L::low_weights}.load(
                          ForwardWeights<L>::shared_place(i, k, lane)));
          Math::multiply(sums[i].low, low, hidden.high);
        } else {
          Math::multiply(sums[i].low, weights.low[i][k], hidden.high);
        }
      }
    }
#pragma unroll
    for (int i = 0; i < L::warp_tiles; ++i) Math::multiply(sums[i].high, weights.high[i][k], hidden.high);
    if constexpr (L::split) {
#pragma unroll
      for (int i = 0; i < L::warp_tiles; ++i) Math::multiply(sums[i].low, weights.high[i][k], hidden.low);
    }
  }
}

template <class L>
__device__ __forceinline__ void store_partials(const TileSums<L::operands> (&sums)[L::warp_tiles], int buffer,
                                               const LanePlace& lane) {
#pragma unroll
  for (int i = 0; i < L::warp_tiles; ++i) {
    const int tile = lane.warp / L::step_groups * L::warp_tiles + i;
    const simt::Float4 total{sums[i].total(0), sums[i].total(1), sums[i].total(2), sums[i].total(3)};
    ForwardBuffers<L>::partials(buffer).store(
        (lane.warp % L::step_groups * L::tiles + tile) * warp_lanes + lane.lane, total);
  }
}

/// Sums of a tile's four gate rows over all groups, in fixed order.
template <class L>
__device__ __forceinline__ simt::Float4 add_partials(int tile, int buffer, const LanePlace& lane) {
  simt::Float4 sum{0, 0, 0, 0};
#pragma unroll
  for (int group = 0; group < L::step_groups; ++group) {
    const simt::Float4 part =
        ForwardBuffers<L>::partials(buffer).load((group * L::tiles + tile) * warp_lanes + lane.lane);
    sum.x += part.x, sum.y += part.y, sum.z += part.z, sum.w += part.w;
  }
  return sum;
}

/// A lane with row < 4 holds the gates input and cell of a unit for two sequences, and the lane 16 above
/// holds forget and output. They exchange values, so that each has all gates of one sequence.
__device__ __forceinline__ math::LstmGates<float> gather_gates(const simt::Float4& sums,
                                                               const LanePlace& lane) {
  const bool upper = lane.row >= 4;
  const float first = simt::shuffle_xor(upper ? sums.x : sums.y, 16);
  const float second = simt::shuffle_xor(upper ? sums.z : sums.w, 16);
  if (upper) return {first, sums.y, second, sums.w};
  return {sums.x, first, sums.z, second};
}

}  // namespace lstmlib::cuda
