// SPDX-License-Identifier: MIT
#pragma once
// The backward pass of an LSTM layer in one launch, up to the gradients of the gates. The gradients of
// weights and inputs are products over all rows, which are computed afterwards.
//
// A block keeps the weights of the same units as in the forward pass. It multiplies them by the gradients of
// these units' gates, which it computes itself, so nothing must be gathered. The products are parts of the
// gradients of all units' hidden states. Each part is sent to the block that owns the unit, which adds the
// parts in the order of the blocks. Two buffers suffice for the reason given in cluster_forward.cuh.

#include "lstmlib/backend/cuda/recurrent/backward_product.cuh"
#include "lstmlib/backend/cuda/recurrent/cluster_cell.cuh"
#include "lstmlib/backend/cuda/recurrent/exchange.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// What forward saved for one unit of one sequence at a step, and the gradient of the output.
struct SavedStep {
  simt::Float4 gates;
  float cell_before, d_hidden;

  /// Loads those of `step`. The caller gives its token and row, and the token of the previous step, if any.
  __device__ __forceinline__ void load(const BackwardDirection& data, const LaneSequence& sequence,
                                       int hidden_size, int unit, int step, int token, int token_before,
                                       int row) {
    gates = simt::load_global(gates_at(data.gates, element(token, hidden_size, unit)));
    cell_before = step > 0 ? simt::load_global(data.cells + element(token_before, hidden_size, unit))
                           : load_or_zero(data.initial_cell, element(sequence.number, hidden_size, unit));
    d_hidden = load_or_zero(data.d_hidden, element(row, hidden_size, unit));
  }
};

/// State of a lane for one tile: gradients of one unit of one sequence; the saved values of this step and,
/// with L::two_steps_ahead, of the previous one in time.
struct BackwardTile {
  float d_hidden, d_cell;
  simt::Float4 d_gates;
  SavedStep saved, saved_before;
};

/// The cell's backward pass: gradients of the gates from those of the states.
template <class L>
__device__ __forceinline__ void cell_backward(BackwardTile& tile) {
  using Real = CellReal<!L::split>;
  const SavedStep& saved = tile.saved;
  const math::LstmGates<Real> gate{saved.gates.x, saved.gates.y, saved.gates.z, saved.gates.w};
  const Real cell_before = saved.cell_before, cell = gate.forget * cell_before + gate.input * gate.cell;
  const auto d = math::lstm_cell_backward<Real>(gate, cell_before, hyperbolic_tangent(cell),
                                                tile.d_hidden + saved.d_hidden, tile.d_cell);
  tile.d_gates = {d.d_pre.input.value, d.d_pre.forget.value, d.d_pre.cell.value, d.d_pre.output.value};
  tile.d_cell = d.d_cell.value;
}

/// Sends each tile of the warp's results to the block that owns it. Half a warp writes a line of 128 bytes.
template <class L>
__device__ __forceinline__ void send_parts(const TileSums<L::operands> (&sums)[L::warp_outputs],
                                           float weight_factor, int buffer, const ClusterPlace& cluster,
                                           const LanePlace& lane) {
  const int source = cluster.rank * L::tile_groups + lane.warp % L::tile_groups;
  simt::Float2 factor{weight_factor, weight_factor};
  if constexpr (L::scaled) {
    const simt::Float2 inverse = simt::SharedArray<simt::Float2>{L::inverses}.load(lane.quad);
    factor = {factor.x * inverse.x, factor.y * inverse.y};
  }
#pragma unroll
  for (int i = 0; i < L::warp_outputs; ++i) {
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const int output = lane.warp / L::tile_groups * L::warp_outputs + i;
      const int tile = output * product_tiles + (lane.row >> 2) + half * (product_tiles / 2);
      if (tile >= cluster.real_tiles) continue;
      const simt::Float2 part{sums[i].total(2 * half) * factor.x, sums[i].total(2 * half + 1) * factor.y};
      const int owner = tile / L::tiles, own_tile = tile % L::tiles;
      const int index =
          ((source * L::tiles + own_tile) * tile_units + lane.unit) * (cluster_sequences / 2) + lane.quad;
      if constexpr (L::clustered)
        BackwardBuffers<L>::template received<simt::Float2>(buffer).store_async(owner, index, part,
                                                                                Exchange<L>::barrier(buffer));
      else BackwardBuffers<L>::template received<simt::Float2>(buffer).store(index, part);
    }
  }
}

template <class L>
__device__ __forceinline__ float add_parts(int own_tile, int buffer, int active_blocks,
                                           const LanePlace& lane) {
  float sum = 0;
#pragma unroll
  for (int source = 0; source < L::blocks * L::tile_groups; ++source)
    if (source < active_blocks * L::tile_groups)
      sum += BackwardBuffers<L>::template received<float>(buffer).load(
          ((source * L::tiles + own_tile) * tile_units + lane.unit) * cluster_sequences + lane.sequence);
  return sum;
}

