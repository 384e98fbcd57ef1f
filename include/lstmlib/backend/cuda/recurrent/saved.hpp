// SPDX-License-Identifier: MIT
#pragma once
// What forward saves for backward on a GPU. All kernels use the same layout, so backward may use other
// kernels than forward.

#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/backend/cuda/pointwise/recurrent_cells.hpp"

#include <algorithm>
#include <cstddef>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Rows are tokens: see TimeOrderView. Hidden states are not saved, because they are the layer's result.
template <Real T>
struct RecurrentSaved {
  /// [tokens, hidden_size, columns]: first input projections, finally gradients of the pre-activations.
  T* gates;
  /// [tokens, hidden_size] after each token; lstm only. Custom cells: such an array for each state.
  T* cells;
  T* kept;  ///< [tokens, hidden_size, kept_count] custom cells only: what they save, then their d_parameter

  RecurrentSaved(const RecurrentProblem<T>& p, void* memory)
      : gates(static_cast<T*>(memory)), cells(gates + gates_of(p)), kept(cells + cells_of(p)) {}
  static Index kept_count(const CellType<T>& cell) {
    return cell.custom ? std::max(cell.custom->saved, cell.custom->parameters) : 0;
  }
  /// Rounded up, so that memory after it is aligned to 256 bytes.
  static std::size_t bytes(const RecurrentProblem<T>& p) {
    const Index kept = p.layout.rows() * p.hidden_size() * kept_count(p.cell);
    return (static_cast<std::size_t>(gates_of(p) + cells_of(p) + kept) * sizeof(T) + 255) / 256 * 256;
  }

 private:
  static Index gates_of(const RecurrentProblem<T>& p) {
    return p.layout.rows() * p.hidden_size() * pointwise::GateColumns::of(p.cell).count();
  }
  static Index cells_of(const RecurrentProblem<T>& p) {
    return p.layout.rows() * p.hidden_size() * p.cell.cell_states();
  }
};

}  // namespace lstmlib::cuda
