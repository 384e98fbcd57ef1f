// SPDX-License-Identifier: MIT
#pragma once
// What forward keeps for backward on a GPU, whichever kernels run: either way may go on where another has
// begun.

#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/backend/pointwise/recurrent_cells.hpp"

namespace lstmlib::cuda {

/// Rows are tokens: see TimeOrderView. Hidden states are not kept: they are the layer's result.
template <Real T>
struct RecurrentSaved {
  T* gates;  ///< [tokens, hidden_size, columns]: sums at first, gradients of the sums in the end
  T* cells;  ///< [tokens, hidden_size] after each token; lstm only

  RecurrentSaved(const RecurrentProblem<T>& p, void* memory)
      : gates(static_cast<T*>(memory)),
        cells(gates + p.segments.rows() * p.hidden_size() * pointwise::column_count(p.cell)) {}
  static Index elements(const RecurrentProblem<T>& p) {
    const Index cells = p.cell == RecurrentCell::lstm ? 1 : 0;
    return p.segments.rows() * p.hidden_size() * (pointwise::column_count(p.cell) + cells);
  }
};

}  // namespace lstmlib::cuda
