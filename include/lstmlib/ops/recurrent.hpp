// SPDX-License-Identifier: MIT
#pragma once
// A whole recurrent layer in one direction over a ragged batch as one node with a handwritten backward.

#include "lstmlib/autograd/backward.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Gates in the rows of weights and biases, hidden_size rows each: see RecurrentCell.
template <Real T>
struct RecurrentWeights {
  Variable<T> input;        ///< [gates hidden_size, input_size]
  Variable<T> hidden;       ///< [gates hidden_size, hidden_size]
  Variable<T> bias_input;   ///< [gates hidden_size]
  Variable<T> bias_hidden;  ///< [gates hidden_size]
};

/// States of each sequence, [sequences, hidden_size]; absent: zeros. Only an LSTM has cells.
template <Real T>
struct RecurrentState {
  Variable<T> hidden, cell;
};

template <Real T>
struct RecurrentOutput {
  Ragged<Variable<T>> hidden;  ///< after each row [rows, hidden_size]
  RecurrentState<T> last;      ///< after the last row of each sequence; after the first if reverse
};

namespace detail {
template <Real T>
void check_recurrent(RecurrentCell cell, const Ragged<Variable<T>>& x, const RecurrentWeights<T>& w,
                     const RecurrentState<T>& first, Precision precision) {
  if (precision != Precision::fp32 && (precision == Precision::int8 || !std::is_same_v<T, float>))
    fail<Error>("recurrent: precision ", name_of(precision),
                ", expected fp32, or for layers of float also bf16, tf32 or fp32_strict");
  const Index hidden_size = w.hidden.shape()[1], width = gate_count(cell) * hidden_size;
  if (x.rows.shape().rank() != 2 || x.rows.shape()[1] != w.input.shape()[1])
    fail<ShapeError>("recurrent: input ", x.rows.shape(), ", weights expect ", w.input.shape()[1],
                     " features");
  if (x.rows.shape()[0] != x.segments->rows())
    fail<ShapeError>("recurrent: ", x.rows.shape()[0], " rows for sequences of ", x.segments->rows());
  if (w.input.shape()[0] != width || w.hidden.shape()[0] != width || w.bias_input.shape() != Shape{width} ||
      w.bias_hidden.shape() != Shape{width})
    fail<ShapeError>("recurrent: weights ", w.input.shape(), ", ", w.hidden.shape(), " and biases ",
                     w.bias_input.shape(), ", ", w.bias_hidden.shape(), " for ", gate_count(cell),
                     " gates of ", hidden_size, " units");
  const Shape states{x.sequences(), hidden_size};
  for (const auto* state : {&first.hidden, &first.cell})
    if (*state && state->shape() != states)
      fail<ShapeError>("recurrent: first state ", state->shape(), ", expected ", states);
}
}  // namespace detail

/// x.rows [rows, input_size]. A reverse pass starts at the last row of each sequence; its results stand in
/// the order of the rows all the same. With bf16, operands of all products are rounded to bfloat16, on the
/// way back too; sums, cells, weights and states are float32.
template <Real T>
RecurrentOutput<T> recurrent(RecurrentCell cell, const Ragged<Variable<T>>& x, const RecurrentWeights<T>& w,
                             const RecurrentState<T>& first = {}, bool reverse = false,
                             Precision precision = Precision::fp32) {
  detail::check_recurrent(cell, x, w, first, precision);
  auto& recurrent =
      kernels("recurrent", x.rows.value(), w.input.value(), w.hidden.value(), w.bias_input.value(),
              w.bias_hidden.value(), first.hidden.value(), first.cell.value())
          .recurrent;
  const auto problem = [cell, reverse, precision, segments = x.segments, input = x.rows.value(),
                        wi = w.input.value(), wh = w.hidden.value(), bi = w.bias_input.value(),
                        bh = w.bias_hidden.value(), h = first.hidden.value(), c = first.cell.value()] {
    return RecurrentProblem<T>{cell,      reverse,   *segments, input.view(), wi.view(), wh.view(),
                               bi.view(), bh.view(), h.view(),  c.view(),     precision};
  };
  const Device device = x.rows.device();
  const Shape states{x.sequences(), w.hidden.shape()[1]};
  auto hidden = Tensor<T>::uninitialized({x.segments->rows(), states[1]}, device);
  auto last_hidden = Tensor<T>::uninitialized(states, device);
  Tensor<T> last_cell;
  if (cell == RecurrentCell::lstm) last_cell = Tensor<T>::uninitialized(states, device);
  Storage saved;
  if (records<T>({&x.rows, &w.input, &w.hidden, &w.bias_input, &w.bias_hidden, &first.hidden, &first.cell}))
    saved = Storage(recurrent.saved_bytes(problem()), device);
  recurrent.forward(problem(), {hidden.mutable_view(), last_hidden.mutable_view(), last_cell.mutable_view()},
                    saved ? saved.mutable_data() : nullptr);

  auto [all, h, c] = record(
      "recurrent", std::array{hidden, last_hidden, last_cell},
      {x.rows, w.input, w.hidden, w.bias_input, w.bias_hidden, first.hidden, first.cell},
      [&recurrent, problem, saved, hidden, last_hidden, last_cell](auto d_out, auto d) mutable {
        recurrent.backward(
            problem(),
            {hidden.view(), last_hidden.view(),
             last_cell.view()},
            saved.mutable_data(), {d_out[0].view(), d_out[1].view(), d_out[2].view()},
            {d[0].view(), d[1].view(), d[2].view(), d[3].view(), d[4].view(), d[5].view(), d[6].view()});
      });
  return {x.with(all), {h, c}};
}

}  // namespace lstmlib::ops
