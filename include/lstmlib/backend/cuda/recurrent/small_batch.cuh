// SPDX-License-Identifier: MIT
#pragma once
// The forward pass of an LSTM layer for a few sequences. A cluster handles a single one, in float32 without
// tensor cores, whose products would have eight columns. Weights are in registers; 16 lanes share the sums of
// a unit's four gates. The protocol of steps is that of cluster_forward.cuh.

#include "lstmlib/backend/cuda/recurrent/cluster_cell.cuh"
#include "lstmlib/backend/cuda/recurrent/cluster_lane.cuh"
#include "lstmlib/backend/cuda/recurrent/exchange.cuh"
#include "lstmlib/backend/cuda/recurrent/forward_tile.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Position of a lane: 16 lanes share a unit, and each handles every 16th group of four inputs.
template <class L>
struct SmallLane {
  int unit = simt::thread_index() / L::unit_lanes;  ///< of the block
  int part = simt::thread_index() % L::unit_lanes;

  __device__ __forceinline__ int input(int quad) const { return (quad * L::unit_lanes + part) * 4; }
};

template <class L>
struct SmallWeights {
  float gates[4][L::quads][4];

  /// `weights` [4 hidden, hidden], unpacked: gates in blocks of rows.
  __device__ __forceinline__ void load(const float* weights, int hidden_size, int unit,
                                       const SmallLane<L>& lane) {
#pragma unroll
    for (int gate = 0; gate < 4; ++gate) {
#pragma unroll
      for (int k = 0; k < L::quads; ++k) {
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int input = lane.input(k) + i;
          gates[gate][k][i] =
              unit < hidden_size && input < hidden_size
                  ? simt::load_global(weights + element(gate * hidden_size + unit, hidden_size, input))
                  : 0.0f;
        }
      }
    }
  }
};

template <class L>
struct SmallBuffers {
  template <class T>
  __device__ __forceinline__ static simt::SharedArray<T> hidden(int buffer) {
    return {L::hidden + static_cast<std::uint32_t>(buffer) * L::width * 4};
  }
};

/// The sums of a unit's gates, returned to all 16 lanes of the unit.
template <class L>
__device__ __forceinline__ math::LstmGates<float> multiply_small(const SmallWeights<L>& weights, int buffer,
                                                                 const SmallLane<L>& lane) {
  float sums[4] = {0, 0, 0, 0};
#pragma unroll
  for (int k = 0; k < L::quads; ++k) {
    const simt::Float4 hidden =
        SmallBuffers<L>::template hidden<simt::Float4>(buffer).load(lane.input(k) / 4);
#pragma unroll
    for (int gate = 0; gate < 4; ++gate) {
      const float(&w)[4] = weights.gates[gate][k];
      sums[gate] += w[0] * hidden.x;
      sums[gate] += w[1] * hidden.y;
      sums[gate] += w[2] * hidden.z;
      sums[gate] += w[3] * hidden.w;
    }
  }
#pragma unroll
  for (int mask = 1; mask < L::unit_lanes; mask *= 2) {
#pragma unroll
    for (int gate = 0; gate < 4; ++gate) sums[gate] += simt::shuffle_xor(sums[gate], mask);
  }
  return {sums[0], sums[1], sums[2], sums[3]};
}

/// Sends two units of a warp to all blocks, one block per lane.
template <class L>
__device__ __forceinline__ void send_small(float hidden, int first_unit, int buffer, int active_blocks) {
  const float other = simt::shuffle_xor(hidden, L::unit_lanes);
  const bool upper = simt::lane() >= L::unit_lanes;
  const simt::Float2 both = upper ? simt::Float2{other, hidden} : simt::Float2{hidden, other};
  const auto units = SmallBuffers<L>::template hidden<simt::Float2>(buffer);
  if constexpr (L::clustered) {
    static_assert(L::blocks <= warp_lanes);
    if (simt::lane() < active_blocks)
      units.store_async(simt::lane(), first_unit / 2, both, Exchange<L>::barrier(buffer));
  } else {
    if (simt::lane() == 0) units.store(first_unit / 2, both);
  }
}

