// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers with a cell of the program's own on any GPU: as portable.cuh, but for the kernels of the
// cells, which are the program's.

#include "lstmlib/backend/cuda/pointwise/custom_cell.hpp"
#include "lstmlib/backend/cuda/recurrent/saved.hpp"
#include "lstmlib/backend/cuda/recurrent/work.cuh"

#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Starts the kernels of one step for `running` sequences.
template <class T>
struct CellSteps {
  void (*forward)(Context&, Index running, const pointwise::CustomForwardArguments<T>&);
  void (*backward)(Context&, Index running, const pointwise::CustomBackwardArguments<T>&);
};

/// Throws DeviceError if the program has not installed them.
template <class T>
const CellSteps<T>& cell_steps(const CellType<T>& cell) {
  const void* steps = *cell.custom->cuda;
  if (!steps)
    fail<DeviceError>(
        "recurrent: the cell has no kernels for GPUs; call cuda::install_cell<Cell>() in a .cu "
        "file that includes lstmlib/backend/cuda/cell.cuh");
  return *static_cast<const CellSteps<T>*>(steps);
}

/// The states besides the hidden state, [sequences, states hidden_size], longest sequence first.
template <Real T>
View<T> take_cells(RecurrentWork<T>& work, View<const T> from) {
  const Index size = work.p.cell.cell_states() * work.hidden_size;
  const View<T> taken = work.take({work.sequences, size});
  work.each_in_rows(work.sequences, size,
                    pointwise::TakeRows<T>{size, work.order.sequences, from.data, taken.data});
  return taken;
}

template <Real T>
void custom_forward(RecurrentWork<T>& work, const T* bias, const RecurrentResult<T>& result,
                    const RecurrentSaved<T>& saved) {
  const RecurrentProblem<T>& p = work.p;
  const CellSteps<T>& cells = cell_steps(p.cell);
  const Index n = work.hidden_size, steps = p.layout.time_steps(), all = p.cell.cell_states() * n,
              kept = RecurrentSaved<T>::kept_count(p.cell);
  const auto weights = work.weights(true);
  View<T> before = work.take_states(p.initial_hidden), after = work.take({work.sequences, n});
  pointwise::StateArrays<const T> cell_before{all > 0 ? take_cells(work, p.initial_cell).data : nullptr, all,
                                              n};
  for (Index step = 0; step < steps; ++step) {
    const Index first = p.layout.time_offset(step), running = p.layout.batch_size_at(step);
    T* sums = saved.gates + first * work.width;
    if (step > 0 || p.initial_hidden)
      work.multiply(work.operand({before.data, {running, n}}), false, weights, true,
                    {sums, {running, work.width}}, OutputMode::accumulate);
    const pointwise::StateArrays<T> cell_after{saved.cells + first * n, n, work.tokens * n};
    cells.forward(work.context(), running,
                  {n,
                   step + 1 < steps ? p.layout.batch_size_at(step + 1) : 0,
                   kept,
                   work.rows() + first,
                   work.order.sequences,
                   bias,
                   p.parameters.data,
                   sums,
                   saved.kept + first * n * kept,
                   before.data,
                   cell_before,
                   after.data,
                   cell_after,
                   result.hidden.data,
                   result.last_hidden.data,
                   {result.last_cell.data, all, n}});
    std::swap(before, after);
    cell_before = {cell_after.data, cell_after.row_size, cell_after.state_size};
  }
}

template <Real T>
void custom_backward(RecurrentWork<T>& work, View<const T> hidden_before, const RecurrentSaved<T>& saved,
                     const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d) {
  const RecurrentProblem<T>& p = work.p;
  const CellSteps<T>& cells = cell_steps(p.cell);
  const Index n = work.hidden_size, steps = p.layout.time_steps(), all = p.cell.cell_states() * n,
              kept = RecurrentSaved<T>::kept_count(p.cell);
  const auto weights = work.weights(true);
  const View<T> d_state = work.take_states(d_result.last_hidden);
  View<T> d_cells;
  const T* initial_cells = nullptr;
  if (all > 0) {
    d_cells = take_cells(work, d_result.last_cell);
    initial_cells = take_cells(work, p.initial_cell).data;
  }
  const auto through_sums = [&](Index step) {
    const Index running = p.layout.batch_size_at(step);
    work.multiply(
        work.operand({saved.gates + p.layout.time_offset(step) * work.width, {running, work.width}}), false,
        weights, false, {d_state.data, {running, n}}, OutputMode::accumulate);
  };
  for (Index step = steps - 1; step >= 0; --step) {
    const Index first = p.layout.time_offset(step);
    if (step + 1 < steps) through_sums(step + 1);
    pointwise::StateArrays<const T> before{initial_cells, all, n};
    if (step > 0) before = {saved.cells + p.layout.time_offset(step - 1) * n, n, work.tokens * n};
    cells.backward(work.context(), p.layout.batch_size_at(step),
                   {n,
                    kept,
                    work.rows() + first,
                    p.parameters.data,
                    saved.gates + first * work.width,
                    saved.kept + first * n * kept,
                    hidden_before.data + first * n,
                    before,
                    d_state.data,
                    {d_cells.data, all, n},
                    d_result.hidden.data});
  }
  if (d.initial_hidden) through_sums(0);
  work.add_states(d_state.data, d.initial_hidden);
  if (d.initial_cell)
    work.each_in_rows(
        work.sequences, all,
        pointwise::AddToPlaces<T>{all, work.order.sequences, d_cells.data, d.initial_cell.data});
  if (d.parameters)
    work.each_in_rows(p.cell.parameters(), n,
                      pointwise::AddParameters<T>{work.tokens, n, kept, saved.kept, d.parameters.data});
}

}  // namespace lstmlib::cuda