/// L: a BackwardLayout. Same grid as forward.
template <class L>
__global__ void __launch_bounds__(L::threads, 1) cluster_backward_kernel(ClusterBackward p) {
  const LanePlace lane;
  const auto cluster = ClusterPlace::of<L>(p.hidden_size);
  const int first_place = cluster.cluster * cluster_sequences, hidden_size = p.hidden_size;
  const BackwardDirection data = simt::block_index_y() == 0 ? p.directions[0] : p.directions[1];
  const int first_tile = cluster.rank * L::tiles;
  const int own_tiles =
      cluster.real_tiles - first_tile < L::tiles ? cluster.real_tiles - first_tile : L::tiles;

  BackwardWeights<L> weights;
  weights.load(data.weights, cluster.rank, lane);
  const float weight_factor = simt::load_global(data.weight_factor);
  simt::wait_for_previous_kernel();

  const Exchange<L> exchange{
      own_tiles > 0
          ? static_cast<std::uint32_t>(cluster.active_blocks * L::tile_groups * own_tiles * L::line_bytes)
          : 0};
  exchange.begin();
  if (cluster.rank >= cluster.active_blocks) return;

  const LaneSequence sequence(p.sequences, first_place + lane.sequence);
  const int steps = simt::load_global(p.sequences.lengths + first_place);
  int row = sequence.length > 0 ? simt::load_global(data.rows + sequence.place) : 0;
  row += data.row_step * (steps - 1);
  const auto token_of = [&](int step) {
    return step >= 0 ? simt::load_global(p.sequences.offsets + step) + sequence.place : 0;
  };
  int token = token_of(steps - 1), token_before = token_of(steps - 2), two_before = token_of(steps - 3),
      three_before = token_of(steps - 4);
  BackwardTile tiles[L::state_tiles];
#pragma unroll
  for (int i = 0; i < L::state_tiles; ++i) {
    const int own_tile = lane.warp + i * L::warps, unit = (first_tile + own_tile) * tile_units + lane.unit;
    tiles[i] = BackwardTile{};
    if (own_tile >= L::tiles || unit >= hidden_size || sequence.length == 0) continue;
    const std::size_t state = element(sequence.number, hidden_size, unit);
    tiles[i].d_hidden = load_or_zero(data.d_last_hidden, state);
    tiles[i].d_cell = load_or_zero(data.d_last_cell, state);
    if (steps == sequence.length)
      tiles[i].saved.load(data, sequence, hidden_size, unit, steps - 1, token, token_before, row);
    if (L::two_steps_ahead && steps > 1 && steps - 1 <= sequence.length)
      tiles[i].saved_before.load(data, sequence, hidden_size, unit, steps - 2, token_before, two_before,
                                 row - data.row_step);
  }

#pragma unroll 1
  for (int step = steps - 1; step >= 0; --step) {
    const int number = steps - 1 - step, buffer = number & 1;
    const int four_before = token_of(step - 4);  // for the next step; loaded early to hide the latency
#pragma unroll
    for (int i = 0; i < L::state_tiles; ++i) {
      const int own_tile = lane.warp + i * L::warps, unit = (first_tile + own_tile) * tile_units + lane.unit;
      if (own_tile >= L::tiles) break;  // the same for all lanes of the warp
      tiles[i].d_gates = simt::Float4{0, 0, 0, 0};
      if (step < sequence.length && unit < hidden_size) {
        cell_backward<L>(tiles[i]);
        simt::store_streaming(gates_at(data.d_gates, element(token, hidden_size, unit)), tiles[i].d_gates);
      }
      if constexpr (L::scaled) store_largest<L>(tiles[i].d_gates, own_tile, lane);
      else store_gradients<L>(tiles[i].d_gates, 1.0f, own_tile, buffer, lane);
    }
    if (step == 0 && !data.d_initial_hidden) break;  // the same for all blocks
    simt::sync_block();
    if constexpr (L::scaled) {
      const float scale = find_scale<L>(lane);
#pragma unroll
      for (int i = 0; i < L::state_tiles; ++i)
        if (lane.warp + i * L::warps < L::tiles)
          store_gradients<L>(tiles[i].d_gates, scale, lane.warp + i * L::warps, buffer, lane);
      simt::sync_block();
    }

#pragma unroll
    for (int i = 0; i < L::state_tiles; ++i) {  // long before it is needed
      const int own_tile = lane.warp + i * L::warps, unit = (first_tile + own_tile) * tile_units + lane.unit;
      const bool real = own_tile < L::tiles && unit < hidden_size;
      if constexpr (L::two_steps_ahead) {
        tiles[i].saved = tiles[i].saved_before;
        if (real && step > 1 && step - 1 <= sequence.length)
          tiles[i].saved_before.load(data, sequence, hidden_size, unit, step - 2, two_before, three_before,
                                     row - 2 * data.row_step);
      } else if (real && step > 0 && step <= sequence.length) {
        tiles[i].saved.load(data, sequence, hidden_size, unit, step - 1, token_before, two_before,
                            row - data.row_step);
      }
    }
    TileSums<L::operands> sums[L::warp_outputs];
    multiply_gradients<L>(sums, weights, buffer, lane);
    send_parts<L>(sums, weight_factor, buffer, cluster, lane);
    exchange.wait(number & 1, number, steps);
#pragma unroll
    for (int i = 0; i < L::state_tiles; ++i) {
      const int own_tile = lane.warp + i * L::warps;
      if (own_tile >= own_tiles) break;
      const float sum = add_parts<L>(own_tile, buffer, cluster.active_blocks, lane);
      if (step < sequence.length) tiles[i].d_hidden = sum;
    }
    row -= data.row_step;
    token = token_before;
    token_before = two_before;
    two_before = three_before;
    three_before = four_before;
  }

#pragma unroll
  for (int i = 0; i < L::state_tiles; ++i) {
    const int own_tile = lane.warp + i * L::warps, unit = (first_tile + own_tile) * tile_units + lane.unit;
    if (own_tile >= L::tiles || unit >= hidden_size || sequence.length == 0) continue;
    const std::size_t state = element(sequence.number, hidden_size, unit);
    if (data.d_initial_hidden) data.d_initial_hidden[state] += tiles[i].d_hidden;
    if (data.d_initial_cell) data.d_initial_cell[state] += tiles[i].d_cell;
  }
}

}  // namespace lstmlib::cuda
