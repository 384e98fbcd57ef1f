// SPDX-License-Identifier: MIT
#pragma once
// One recurrent layer in one direction over a ragged batch. It is a single node with a handwritten backward
// function.

#include "lstmlib/ops/check.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// The parameters of a layer. Each gate has hidden_size rows, in the order that RecurrentCell defines.
template <Real T>
struct RecurrentWeights {
  Variable<T> input;         ///< [gates hidden_size, input_size]
  Variable<T> hidden;        ///< [gates hidden_size, hidden_size]
  Variable<T> bias_input;    ///< [gates hidden_size]
  Variable<T> bias_hidden;   ///< [gates hidden_size]
  Variable<T> parameters{};  ///< [parameters hidden_size]; only custom cells may have some
};

/// The state of each sequence, [sequences, hidden_size]. Absent means zeros. Only an LSTM has a cell state.
/// The `cell` of a custom cell is all its states but the hidden state, one after another:
/// [sequences, (states - 1) hidden_size].
template <Real T>
struct RecurrentState {
  Variable<T> hidden, cell;

  /// The same values outside the graph, as Variable::detach().
  [[nodiscard]] RecurrentState detach() const { return {hidden.detach(), cell.detach()}; }
};

/// The same states outside the graph, for the next chunk of a long sequence: truncated backpropagation.
///
///     states = detach(result.last);
template <Real T>
[[nodiscard]] std::vector<RecurrentState<T>> detach(const std::vector<RecurrentState<T>>& states) {
  std::vector<RecurrentState<T>> detached;
  for (const auto& state : states) detached.push_back(state.detach());
  return detached;
}

/// The results of a layer.
template <Real T>
struct RecurrentOutput {
  Ragged<Variable<T>> hidden;  ///< after each time step [rows, hidden_size]
  RecurrentState<T> last;      ///< after the last time step; for a reverse pass, that is the first row
};

namespace detail {
template <Real T>
void check_recurrent_precision(Precision precision) {
  const bool of_float =
      precision == Precision::bf16 || precision == Precision::fp16 || precision == Precision::fp32_strict;
  if (precision != Precision::fp32 && !(of_float && std::is_same_v<T, float>))
    fail<ValueError>("recurrent: precision ", name_of(precision),
                     ", expected fp32, or for layers of float also bf16, fp16 or fp32_strict");
}
template <Real T>
void check_recurrent_weights(std::type_identity_t<CellType<T>> cell, const RecurrentWeights<T>& w) {
  require("recurrent", "the input's weight", w.input);
  require("recurrent", "the state's weight", w.hidden);
  require("recurrent", "the input's bias", w.bias_input);
  require("recurrent", "the state's bias", w.bias_hidden);
  const bool matrices = w.input.shape().rank() == 2 && w.hidden.shape().rank() == 2;
  const Index hidden_size = matrices ? w.hidden.shape()[1] : 0, width = cell.gates() * hidden_size;
  if (!matrices || hidden_size < 1 || w.input.shape()[1] < 1 || w.input.shape()[0] != width ||
      w.hidden.shape()[0] != width || w.bias_input.shape() != Shape{width} ||
      w.bias_hidden.shape() != Shape{width})
    fail<ShapeError>("recurrent: weights ", w.input.shape(), ", ", w.hidden.shape(), " and biases ",
                     w.bias_input.shape(), ", ", w.bias_hidden.shape(), "; expected [", cell.gates(),
                     " h, inputs], [", cell.gates(), " h, h] and twice [", cell.gates(), " h] for h units");
  const Shape parameters = w.parameters.value() ? w.parameters.shape() : Shape{0};
  if (parameters != Shape{cell.parameters() * hidden_size})
    fail<ShapeError>("recurrent: parameters ", parameters, ", expected [", cell.parameters() * hidden_size,
                     "] for ", cell.parameters(), " of each of ", hidden_size, " units");
}
template <Real T>
void check_recurrent(const CellType<T>& cell, const Ragged<Variable<T>>& x, const RecurrentWeights<T>& w,
                     const RecurrentState<T>& initial, Precision precision) {
  check_recurrent_precision<T>(precision);
  check_recurrent_weights(cell, w);
  require_rows("recurrent", x);
  if (x.values.shape()[1] != w.input.shape()[1])
    fail<ShapeError>("recurrent: input ", x.values.shape(), ", weights expect ", w.input.shape()[1],
                     " features");
  if (initial.cell && cell.cell_states() == 0)
    fail<ShapeError>("recurrent: an initial cell state, which only an LSTM has");
  const auto check_state = [](const Variable<T>& state, const Shape& expected) {
    if (state && state.shape() != expected)
      fail<ShapeError>("recurrent: initial state ", state.shape(), ", expected ", expected);
  };
  check_state(initial.hidden, {x.sequences(), w.hidden.shape()[1]});
  check_state(initial.cell, {x.sequences(), cell.cell_states() * w.hidden.shape()[1]});
}
}  // namespace detail

