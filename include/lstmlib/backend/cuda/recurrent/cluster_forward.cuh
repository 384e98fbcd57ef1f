// SPDX-License-Identifier: MIT
#pragma once
// The forward pass of an LSTM layer in one launch: a cluster of blocks runs eight sequences through all
// steps. The recurrent weights stay in registers (and shared memory). Blocks exchange the hidden state
// through distributed shared memory. What remains of a step is latency.
//
// A step: wait for the hidden state -> load the inputs of the step after the next -> products of the warp's
// tiles -> partial sums to shared memory -> sync_block -> sums, cell, send the new hidden state -> results to
// memory.
//
// Why no barrier of the whole cluster is needed: block p writes to buffer b of block q at step t only after p
// has received all lines of step t - 1, including those of q. And q sent these after the sync_block that
// followed q's last read of buffer b. The last step sends nothing, so no block ends while others may still
// write to it.

#include "lstmlib/backend/cuda/recurrent/cluster_cell.cuh"
#include "lstmlib/backend/cuda/recurrent/exchange.cuh"
#include "lstmlib/backend/cuda/recurrent/forward_product.cuh"
#include "lstmlib/backend/cuda/recurrent/forward_tile.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Initial hidden states may have any magnitude, which fp16 cannot represent. So each sequence gets a scale
/// for its first product.
template <class L>
__device__ __forceinline__ void find_first_scales(const ForwardDirection& data,
                                                  const PlacedSequences& sequences, int hidden_size,
                                                  int first_place, const LanePlace& lane) {
  for (int n = lane.warp; n < cluster_sequences; n += L::warps) {
    float largest = 0;
    if (data.initial_hidden && first_place + n < sequences.count) {
      const LaneSequence sequence(sequences, first_place + n);
      for (int unit = lane.lane; unit < hidden_size; unit += warp_lanes)
        largest = fmaxf(largest, fabsf(simt::load_global(data.initial_hidden +
                                                         element(sequence.number, hidden_size, unit))));
    }
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) largest = fmaxf(largest, simt::shuffle_xor(largest, mask));
    if (lane.lane == 0) simt::SharedArray<float>{L::scales}.store(n, to_unit_size(largest).value);
  }
}

/// Stores the biases of the block's units in shared memory, where each step reads them.
template <class L>
__device__ __forceinline__ void keep_bias(const ForwardDirection& data, int hidden_size, int first_tile) {
  for (int i = simt::thread_index(); i < L::tiles * tile_units; i += L::threads)
    simt::SharedArray<simt::Float4>{L::bias}.store(i,
                                                   load_bias(data, first_tile * tile_units + i, hidden_size));
}

/// Every block fills its own first buffer, and clears what no block sends in the second.
template <class L>
__device__ __forceinline__ void fill_initial_hidden(const ForwardDirection& data,
                                                    const PlacedSequences& sequences, int hidden_size,
                                                    int first_place, int real_tiles) {
  using Buffers = ForwardBuffers<L>;
  using Values = SlotValues<L::operands>;
  for (int slot = simt::thread_index(); slot < L::product_steps * warp_lanes; slot += L::threads) {
    const int tile = slot / cluster_sequences, quad = tile % product_tiles;
    const int n = (slot - 2 * quad) & (cluster_sequences - 1);
    const LaneSequence sequence(sequences, first_place + n);
    const float scale = is_half(L::operands) ? simt::SharedArray<float>{L::scales}.load(n) : 1.0f;
    float values[tile_units];
#pragma unroll
    for (int i = 0; i < tile_units; ++i) {
      const int unit = tile * tile_units + i;
      values[i] = unit < hidden_size && sequence.length > 0
                      ? load_or_zero(data.initial_hidden, element(sequence.number, hidden_size, unit)) * scale
                      : 0.0f;
    }
    using Math = OperandMath<L::operands>;
    Buffers::hidden(0).store(
        slot, Values::slot(Math::split_pair(values[0], values[1]), Math::split_pair(values[2], values[3])));
    if (tile >= real_tiles) Buffers::hidden(1).store(slot, Values::slot({0, 0}, {0, 0}));
  }
}

