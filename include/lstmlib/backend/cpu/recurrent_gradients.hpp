// SPDX-License-Identifier: MIT
#pragma once
// The gradients of a recurrent layer's weights, biases and inputs: large products over all tokens, computed
// once the gates hold the gradients of the pre-activations.

#include "lstmlib/backend/cpu/recurrent_layout.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Unit: see Operands. In sums over tokens a unit packs consecutive tokens.
template <class T, class Unit = T>
class RecurrentProducts {
  using Operand = Operands<T, Unit>;

 public:
  /// `d_sums`: gradients of the pre-activations as units, laid out like saved.gates, which hold them as
  /// numbers. `rows`: see time_major_rows.
  RecurrentProducts(const RecurrentProblem<T>& p, const RecurrentLayout<T>& layout,
                    const RecurrentSaved<T>& saved, const Unit* d_sums, const Index* rows,
                    const RecurrentGradients<T>& d)
      : p_(p),
        l_(layout),
        saved_(saved),
        d_sums_(d_sums),
        rows_(rows),
        d_(d),
        panel_(panel_vectors * layout.kernels.lanes),
        units_(Operand::units(layout.tokens)),
        token_row_(Operand::steps == 1 ? units_ : divide_up(units_, l_.kernels.lanes) * l_.kernels.lanes),
        // Without an initial state, tokens of the first step add nothing to the gradient of the hidden
        // weights. They come first.
        skipped_(p.initial_hidden ? 0 : layout.batch.batch_size_at(0)),
        input_panels_(divide_up(l_.input_size, panel_)),
        hidden_panels_(divide_up(l_.hidden_size, panel_)) {}

  void run() {
    if (d_.weight_input) inputs_ = scratch_.take<Unit>({input_panels_, units_, panel_}).data;
    if (d_.weight_hidden) states_ = scratch_.take<Unit>({hidden_panels_, units_, panel_}).data;
    if (d_.input) weights_ = scratch_.take<Unit>({input_panels_, weight_units(), panel_}).data;
    d_tokens_ = Operand::room(saved_.gates, l_.blocks * token_row_ * Operand::steps * l_.gate_row, scratch_);
    Index* before = scratch_.take<Index>({l_.tokens}).data;
    for (Index step = 0, i = 0; step < l_.batch.time_steps(); ++step)
      for (Index place = 0; place < l_.batch.batch_size_at(step); ++place)
        before[i++] = l_.before(step) + place;

    const Index chunks = divide_up(l_.tokens, chunk);
    parallel_for(
        chunks + (d_.input ? input_panels_ : 0),
        [&](Index task) {
          if (task >= chunks) return pack_weights(task - chunks);
          const Index first = task * chunk / Operand::steps,
                      last = std::min(units_, (task + 1) * chunk / Operand::steps);
          for (Index unit = first; unit < last; ++unit) {
            if (inputs_)
              pack_unit(l_.input_size, unit, inputs_,
                        [&](Index token) { return p_.input.data + rows_[token] * l_.input_size; });
            if (states_ && unit >= skipped_ / Operand::steps)
              pack_unit(l_.hidden_size, unit, states_, [&](Index token) {
                return token < skipped_ ? nullptr : saved_.hidden + before[token] * l_.hidden_width;
              });
          }
          if constexpr (Operand::steps > 1)
            for (Index block = 0; (inputs_ || states_) && block < l_.blocks; ++block)
              for (Index unit = first; unit < last; unit += l_.kernels.lanes)
                pack_sums(block, unit, std::min(l_.kernels.lanes, last - unit));
        },
        l_.tokens * (l_.input_size + l_.hidden_size));

    // Process as many tokens at a time as fit the L2 cache: a panel of them and the gradients of a block. The
    // other gradients are computed with the last piece.
    const Index panels = (inputs_ ? input_panels_ : 0) + (states_ ? hidden_panels_ : 0),
                piece = divide_up(units_, divide_up(units_, max_units)), of_weights = panels * l_.blocks,
                of_rows = weights_ ? input_panels_ * chunks : 0,
                elements = l_.gate_row * l_.blocks * (l_.input_size + l_.hidden_size) / products_an_element;
    for (Index first = 0; first < units_; first += piece) {
      const Index last = std::min(units_, first + piece);
      parallel_for(
          of_weights + (last == units_ ? of_rows + l_.blocks : 0),
          [&](Index task) {
            if (task < of_weights) return weight_gradient(task, panels, first, last);
            task -= of_weights;
            // Consecutive tasks use the same chunk of tokens, whose gradients every panel reads.
            if (task < of_rows) return input_gradient(task % input_panels_, task / input_panels_ * chunk);
            bias_gradients(task - of_rows);
          },
          (last - first) * Operand::steps * elements);
    }
  }

