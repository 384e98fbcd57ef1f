// SPDX-License-Identifier: MIT
#pragma once
// One step of a program's own cell for one unit of one sequence: kernel bodies for host and device.

#include "lstmlib/backend/kernels/recurrent.hpp"
#include "lstmlib/math/cell_formula.hpp"

namespace lstmlib::inline LSTMLIB_ABI::pointwise {

/// The states besides the hidden state: state k of a row's unit is at row row_size + k state_size + unit.
template <class T>
struct StateArrays {
  T* data;
  Index row_size, state_size;

  LSTMLIB_HOST_DEVICE T& at(Index row, Index state, Index unit) const {
    return data[row * row_size + state * state_size + unit];
  }
};

/// Arrays as in RecurrentStepForward; `bias`, `sums` and `kept` have all numbers of a unit together.
template <class T>
struct CustomForwardArguments {
  Index hidden_size, going_on, kept_count;
  const std::int32_t *rows, *sequences;
  const T *bias, *parameters;
  T *sums, *kept;
  const T* hidden_before;
  StateArrays<const T> before;
  T* hidden_after;
  StateArrays<T> after;
  T *hidden, *last_hidden;
  StateArrays<T> last;  ///< by sequence
};

template <class T>
struct CustomBackwardArguments {
  Index hidden_size, kept_count;
  const std::int32_t* rows;
  const T* parameters;
  T *sums, *kept;  ///< kept: in: what forward saved; out: gradients of the parameters
  const T* hidden_before;
  StateArrays<const T> before;
  T* d_state;
  StateArrays<T> d_cells;
  const T* d_hidden;
};

template <class T, class Cell>
struct CustomStepForward {
  CustomForwardArguments<T> p;

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index unit) const {
    using Traits = CellTraits<Cell>;
    const Index at = row * p.hidden_size + unit;
    CellStep<Cell, T> step;
    for (int i = 0; i < Traits::sums; ++i)
      step.sum[i] = p.sums[at * Traits::sums + i] + p.bias[unit * Traits::sums + i];
    for (int i = 0; i < Traits::states; ++i)
      step.before[i] = i == 0 ? p.hidden_before[at] : p.before.at(row, i - 1, unit);
    for (int i = 0; i < Traits::parameters; ++i) step.parameter[i] = p.parameters[i * p.hidden_size + unit];
    Cell::forward(step);
    for (int i = 0; i < Traits::saved; ++i) p.kept[at * p.kept_count + i] = step.saved[i];
    p.hidden_after[at] = step.after[0];
    for (int i = 1; i < Traits::states; ++i) p.after.at(row, i - 1, unit) = step.after[i];
    if (p.hidden) p.hidden[p.rows[row] * p.hidden_size + unit] = step.after[0];
    if (row < p.going_on) return;
    if (p.last_hidden) p.last_hidden[p.sequences[row] * p.hidden_size + unit] = step.after[0];
    for (int i = 1; p.last.data && i < Traits::states; ++i)
      p.last.at(p.sequences[row], i - 1, unit) = step.after[i];
  }
};

template <class T, class Cell>
struct CustomStepBackward {
  CustomBackwardArguments<T> p;

  LSTMLIB_HOST_DEVICE void operator()(Index row, Index unit) const {
    using Traits = CellTraits<Cell>;
    const Index at = row * p.hidden_size + unit;
    CellGradient<Cell, T> d;
    for (int i = 0; i < Traits::saved; ++i) d.saved[i] = p.kept[at * p.kept_count + i];
    for (int i = 0; i < Traits::states; ++i) {
      d.before[i] = i == 0 ? p.hidden_before[at] : p.before.at(row, i - 1, unit);
      d.d_after[i] = i == 0 ? p.d_state[at] : p.d_cells.at(row, i - 1, unit);
    }
    if (p.d_hidden) d.d_after[0] += p.d_hidden[p.rows[row] * p.hidden_size + unit];
    for (int i = 0; i < Traits::parameters; ++i) d.parameter[i] = p.parameters[i * p.hidden_size + unit];
    Cell::backward(d);
    for (int i = 0; i < Traits::sums; ++i) p.sums[at * Traits::sums + i] = d.d_sum[i];
    for (int i = 0; i < Traits::parameters; ++i) p.kept[at * p.kept_count + i] = d.d_parameter[i];
    // The product with the gradients of the sums is added to it.
    p.d_state[at] = d.d_before[0];
    for (int i = 1; i < Traits::states; ++i) p.d_cells.at(row, i - 1, unit) = d.d_before[i];
  }
};

/// Adds the gradients of the parameters of all tokens. Row i, column unit.
template <class T>
struct AddParameters {
  Index tokens, hidden_size, kept_count;
  const T* kept;
  T* d_parameters;

  LSTMLIB_HOST_DEVICE void operator()(Index i, Index unit) const {
    T sum = 0;
    for (Index token = 0; token < tokens; ++token) sum += kept[(token * hidden_size + unit) * kept_count + i];
    d_parameters[i * hidden_size + unit] += sum;
  }
};

}  // namespace lstmlib::pointwise