/// The four units of a tile for the lane's sequence, as operands. The four lanes of a sequence get the same
/// result.
template <Operands operands>
__device__ __forceinline__ typename SlotValues<operands>::Slot gather_units(float hidden,
                                                                            const LanePlace& lane) {
  const float neighbour = simt::shuffle_xor(hidden, 4);
  const bool odd = lane.unit & 1;
  const SplitPair mine =
      OperandMath<operands>::split_pair(odd ? neighbour : hidden, odd ? hidden : neighbour);
  SplitPair other{simt::shuffle_xor(mine.high, 8), 0};
  if constexpr (is_split(operands)) other.low = simt::shuffle_xor(mine.low, 8);
  return lane.unit & 2 ? SlotValues<operands>::slot(other, mine) : SlotValues<operands>::slot(mine, other);
}

/// Sends a tile's new hidden states to all blocks. Each of the four lanes of a sequence serves every fourth
/// block.
template <class L>
__device__ __forceinline__ void send_hidden(typename SlotValues<L::operands>::Slot slot, int tile, int buffer,
                                            int active_blocks, const LanePlace& lane) {
  const int quad = tile % product_tiles;
  const int index = tile * cluster_sequences + slot_in_line(quad, lane.sequence);
  if constexpr (L::clustered) {
#pragma unroll
    for (int i = 0; i < pieces(L::blocks, tile_units); ++i) {
      const int block = i * tile_units + lane.unit;
      if (block < active_blocks)
        ForwardBuffers<L>::hidden(buffer).store_async(block, index, slot, Exchange<L>::barrier(buffer));
    }
  } else {
    if (lane.unit == 0) ForwardBuffers<L>::hidden(buffer).store(index, slot);
  }
}

