// SPDX-License-Identifier: MIT
#pragma once
// The state of a lane of the forward kernels for one unit of one sequence.

#include "lstmlib/backend/cuda/recurrent/cluster_lane.cuh"
#include "lstmlib/math/lstm_cell.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

__device__ __forceinline__ simt::Float4 load_bias(const ForwardDirection& data, int unit, int hidden_size) {
  return data.bias && unit < hidden_size
             ? simt::load_global(gates_at(data.bias, static_cast<std::size_t>(unit)))
             : simt::Float4{0, 0, 0, 0};
}

/// The states, and the inputs of this step and the next. The inputs of the step after that are loaded at the
/// beginning of a step, where the products hide the latency. After the cell they would delay the next step,
/// because a step is shorter than a load may take.
struct ForwardTile {
  float cell, hidden;
  simt::Float4 input, input_after;

  __device__ __forceinline__ static simt::Float4 load_input(const ForwardDirection& data, int token,
                                                            int hidden_size, int unit) {
    return simt::load_global(gates_at(data.projections, element(token, hidden_size, unit)));
  }
  __device__ __forceinline__ static void keep(const ForwardDirection& data, std::size_t at,
                                              const math::LstmGates<float>& gate, float cell) {
    *gates_at(data.gates, at) = simt::Float4{gate.input, gate.forget, gate.cell, gate.output};
    data.cells[at] = cell;
  }
};

}  // namespace lstmlib::cuda
