// SPDX-License-Identifier: MIT
#pragma once
// What forward keeps for backward on a GPU, whichever kernels run: any of them may go on where others have
// begun.

#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/backend/cuda/pointwise/recurrent_cells.hpp"

#include <cstddef>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Rows are tokens: see TimeOrderView. Hidden states are not kept: they are the layer's result.
template <Real T>
struct RecurrentSaved {
  T* gates;  ///< [tokens, hidden_size, columns]: sums at first, gradients of the sums in the end
  T* cells;  ///< [tokens, hidden_size] after each token; lstm only

  RecurrentSaved(const RecurrentProblem<T>& p, void* memory)
      : gates(static_cast<T*>(memory)), cells(gates + gates_of(p)) {}
  /// With what follows it aligned to 256 bytes.
  static std::size_t bytes(const RecurrentProblem<T>& p) {
    const Index cells = p.cell == RecurrentCell::lstm ? p.layout.rows() * p.hidden_size() : 0;
    return (static_cast<std::size_t>(gates_of(p) + cells) * sizeof(T) + 255) / 256 * 256;
  }

 private:
  static Index gates_of(const RecurrentProblem<T>& p) {
    return p.layout.rows() * p.hidden_size() * pointwise::column_count(p.cell);
  }
};

}  // namespace lstmlib::cuda
