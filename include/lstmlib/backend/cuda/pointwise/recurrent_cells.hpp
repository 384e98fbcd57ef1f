// SPDX-License-Identifier: MIT
#pragma once
// One step of a recurrent layer, forward and backward, for one unit of one sequence: kernel bodies for host
// and device. The pre-activations of a unit's gates are adjacent, [row, unit, column], so that a thread reads
// and writes them together.

#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/math/gru_cell.hpp"
#include "lstmlib/math/lstm_cell.hpp"

namespace lstmlib::inline LSTMLIB_ABI::pointwise {

/// The pre-activations of a unit ("columns"): lstm: input, forget, cell, output; gru: reset, update, and the
/// input's and the state's part of the candidate; rnn: one; custom: as in CellStep.
struct GateColumns {
  Index gates, separate;  ///< the last gates, whose parts of the input and of the state are apart

  template <class T>
  static constexpr GateColumns of(const CellType<T>& cell) {
    if (cell.custom) return {cell.custom->gates, cell.custom->separate};
    return {cell.gates(), cell.kind == RecurrentCell::gru ? 1 : 0};
  }
  constexpr Index count() const { return gates + separate; }
  /// Gate of the input weights, or of the state weights, that contributes to a column; -1 if none.
  LSTMLIB_HOST_DEVICE constexpr Index gate(bool of_state, Index column) const {
    if (column < gates - separate) return column;
    if (column < gates) return of_state ? -1 : column;
    return of_state ? column - separate : -1;
  }
  /// The inverse.
  LSTMLIB_HOST_DEVICE constexpr Index column(bool of_state, Index gate) const {
    return of_state && gate >= gates - separate ? gate + separate : gate;
  }
};

/// The pre-activations of a unit, read and written as one word.
template <class T, int count>
struct alignas(count * sizeof(T)) Columns {
  T at[count];
};

/// After `forward`, `columns` holds what `backward` needs, in place of the pre-activations.
template <class T>
struct LstmCell {
  using Gates = Columns<T, 4>;
  static constexpr bool has_cell = true;     ///< has a cell state
  static constexpr bool has_direct = false;  ///< part of the state's gradient bypasses the pre-activations

  LSTMLIB_HOST_DEVICE static T forward(Gates& columns, T, T& cell) {
    const auto next =
        math::lstm_cell_forward<T>({columns.at[0], columns.at[1], columns.at[2], columns.at[3]}, cell);
    columns = {{next.gate.input, next.gate.forget, next.gate.cell, next.gate.output}};
    cell = next.cell;
    return next.hidden;
  }
  /// `carried`: in: gradient of the cell state after the step; out: before it.
  LSTMLIB_HOST_DEVICE static void backward(Gates& columns, T, T cell, T d_hidden, T& carried) {
    const math::LstmGates<T> gate{columns.at[0], columns.at[1], columns.at[2], columns.at[3]};
    const T tanh_cell = math::hyperbolic_tangent(gate.forget * cell + gate.input * gate.cell);
    const auto d = math::lstm_cell_backward<T>(gate, cell, tanh_cell, d_hidden, carried);
    columns = {{d.d_pre.input, d.d_pre.forget, d.d_pre.cell, d.d_pre.output}};
    carried = d.d_cell;
  }
};

template <class T>
struct GruCell {
  using Gates = Columns<T, 4>;
  static constexpr bool has_cell = false;
  static constexpr bool has_direct = true;

  LSTMLIB_HOST_DEVICE static T forward(Gates& columns, T hidden, T&) {
    const auto next =
        math::gru_cell_forward<T>(columns.at[0], columns.at[1], columns.at[2], columns.at[3], hidden);
    columns = {{next.reset, next.update, next.candidate, columns.at[3]}};
    return next.hidden;
  }
  /// `carried`: out: the part of the previous state's gradient that bypasses the pre-activations.
  LSTMLIB_HOST_DEVICE static void backward(Gates& columns, T hidden, T, T d_hidden, T& carried) {
    const auto d = math::gru_cell_backward<T>(columns.at[0], columns.at[1], columns.at[2], columns.at[3],
                                              hidden, d_hidden);
    columns = {{d.d_reset, d.d_update, d.d_candidate, d.d_recurrent}};
    carried = d.d_hidden;
  }
};

template <class T, class Activation>
struct RnnCell {
  using Gates = Columns<T, 1>;
  static constexpr bool has_cell = false;
  static constexpr bool has_direct = false;

