// SPDX-License-Identifier: MIT
#pragma once
// The gradients of a recurrent layer's weights, biases and inputs: big products over all tokens, once the
// gates hold the gradients of the sums.

#include "lstmlib/backend/cpu/recurrent_layout.hpp"

namespace lstmlib::cpu {

template <class T>
class RecurrentProducts {
 public:
  /// `rows`: of time_major_rows.
  RecurrentProducts(const RecurrentProblem<T>& p, const RecurrentLayout<T>& layout,
                    const RecurrentSaved<T>& saved, const Index* rows, const RecurrentGradients<T>& d)
      : p_(p),
        l_(layout),
        saved_(saved),
        rows_(rows),
        d_(d),
        panel_(panel_vectors * layout.kernels.lanes),
        // Without states before the first step, its tokens, which stand first, add nothing to the hidden
        // weights.
        skipped_(p.first_hidden ? 0 : layout.segments.running(0)),
        input_panels_(divide_up(l_.input_size, panel_)),
        hidden_panels_(divide_up(l_.hidden_size, panel_)) {}

  void run() {
    if (d_.weight_input) inputs_ = scratch_.take<T>({input_panels_, l_.tokens, panel_}).data;
    if (d_.weight_hidden) states_ = scratch_.take<T>({hidden_panels_, l_.tokens, panel_}).data;
    if (d_.input) weights_ = scratch_.take<T>({input_panels_, weight_rows(), panel_}).data;
    Index* before = scratch_.take<Index>({l_.tokens}).data;
    for (Index step = 0, i = 0; step < l_.segments.steps(); ++step)
      for (Index place = 0; place < l_.segments.running(step); ++place) before[i++] = l_.before(step) + place;

    const Index chunks = divide_up(l_.tokens, chunk);
    parallel_for(
        chunks + (d_.input ? input_panels_ : 0),
        [&](Index task) {
          if (task >= chunks) return pack_weights(task - chunks);
          for (Index token = task * chunk; token < std::min(l_.tokens, (task + 1) * chunk); ++token) {
            if (inputs_)
              pack_token(p_.input.data + rows_[token] * l_.input_size, l_.input_size, token, inputs_);
            if (states_ && token >= skipped_)
              pack_token(saved_.hidden + before[token] * l_.hidden_width, l_.hidden_size, token, states_);
          }
        },
        l_.tokens * (l_.input_size + l_.hidden_size));

    const Index of_inputs = inputs_ ? input_panels_ * l_.blocks : 0,
                of_states = states_ ? hidden_panels_ * l_.blocks : 0;
    const Index of_rows = weights_ ? input_panels_ * chunks : 0;
    parallel_for(
        of_inputs + of_states + of_rows + l_.blocks,
        [&](Index task) {
          if (task < of_inputs)
            return weight_gradient(task / l_.blocks, task % l_.blocks, inputs_, 0, d_.weight_input, 0,
                                   l_.cell.input_columns);
          task -= of_inputs;
          if (task < of_states)
            return weight_gradient(task / l_.blocks, task % l_.blocks, states_, skipped_, d_.weight_hidden,
                                   l_.cell.first_hidden_column(), l_.cell.hidden_columns);
          task -= of_states;
          if (task < of_rows) return input_gradient(task / chunks, task % chunks * chunk);
          bias_gradients(task - of_rows);
        },
        l_.tokens * l_.blocks * l_.gate_row * (l_.input_size + l_.hidden_size) / products_an_element);
  }

 private:
  static constexpr Index chunk = 96;
  static constexpr Index token_block = 1024;  // a block of a panel stays in the second-level cache

  Index weight_rows() const { return l_.blocks * l_.input_row(); }

  void pack_weights(Index panel) {
    const Index first = panel * panel_;
    pack_gate_rows(
        l_, p_.weight_input, l_.cell.input_columns, [&](int c) { return l_.input_gate(c); }, first,
        std::min(panel_, l_.input_size - first), weights_ + panel * weight_rows() * panel_, panel_);
  }
  /// One row [size] into panels [panel][token][panel_].
  void pack_token(const T* from, Index size, Index token, T* panels) {
    for (Index first = 0; first < size; first += panel_)
      pack_rows(from + first, size, std::min(panel_, size - first), 1,
                panels + (first / panel_ * l_.tokens + token) * panel_, panel_);
  }