/// L: a ForwardLayout. Grid: clusters of L::blocks blocks in x, one per eight places; directions in y.
template <class L>
__global__ void __launch_bounds__(L::threads, 1) cluster_forward_kernel(ClusterForward p) {
  using Real = CellReal<!L::split>;
  const LanePlace lane;
  const auto cluster = ClusterPlace::of<L>(p.hidden_size);
  const int first_place = cluster.cluster * cluster_sequences, hidden_size = p.hidden_size;
  const ForwardDirection data = simt::block_index_y() == 0 ? p.directions[0] : p.directions[1];

  ForwardWeights<L> weights;
  weights.load(data.weights, cluster.rank, lane);
  const float weight_factor = simt::load_global(data.weight_factor);
  simt::wait_for_previous_kernel();

  if constexpr (is_half(L::operands)) {
    find_first_scales<L>(data, p.sequences, hidden_size, first_place, lane);
    simt::sync_block();
  }
  keep_bias<L>(data, hidden_size, cluster.rank * L::tiles);
  fill_initial_hidden<L>(data, p.sequences, hidden_size, first_place, cluster.real_tiles);
  const Exchange<L> exchange{static_cast<std::uint32_t>(cluster.real_tiles * L::line_bytes)};
  exchange.begin();
  if (cluster.rank >= cluster.active_blocks) return;

  const LaneSequence sequence(p.sequences, first_place + lane.sequence);
  const int steps = simt::load_global(p.sequences.lengths + first_place);
  const int first_tile = cluster.rank * L::tiles;
  int row = sequence.length > 0 ? simt::load_global(data.rows + sequence.place) : 0;
  const auto token_of = [&](int step) {
    return step < steps ? simt::load_global(p.sequences.offsets + step) + sequence.place : 0;
  };
  int token = sequence.place, next_token = token_of(1), token_after = token_of(2);  // offsets[0] is 0
  float factor = weight_factor;
  if constexpr (is_half(L::operands))
    factor *= to_unit_size(simt::SharedArray<float>{L::scales}.load(lane.sequence)).value;
  ForwardTile tiles[L::state_tiles];
#pragma unroll
  for (int i = 0; i < L::state_tiles; ++i) {
    const int own_tile = lane.warp + i * L::warps, unit = (first_tile + own_tile) * tile_units + lane.unit;
    tiles[i] = ForwardTile{0, 0, {0, 0, 0, 0}, {0, 0, 0, 0}};
    if (own_tile >= L::tiles || unit >= hidden_size || sequence.length == 0) continue;
    const std::size_t state = element(sequence.number, hidden_size, unit);
    tiles[i].cell = load_or_zero(data.initial_cell, state);
    tiles[i].hidden = load_or_zero(data.initial_hidden, state);
    tiles[i].input = ForwardTile::load_input(data, token, hidden_size, unit);
    if (sequence.length > 1)
      tiles[i].input_after = ForwardTile::load_input(data, next_token, hidden_size, unit);
  }

#pragma unroll 1
  for (int step = 0; step < steps; ++step) {
    const int buffer = step & 1;
    if (step > 0) exchange.wait(buffer, step - 1, steps - 1);
    simt::Float4 coming[L::state_tiles];
#pragma unroll
    for (int i = 0; i < L::state_tiles; ++i) {
      const int own_tile = lane.warp + i * L::warps, unit = (first_tile + own_tile) * tile_units + lane.unit;
      coming[i] = simt::Float4{0, 0, 0, 0};
      if (own_tile < L::tiles && unit < hidden_size && step + 2 < sequence.length)
        coming[i] = ForwardTile::load_input(data, token_after, hidden_size, unit);
    }
    const int third_token = token_of(step + 3);
    TileSums<L::operands> sums[L::warp_tiles];
    multiply_hidden<L>(sums, weights, buffer, lane);
    store_partials<L>(sums, buffer, lane);
    simt::sync_block();
#pragma unroll
    for (int i = 0; i < L::state_tiles; ++i) {
      const int own_tile = lane.warp + i * L::warps, tile = first_tile + own_tile;
      if (own_tile >= L::tiles || tile >= cluster.real_tiles) break;  // the same for all lanes of the warp
      const int unit = tile * tile_units + lane.unit;
      ForwardTile& state = tiles[i];
      const auto gate_products = gather_gates(add_partials<L>(own_tile, buffer, lane), lane);
      const auto bias = simt::SharedArray<simt::Float4>{L::bias}.load(own_tile * tile_units + lane.unit);
      const auto next =
          math::lstm_cell_forward<Real>({gate_products.input * factor + (state.input.x + bias.x),
                                         gate_products.forget * factor + (state.input.y + bias.y),
                                         gate_products.cell * factor + (state.input.z + bias.z),
                                         gate_products.output * factor + (state.input.w + bias.w)},
                                        state.cell);
      const bool runs = step < sequence.length && unit < hidden_size;
      if (runs) {
        state.cell = next.cell.value;
        state.hidden = next.hidden.value;
      }
      if (step + 1 < steps)
        send_hidden<L>(gather_units<L::operands>(state.hidden, lane), tile, buffer ^ 1, cluster.active_blocks,
                       lane);
      if (!runs) continue;
      data.hidden[element(row, hidden_size, unit)] = state.hidden;
      if (data.gates)
        ForwardTile::keep(
            data, element(token, hidden_size, unit),
            {next.gate.input.value, next.gate.forget.value, next.gate.cell.value, next.gate.output.value},
            state.cell);
      state.input = state.input_after;
      state.input_after = coming[i];
    }
    token = next_token;
    next_token = token_after;
    token_after = third_token;
    row += data.row_step;
    factor = weight_factor;
  }

#pragma unroll
  for (int i = 0; i < L::state_tiles; ++i) {
    const int own_tile = lane.warp + i * L::warps, unit = (first_tile + own_tile) * tile_units + lane.unit;
    if (own_tile >= L::tiles || unit >= hidden_size || sequence.length == 0) continue;
    const std::size_t state = element(sequence.number, hidden_size, unit);
    if (data.last_hidden) simt::store_streaming(data.last_hidden + state, tiles[i].hidden);
    if (data.last_cell) simt::store_streaming(data.last_cell + state, tiles[i].cell);
  }
}

}  // namespace lstmlib::cuda
