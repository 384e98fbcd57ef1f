// SPDX-License-Identifier: MIT
#pragma once
// Initial states of recurrent layers that are learned.

#include "lstmlib/nn/recurrent.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

namespace detail {
/// The row x [1, features] `count` times. The gradient is summed over the copies.
template <Real T>
Variable<T> repeat_row(const Variable<T>& x, Index count) {
  auto& tensor_kernels = kernels("initial state", x.value()).tensor;
  auto y = Tensor<T>::zeros({count, x.shape()[1]}, x.device());
  tensor_kernels.add_bias(x.view(), y.mutable_view());
  return record("initial state", y, {x}, reads(), [&tensor_kernels](auto d_y, auto d_x) {
    if (d_x[0].needed()) tensor_kernels.sum_rows(d_y[0].view(), d_x[0].view());
  });
}
}  // namespace detail

/// The initial state of Lstm, Gru or Rnn layers as parameters: one row for each layer and direction, the same
/// for all sequences of a batch. They begin at 0. In files: `hidden` and, for an LSTM, `cell`.
///
///     nn::Lstm<float> lstm{{.input_size = 8, .hidden_size = 16, .layers = 2}};
///     nn::InitialState<float> initial{lstm};
///     const auto result = lstm(x, initial(x.sequences()));
template <Real T = float>
class InitialState : public Module {
 public:
  /// Has the sizes of `layers` and does not refer to them later.
  explicit InitialState(const RecurrentStack<T>& layers) {
    layers.check_layers();
    const Shape shape{layers.layers.size(), layers.layers[0].hidden_size()};
    hidden = Parameter<T>(Tensor<T>::zeros(shape));
    if (const Index others = layers.layers[0].cell().cell_states(); others > 0)
      cell = Parameter<T>(Tensor<T>::zeros({shape[0], others * shape[1]}));
  }

  /// A state [sequences, hidden_size] for each layer and direction, as the layers take them. Throws
  /// ValueError for a negative number of sequences.
  [[nodiscard]] std::vector<ops::RecurrentState<T>> operator()(Index sequences) const {
    if (sequences < 0) fail<ValueError>("initial state: ", sequences, " sequences, expected at least 0");
    std::vector<ops::RecurrentState<T>> states;
    for (Index layer = 0; layer < hidden.shape().rows(); ++layer) {
      auto& state = states.emplace_back();
      state.hidden = detail::repeat_row(hidden.rows(layer, 1), sequences);
      if (cell) state.cell = detail::repeat_row(cell.rows(layer, 1), sequences);
    }
    return states;
  }

  void visit_members(MemberVisitor& visit) override { visit("hidden", hidden)("cell", cell); }

  Parameter<T> hidden;  ///< [layers * directions, hidden_size], in the order of RecurrentStackOutput::last
  Parameter<T> cell;    ///< the other states of an LSTM or a cell of formulas; else absent
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
