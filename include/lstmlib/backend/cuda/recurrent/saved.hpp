// SPDX-License-Identifier: MIT
#pragma once
// What forward saves for backward on a GPU. All kernels use the same layout, so backward may use other
// kernels than forward.

#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/backend/cuda/pointwise/recurrent_cells.hpp"

#include <cstddef>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Rows are tokens: see TimeOrderView. Hidden states are not saved, because they are the layer's result.
template <Real T>
struct RecurrentSaved {
  /// [tokens, hidden_size, columns]: first input projections, finally gradients of the pre-activations.
  T* gates;
  T* cells;  ///< [tokens, hidden_size] after each token; lstm only

  RecurrentSaved(const RecurrentProblem<T>& p, void* memory)
      : gates(static_cast<T*>(memory)), cells(gates + gates_of(p)) {}
  /// Rounded up, so that memory after it is aligned to 256 bytes.
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