 private:
  static constexpr Index chunk = 96;  // whole units, and whole vectors of them
  /// A panel of this many units and the gradients of a block take 0.7 MB, less than the L2 cache.
  static constexpr Index max_units = 1344;
  static constexpr Index block_group = 10;  ///< blocks that use a panel before the next panel

  Index weight_units() const { return l_.blocks * l_.input_row() / Operand::steps; }
  Index sums_row() const { return l_.gate_row / Operand::steps; }

  void pack_weights(Index panel) {
    const Index first = panel * panel_;
    Operand::panel(l_.blocks * l_.input_row(), panel_, weights_ + panel * weight_units() * panel_,
                   [&](T* to) {
                     pack_gate_rows(
                         l_, p_.weight_input, l_.cell.input_columns, [&](int c) { return l_.input_gate(c); },
                         first, std::min(panel_, l_.input_size - first), to, panel_);
                   });
  }
  /// Packs rows [size] of a unit's tokens into panels [panel][unit][panel_]. row_of may return null: zeros.
  template <class RowOf>
  void pack_unit(Index size, Index unit, Unit* panels, RowOf row_of) {
    for (Index first = 0; first < size; first += panel_)
      Operand::unit_row(std::min(panel_, size - first), panel_,
                        panels + (first / panel_ * units_ + unit) * panel_, [&](Index step) {
                          const Index token = unit * Operand::steps + step;
                          const T* from = token < l_.tokens ? row_of(token) : nullptr;
                          return from ? from + first : nullptr;
                        });
  }
  /// Packs the gradients of the tokens of `count` units, at most one vector of them, into d_tokens_.
  /// Transposes, because left matrices are read along their rows.
  void pack_sums(Index block, Index first, Index count) {
    alignas(64) std::array<std::array<Unit, max_row>, max_row / panel_vectors> rows;
    for (Index at = 0; at < l_.gate_row; at += max_row) {
      const Index width = std::min(max_row, l_.gate_row - at);
      for (Index i = 0; i < count; ++i)
        Operand::unit_row(width, width, rows[static_cast<std::size_t>(i)].data(), [&](Index step) {
          const Index token = (first + i) * Operand::steps + step;
          return token < l_.tokens ? saved_.gates + (block * l_.tokens + token) * l_.gate_row + at : nullptr;
        });
      l_.kernels.transpose(reinterpret_cast<const T*>(rows.data()), max_row, count, width,
                           reinterpret_cast<T*>(d_tokens_ + (block * l_.gate_row + at) * token_row_ + first),
                           token_row_);
    }
  }

