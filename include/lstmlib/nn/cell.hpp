// SPDX-License-Identifier: MIT
#pragma once
// Stacks of recurrent layers with a cell of the program's own.

#include "lstmlib/backend/cpu/cell_kernels.hpp"
#include "lstmlib/nn/recurrent.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// Recurrent layers whose cell is a struct of formulas: see CellFormula. Everything else is that of Lstm:
/// ragged batches, both directions, initial and last states, dropout, bfloat16, files, InferenceRnn and
/// RnnStream.
///
///     nn::CellRnn<MyCell> rnn({.input_size = 300, .hidden_size = 150, .layers = 2});
///     const auto result = rnn(x);          // x: Ragged<Variable<float>>, values [rows, 300]
///     const auto all = result.hidden;      // values [rows, 150]
///     const auto last = result.last_state(1, nn::Direction::forward).cell;  // the other states, joined
template <CellFormula Cell, Real T = float>
class CellRnn : public RecurrentStack<T> {
 public:
  explicit CellRnn(RecurrentOptions o) : RecurrentStack<T>(custom_cell<T, Cell>, o) {}
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