/// L: a SmallLayout. The weights of a direction are those of the layer, unpacked; `weight_factor` is not
/// used. Grid: one cluster per sequence in x; directions in y.
template <class L>
__global__ void __launch_bounds__(L::threads, 1) small_forward_kernel(ClusterForward p) {
  using Buffers = SmallBuffers<L>;
  const SmallLane<L> lane;
  const int hidden_size = p.hidden_size;
  const ForwardDirection data = simt::block_index_y() == 0 ? p.directions[0] : p.directions[1];
  const int rank = L::clustered ? simt::cluster_rank() : 0;
  const int active_blocks = pieces(hidden_size, L::units);
  const int unit = rank * L::units + lane.unit;

  SmallWeights<L> weights;
  weights.load(reinterpret_cast<const float*>(data.weights), hidden_size, unit, lane);
  simt::wait_for_previous_kernel();

  const LaneSequence sequence(p.sequences, L::clustered ? simt::cluster_index() : simt::block_index());
  const bool real = unit < hidden_size;
  const std::size_t state = element(sequence.number, hidden_size, unit);
  for (int i = simt::thread_index(); i < L::width; i += L::threads) {
    Buffers::template hidden<float>(0).store(
        i,
        i < hidden_size ? load_or_zero(data.initial_hidden, element(sequence.number, hidden_size, i)) : 0.0f);
    if (i >= hidden_size) Buffers::template hidden<float>(1).store(i, 0.0f);
  }
  const int pairs = pieces(hidden_size, 2);  // messages per step and block
  const Exchange<L> exchange{static_cast<std::uint32_t>(pairs * 8)};
  exchange.begin();

  const int first_unit = unit & ~1;  // of the warp's two units
  if (first_unit >= hidden_size) return;

  const auto token_of = [&](int step) {
    return step < sequence.length ? simt::load_global(p.sequences.offsets + step) + sequence.place : 0;
  };
  int row = simt::load_global(data.rows + sequence.place);
  int token = sequence.place, next_token = token_of(1), token_after = token_of(2);
  const simt::Float4 bias = load_bias(data, unit, hidden_size);
  ForwardTile own{0, 0, {0, 0, 0, 0}, {0, 0, 0, 0}};
  const bool writes = real && lane.part == 0;  // all 16 lanes of a unit compute the same
  if (real) {
    own.cell = load_or_zero(data.initial_cell, state);
    own.hidden = load_or_zero(data.initial_hidden, state);
    own.input = ForwardTile::load_input(data, token, hidden_size, unit);
    if (sequence.length > 1) own.input_after = ForwardTile::load_input(data, next_token, hidden_size, unit);
  }

#pragma unroll 1
  for (int step = 0; step < sequence.length; ++step) {
    const int buffer = step & 1;
    if (step > 0) exchange.wait(buffer, step - 1, sequence.length - 1);
    simt::Float4 coming{0, 0, 0, 0};
    if (real && step + 2 < sequence.length)
      coming = ForwardTile::load_input(data, token_after, hidden_size, unit);
    const int third_token = token_of(step + 3);
    const auto sums = multiply_small<L>(weights, buffer, lane);
    // All have read what the senders of the next step overwrite.
    if constexpr (L::clustered) simt::sync_block();
    const auto next = math::lstm_cell_forward<CellReal<false>>(
        {sums.input + (own.input.x + bias.x), sums.forget + (own.input.y + bias.y),
         sums.cell + (own.input.z + bias.z), sums.output + (own.input.w + bias.w)},
        own.cell);
    own.cell = next.cell.value;
    own.hidden = real ? next.hidden.value : 0.0f;
    if (step + 1 < sequence.length) send_small<L>(own.hidden, first_unit, buffer ^ 1, active_blocks);
    own.input = own.input_after;
    own.input_after = coming;
    if (writes) {
      data.hidden[element(row, hidden_size, unit)] = own.hidden;
      if (data.gates)
        ForwardTile::keep(
            data, element(token, hidden_size, unit),
            {next.gate.input.value, next.gate.forget.value, next.gate.cell.value, next.gate.output.value},
            own.cell);
    }
    token = next_token;
    next_token = token_after;
    token_after = third_token;
    row += data.row_step;
  }

  if (!writes) return;
  if (data.last_hidden) simt::store_streaming(data.last_hidden + state, own.hidden);
  if (data.last_cell) simt::store_streaming(data.last_cell + state, own.cell);
}

}  // namespace lstmlib::cuda