  /// Gradient for one block and one panel of inputs or states. A panel serves several blocks in turn; their
  /// gradients are then still in the L3 cache for the next panel.
  void weight_gradient(Index task, Index panels, Index first_unit, Index last_unit) {
    const Index group = task / (panels * block_group) * block_group,
                blocks = std::min(block_group, l_.blocks - group);
    task -= group * panels;
    const Index panel = task / blocks, block = group + task % blocks, inputs = inputs_ ? input_panels_ : 0;
    if (panel < inputs)
      return weight_gradient(panel, block, inputs_, first_unit, last_unit, d_.weight_input, 0,
                             l_.cell.input_columns);
    weight_gradient(panel - inputs, block, states_, std::max(first_unit, skipped_ / Operand::steps),
                    last_unit, d_.weight_hidden, l_.cell.first_hidden_column(), l_.cell.hidden_columns);
  }
  /// For the units of a block and a panel of columns: d += (gradients of the pre-activations)ᵀ (inputs or
  /// states).
  void weight_gradient(Index panel, Index block, const Unit* right, Index first_unit, Index last_unit,
                       View<T> d, int first_column, int columns) {
    if (first_unit >= last_unit) return;
    // All gates of the block together: with more rows, fewer tiles are partly empty.
    constexpr std::size_t most = max_columns * max_row / panel_vectors;
    std::array<Index, most> row_of_left, row_of_d;
    Index rows = 0;
    for (int column = 0; column < columns; ++column)
      for (int vector = 0; vector < l_.unit_vectors; ++vector) {
        const Index unit = l_.first_unit(block, vector);
        const int gate = first_column == 0 ? l_.input_gate(column) : l_.hidden_gate(column);
        for (Index i = 0; i < l_.units_from(unit); ++i, ++rows) {
          row_of_left[static_cast<std::size_t>(rows)] =
              ((first_column + column) * l_.unit_vectors + vector) * l_.kernels.lanes + i;
          row_of_d[static_cast<std::size_t>(rows)] = gate * l_.hidden_size + unit + i;
        }
      }
    const Index size = d.shape[1];
    Product<T, Unit> product{};
    product.left_row = Operand::steps == 1 ? 1 : token_row_;
    product.left_step = Operand::steps == 1 ? l_.gate_row : 1;
    product.left = d_tokens_ + block * l_.gate_row * token_row_ + first_unit * product.left_step;
    product.left_rows = row_of_left.data();
    product.right = right + (panel * units_ + first_unit) * panel_;
    product.right_step = panel_;
    product.steps = last_unit - first_unit;
    product.parts = 1;
    product.result = d.data + panel * panel_;
    product.result_row = size;
    product.result_rows = row_of_d.data();
    product.add = true;
    product.rows = rows;
    product.columns = std::min(panel_, size - panel * panel_);
    product.vectors = static_cast<int>(divide_up(product.columns, l_.kernels.lanes));
    Operand::multiply(product);
  }

  void input_gradient(Index panel, Index first) {
    Product<T, Unit> product{};
    product.left = d_sums_ + first * sums_row();
    product.left_row = sums_row();
    product.left_step = 1;
    product.left_part = l_.tokens * sums_row();
    product.parts = l_.blocks;
    product.steps = l_.input_row() / Operand::steps;
    product.right = weights_ + panel * weight_units() * panel_;
    product.right_step = panel_;
    product.result = d_.input.data + panel * panel_;
    product.result_row = l_.input_size;
    product.result_rows = rows_ + first;
    product.add = true;
    product.rows = std::min(chunk, l_.tokens - first);
    product.columns = std::min(panel_, l_.input_size - panel * panel_);
    product.vectors = static_cast<int>(divide_up(product.columns, l_.kernels.lanes));
    multiply_gates(product);
  }

  void bias_gradients(Index block) {
    Scratch scratch;
    T* sum = scratch.take<T>({l_.gate_row}).data;
    std::fill_n(sum, l_.gate_row, T(0));
    l_.kernels.sum_rows(saved_.gates + block * l_.tokens * l_.gate_row, l_.gate_row, l_.tokens,
                        static_cast<int>(l_.gate_row / l_.kernels.lanes), sum);
    const Index first = block * l_.block_units, units = std::min(l_.block_units, l_.hidden_size - first);
    for (int column = 0; d_.bias_input && column < l_.cell.input_columns; ++column)
      l_.kernels.add(sum + column * l_.block_units, units,
                     d_.bias_input.data + l_.input_gate(column) * l_.hidden_size + first);
    for (int column = 0; d_.bias_hidden && column < l_.cell.hidden_columns; ++column)
      l_.kernels.add(sum + (column + l_.cell.first_hidden_column()) * l_.block_units, units,
                     d_.bias_hidden.data + l_.hidden_gate(column) * l_.hidden_size + first);
    // A custom cell leaves the gradients of its parameters after those of the columns.
    for (Index i = 0; d_.parameters && i < p_.cell.parameters(); ++i)
      l_.kernels.add(sum + (l_.cell.columns + i) * l_.block_units, units,
                     d_.parameters.data + i * l_.hidden_size + first);
  }

  const RecurrentProblem<T>& p_;
  const RecurrentLayout<T>& l_;
  const RecurrentSaved<T>& saved_;
  const Unit* d_sums_;
  const Index* rows_;
  const RecurrentGradients<T>& d_;
  Index panel_, units_, token_row_, skipped_, input_panels_, hidden_panels_;
  Scratch scratch_;
  Unit *inputs_ = nullptr, *states_ = nullptr, *weights_ = nullptr;
  /// Gradients of the pre-activations. Plain numbers are laid out like saved.gates, [block][token][gate_row];
  /// other units are transposed, [block][gate_row][token_row].
  Unit* d_tokens_ = nullptr;
};

}  // namespace lstmlib::cpu
