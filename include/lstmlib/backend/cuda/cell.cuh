// SPDX-License-Identifier: MIT
#pragma once
// Cells of a program's own on GPUs.

#include "lstmlib/backend/cuda/kernels/for_each.cuh"
#include "lstmlib/backend/cuda/recurrent/custom.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

namespace detail {
template <class T, class Cell>
void launch_cells(Context& context, Index running, const pointwise::CustomForwardArguments<T>& p) {
  for_each_in_rows(context, running, p.hidden_size, pointwise::CustomStepForward<T, Cell>{p});
}
template <class T, class Cell>
void launch_cells_backward(Context& context, Index running, const pointwise::CustomBackwardArguments<T>& p) {
  for_each_in_rows(context, running, p.hidden_size, pointwise::CustomStepBackward<T, Cell>{p});
}
template <class T, class Cell>
inline constexpr CellSteps<T> cell_steps_of{launch_cells<T, Cell>, launch_cells_backward<T, Cell>};
}  // namespace detail

/// Makes the kernels of a cell known, so that layers with it run on GPUs. Call it in a .cu file, once, before
/// the first layer runs. The cell's formulas must be LSTMLIB_HOST_DEVICE.
///
///     void install_my_cell() { lstmlib::cuda::install_cell<MyCell>(); }
template <CellFormula Cell>
void install_cell() {
  cuda_cell_steps<float, Cell> = &detail::cell_steps_of<float, Cell>;
  cuda_cell_steps<double, Cell> = &detail::cell_steps_of<double, Cell>;
}

}  // namespace lstmlib::cuda