/// Runs the layer over each sequence of `x`, values [rows, input_size]. A reverse pass starts at the last row
/// of a sequence; its results are still in the order of the rows.
///
/// With bf16, the operands of all products are rounded to bfloat16, also in the backward pass. Sums, cells,
/// weights and states stay float32. Throws ShapeError if shapes do not match, and ValueError for a precision
/// that T does not support.
template <Real T>
[[nodiscard]] RecurrentOutput<T> recurrent(std::type_identity_t<CellType<T>> cell,
                                           const Ragged<Variable<T>>& x, const RecurrentWeights<T>& w,
                                           const RecurrentState<T>& initial = {}, bool reverse = false,
                                           Precision precision = Precision::fp32) {
  detail::check_recurrent(cell, x, w, initial, precision);
  auto& recurrent =
      kernels("recurrent", x.values.value(), w.input.value(), w.hidden.value(), w.bias_input.value(),
              w.bias_hidden.value(), initial.hidden.value(), initial.cell.value(), w.parameters.value())
          .recurrent;
  const auto problem = [cell, reverse, precision, layout = x.layout, input = x.values.value(),
                        wi = w.input.value(), wh = w.hidden.value(), bi = w.bias_input.value(),
                        bh = w.bias_hidden.value(), h = initial.hidden.value(), c = initial.cell.value(),
                        more = w.parameters.value()] {
    return RecurrentProblem<T>{cell,      reverse,   *layout,  input.view(), wi.view(), wh.view(),
                               bi.view(), bh.view(), h.view(), c.view(),     precision, more.view()};
  };
  const Device device = x.values.device();
  const Shape states{x.sequences(), w.hidden.shape()[1]};
  auto hidden = Tensor<T>::uninitialized({x.layout->rows(), states[1]}, device);
  auto last_hidden = Tensor<T>::uninitialized(states, device);
  Tensor<T> last_cell;
  if (cell.cell_states() > 0)
    last_cell = Tensor<T>::uninitialized({states[0], cell.cell_states() * states[1]}, device);
  Storage saved;
  if (needs_graph<T>({&x.values, &w.input, &w.hidden, &w.bias_input, &w.bias_hidden, &initial.hidden,
                      &initial.cell, &w.parameters}))
    saved = Storage(recurrent.saved_bytes(problem()), device);
  recurrent.forward(problem(), {hidden.mutable_view(), last_hidden.mutable_view(), last_cell.mutable_view()},
                    saved ? saved.mutable_data() : nullptr);

  auto [all, h, c] = record(
      "recurrent", std::array{hidden, last_hidden, last_cell},
      {x.values, w.input, w.hidden, w.bias_input, w.bias_hidden, initial.hidden, initial.cell, w.parameters},
      [&recurrent, problem, saved, hidden, last_hidden, last_cell](auto d_out, auto d) mutable {
        recurrent.backward(problem(), {hidden.view(), last_hidden.view(), last_cell.view()},
                           saved.mutable_data(), {d_out[0].view(), d_out[1].view(), d_out[2].view()},
                           {d[0].view(), d[1].view(), d[2].view(), d[3].view(), d[4].view(), d[5].view(),
                            d[6].view(), d[7].view()});
      });
  return {x.with(all), {h, c}};
}

}  // namespace lstmlib::ops
