// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers of all cells and types on any GPU. One product projects the inputs of all steps. Then each
// step is a product of the previous states, added for the sequences that continue, and a kernel for the
// cells. Backward works the same way, with the products over all steps at the end.

#include "lstmlib/backend/cuda/recurrent/saved.hpp"
#include "lstmlib/backend/cuda/recurrent/work.cuh"

#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// saved.gates: the input projections; bias: see RecurrentWork::biases.
template <Real T>
void portable_forward(RecurrentWork<T>& work, const T* bias, const RecurrentResult<T>& result,
                      const RecurrentSaved<T>& saved) {
  const RecurrentProblem<T>& p = work.p;
  const Index n = work.hidden_size, steps = p.layout.time_steps();
  const auto weights = work.weights(true);
  // States of the running sequences. They are swapped after each step.
  View<T> before = work.take_states(p.initial_hidden), after = work.take({work.sequences, n});
  const T* cell_before = nullptr;
  if (p.cell == RecurrentCell::lstm) cell_before = work.take_states(p.initial_cell).data;

  pointwise::with_cell<T>(p.cell, [&]<class Cell>(Cell) {
    using Gates = typename Cell::Gates;
    for (Index step = 0; step < steps; ++step) {
      const Index first = p.layout.time_offset(step), running = p.layout.batch_size_at(step);
      T *gates = saved.gates + first * work.width, *cell_after = saved.cells + first * n;
      if (step > 0 || p.initial_hidden)
        work.multiply(work.operand({before.data, {running, n}}), false, weights, true,
                      {gates, {running, work.width}}, OutputMode::accumulate);
      work.each_in_rows(running, n,
                        pointwise::RecurrentStepForward<T, Cell>{
                            n, step + 1 < steps ? p.layout.batch_size_at(step + 1) : 0, work.rows() + first,
                            work.order.sequences, reinterpret_cast<const Gates*>(bias),
                            reinterpret_cast<Gates*>(gates), before.data, cell_before, after.data, cell_after,
                            result.hidden.data, result.last_hidden.data, result.last_cell.data});
      std::swap(before, after);
      cell_before = cell_after;
    }
  });
}

/// Gates become gradients of the pre-activations; gradients of the initial states are added. hidden_before:
/// see RecurrentWork::states_before.
template <Real T>
void portable_backward(RecurrentWork<T>& work, View<const T> hidden_before, const RecurrentSaved<T>& saved,
                       const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) {
  const RecurrentProblem<T>& p = work.p;
  const Index n = work.hidden_size, steps = p.layout.time_steps();
  const auto weights = work.weights(true);
  const View<T> d_state = work.take_states(d_result.last_hidden);
  View<T> d_cell;
  const T* initial_cell = nullptr;
  if (p.cell == RecurrentCell::lstm) {
    d_cell = work.take_states(d_result.last_cell);
    initial_cell = work.take_states(p.initial_cell).data;
  }

  pointwise::with_cell<T>(p.cell, [&]<class Cell>(Cell) {
    using Gates = typename Cell::Gates;
    // Gradients of the states before a step, through its pre-activations. Those of sequences that ended
    // earlier do not change.
    const auto compute_d_state = [&](Index step) {
      const Index running = p.layout.batch_size_at(step);
      work.multiply(
          work.operand({saved.gates + p.layout.time_offset(step) * work.width, {running, work.width}}), false,
          weights, false, {d_state.data, {running, n}},
          Cell::has_direct ? OutputMode::accumulate : OutputMode::overwrite);
    };
    for (Index step = steps - 1; step >= 0; --step) {
      const Index first = p.layout.time_offset(step);
      if (step + 1 < steps) compute_d_state(step + 1);
      work.each_in_rows(
          p.layout.batch_size_at(step), n,
          pointwise::RecurrentStepBackward<T, Cell>{
              n, work.rows() + first, reinterpret_cast<Gates*>(saved.gates + first * work.width),
              hidden_before.data + first * n,
              step > 0 ? saved.cells + p.layout.time_offset(step - 1) * n : initial_cell, d_state.data,
              d_cell.data, d_result.hidden.data});
    }
    if (d.initial_hidden) compute_d_state(0);
  });
  work.add_states(d_state.data, d.initial_hidden);
  work.add_states(d_cell.data, d.initial_cell);
}

}  // namespace lstmlib::cuda