  /// For the units of a block and a panel of columns: d += (gradients of the sums)ᵀ (inputs or states).
  void weight_gradient(Index panel, Index block, const T* right, Index first_token, View<T> d,
                       int first_column, int columns) {
    const Index size = d.shape[1];
    for (Index token = first_token; token < l_.tokens; token += token_block)
      for (int column = 0; column < columns; ++column)
        for (int vector = 0; vector < l_.unit_vectors; ++vector) {
          const Index unit = l_.first_unit(block, vector);
          const int gate = first_column == 0 ? l_.input_gate(column) : l_.hidden_gate(column);
          Product<T> product{};
          product.left = saved_.gates + (block * l_.tokens + token) * l_.gate_row +
                         ((first_column + column) * l_.unit_vectors + vector) * l_.kernels.lanes;
          product.left_row = 1;
          product.left_step = l_.gate_row;
          product.right = right + (panel * l_.tokens + token) * panel_;
          product.right_step = panel_;
          product.steps = std::min(token_block, l_.tokens - token);
          product.parts = 1;
          product.result = d.data + (gate * l_.hidden_size + unit) * size + panel * panel_;
          product.result_row = size;
          product.add = true;
          product.rows = l_.units_from(unit);
          product.columns = std::min(panel_, size - panel * panel_);
          product.vectors = static_cast<int>(divide_up(product.columns, l_.kernels.lanes));
          l_.kernels.product(product);
        }
  }

  void input_gradient(Index panel, Index first) {
    Product<T> product{};
    product.left = saved_.gates + first * l_.gate_row;
    product.left_row = l_.gate_row;
    product.left_step = 1;
    product.left_part = l_.tokens * l_.gate_row;
    product.parts = l_.blocks;
    product.steps = l_.input_row();
    product.right = weights_ + panel * weight_rows() * panel_;
    product.right_step = panel_;
    product.result = d_.input.data + panel * panel_;
    product.result_row = l_.input_size;
    product.result_rows = rows_ + first;
    product.add = true;
    product.rows = std::min(chunk, l_.tokens - first);
    product.columns = std::min(panel_, l_.input_size - panel * panel_);
    product.vectors = static_cast<int>(divide_up(product.columns, l_.kernels.lanes));
    l_.kernels.product(product);
  }

  void bias_gradients(Index block) {
    Scratch scratch;
    T* sum = scratch.take<T>({l_.gate_row}).data;
    std::fill_n(sum, l_.gate_row, T(0));
    l_.kernels.add_rows(saved_.gates + block * l_.tokens * l_.gate_row, l_.gate_row, l_.tokens,
                        static_cast<int>(l_.gate_row / l_.kernels.lanes), sum);
    const Index first = block * l_.block_units, units = std::min(l_.block_units, l_.hidden_size - first);
    for (int column = 0; d_.bias_input && column < l_.cell.input_columns; ++column)
      l_.kernels.add(sum + column * l_.block_units, units,
                     d_.bias_input.data + l_.input_gate(column) * l_.hidden_size + first);
    for (int column = 0; d_.bias_hidden && column < l_.cell.hidden_columns; ++column)
      l_.kernels.add(sum + (column + l_.cell.first_hidden_column()) * l_.block_units, units,
                     d_.bias_hidden.data + l_.hidden_gate(column) * l_.hidden_size + first);
  }

  const RecurrentProblem<T>& p_;
  const RecurrentLayout<T>& l_;
  const RecurrentSaved<T>& saved_;
  const Index* rows_;
  const RecurrentGradients<T>& d_;
  Index panel_, skipped_, input_panels_, hidden_panels_;
  Scratch scratch_;
  T *inputs_ = nullptr, *states_ = nullptr, *weights_ = nullptr;
};

}  // namespace lstmlib::cpu