  LSTMLIB_HOST_DEVICE static T forward(Gates& columns, T, T&) {
    return columns.at[0] = Activation{}(columns.at[0]);
  }
  LSTMLIB_HOST_DEVICE static void backward(Gates& columns, T, T, T d_hidden, T&) {
    columns.at[0] = d_hidden * Activation{}.derivative(columns.at[0]);
  }
};

/// Calls `use(cell)` with the cell of this kind.
template <class T, class Use>
void with_cell(RecurrentCell cell, Use use) {
  switch (cell) {
    case RecurrentCell::lstm: return use(LstmCell<T>{});
    case RecurrentCell::gru: return use(GruCell<T>{});
    case RecurrentCell::rnn_tanh: return use(RnnCell<T, math::Tanh>{});
    case RecurrentCell::rnn_relu: return use(RnnCell<T, math::Relu>{});
    case RecurrentCell::custom: break;  // see custom_cell.hpp
  }
}

/// A forward step. Row r is sequence sequences[r] of the batch. The first `going_on` rows have a further
/// step. Arrays start at the first row of the step.
template <class T, class Cell>
struct RecurrentStepForward {
  Index hidden_size, going_on;
  const std::int32_t* rows;          ///< [running] rows of `hidden`
  const std::int32_t* sequences;     ///< [running] rows of `last_hidden` and `last_cell`
  const typename Cell::Gates* bias;  ///< [hidden_size] sums of both biases
  /// [running, hidden_size] in: pre-activations without biases; out: gates.
  typename Cell::Gates* gates;
  const T *hidden_before, *cell_before;  ///< [running, hidden_size] states; cell: lstm only
  T *hidden_after, *cell_after;          ///< same shape
  T *hidden, *last_hidden, *last_cell;   ///< like RecurrentResult; null: not needed

  /// Memory traffic per unit and row, for lstm in float: 16 + 4 bytes read, 16 + 4 + 4 + 4 written.
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index unit) const {
    const Index at = row * hidden_size + unit;
    typename Cell::Gates columns = gates[at];
    const typename Cell::Gates unit_bias = bias[unit];
    for (std::size_t i = 0; i < sizeof(columns.at) / sizeof(T); ++i) columns.at[i] += unit_bias.at[i];
    T cell = Cell::has_cell ? cell_before[at] : T(0);
    const T after = Cell::forward(columns, Cell::has_direct ? hidden_before[at] : T(0), cell);
    gates[at] = columns;
    hidden_after[at] = after;
    if (Cell::has_cell) cell_after[at] = cell;
    if (hidden) hidden[rows[row] * hidden_size + unit] = after;
    if (row < going_on) return;
    const Index last = sequences[row] * hidden_size + unit;
    if (last_hidden) last_hidden[last] = after;
    if (Cell::has_cell && last_cell) last_cell[last] = cell;
  }
};

/// A backward step: gates become gradients of the pre-activations. Arrays as in RecurrentStepForward.
template <class T, class Cell>
struct RecurrentStepBackward {
  Index hidden_size;
  const std::int32_t* rows;
  typename Cell::Gates* gates;
  const T *hidden_before, *cell_before;
  T* d_state;  ///< [running, hidden_size] gradient of the state after the step, without its output's
  /// [running, hidden_size] in: gradient of the cell after the step; out: before it; lstm only.
  T* d_cell;
  const T* d_hidden;  ///< gradient of the outputs [rows of all steps, hidden_size], or null

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index unit) const {
    const Index at = row * hidden_size + unit;
    typename Cell::Gates columns = gates[at];
    const T d = d_hidden ? d_state[at] + d_hidden[rows[row] * hidden_size + unit] : d_state[at];
    T carried = Cell::has_cell ? d_cell[at] : T(0);
    Cell::backward(columns, Cell::has_direct ? hidden_before[at] : T(0),
                   Cell::has_cell ? cell_before[at] : T(0), d, carried);
    gates[at] = columns;
    if (Cell::has_cell) d_cell[at] = carried;
    // The product with the gradients of the pre-activations is added to it.
    if (Cell::has_direct) d_state[at] = carried;
  }
};

}  // namespace lstmlib::pointwise
