// SPDX-License-Identifier: MIT
#pragma once
// What a lane of the forward kernels keeps of one unit of one sequence.

#include "lstmlib/cuda/recurrent/cluster_lane.cuh"
#include "lstmlib/math/lstm_cell.hpp"

namespace lstmlib::cuda {

/// The states, and the input of the next step.
struct ForwardTile {
  float cell, hidden;
  simt::Float4 input;

  __device__ __forceinline__ void load_input(const ForwardDirection& data, int token, int hidden_size,
                                             int unit) {
    input = simt::load_global(gates_at(data.sums, element(token, hidden_size, unit)));
    if (!data.bias) return;
    const simt::Float4 bias = simt::load_global(gates_at(data.bias, element(0, hidden_size, unit)));
    input.x += bias.x, input.y += bias.y, input.z += bias.z, input.w += bias.w;
  }
  __device__ __forceinline__ static void keep(const ForwardDirection& data, std::size_t at,
                                              const math::LstmGates<float>& gate, float cell) {
    simt::store_streaming(gates_at(data.gates, at),
                          simt::Float4{gate.input, gate.forget, gate.cell, gate.output});
    simt::store_streaming(data.cells + at, cell);
  }
};

}  // namespace lstmlib::cuda
