// SPDX-License-Identifier: MIT
#pragma once
// The gradients of a recurrent layer's weights, biases and inputs: large products over all tokens, computed
// once the gates hold the gradients of the pre-activations.

#include "lstmlib/backend/cpu/recurrent_layout.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Packed: see Operands. For sums over tokens, consecutive tokens are packed together.
template <class T, class Packed = T>
class RecurrentProducts {
  using Operand = Operands<T, Packed>;

 public:
  /// `d_gates`: packed gradients of the pre-activations, laid out like saved.gates, which hold them as
  /// numbers. `rows`: see time_major_rows.
  RecurrentProducts(const RecurrentProblem<T>& p, const RecurrentLayout<T>& layout,
                    const RecurrentSaved<T>& saved, const Packed* d_gates, const Index* rows,
                    const RecurrentGradients<T>& d)
      : p_(p),
        l_(layout),
        saved_(saved),
        d_gates_(d_gates),
        rows_(rows),
        d_(d),
        panel_(panel_vectors * layout.kernels.lanes),
        packed_tokens_(Operand::packed_size(layout.tokens)),
        token_row_(Operand::pack_size == 1 ? packed_tokens_
                                           : divide_up(packed_tokens_, l_.kernels.lanes) * l_.kernels.lanes),
        // Without an initial state, tokens of the first step add nothing to the gradient of the hidden
        // weights. They come first.
        skipped_(p.initial_hidden ? 0 : layout.batch.batch_size_at(0)),
        input_panels_(divide_up(l_.input_size, panel_)),
        hidden_panels_(divide_up(l_.hidden_size, panel_)) {}

  void run() {
    if (d_.weight_input) inputs_ = scratch_.take<Packed>({input_panels_, packed_tokens_, panel_}).data;
    if (d_.weight_hidden) states_ = scratch_.take<Packed>({hidden_panels_, packed_tokens_, panel_}).data;
    if (d_.input) weights_ = scratch_.take<Packed>({input_panels_, packed_weight_rows(), panel_}).data;
    d_tokens_ =
        Operand::room(saved_.gates, l_.blocks * token_row_ * Operand::pack_size * l_.gate_row, scratch_);
    Index* before = scratch_.take<Index>({l_.tokens}).data;
    for (Index step = 0, i = 0; step < l_.batch.time_steps(); ++step)
      for (Index place = 0; place < l_.batch.batch_size_at(step); ++place)
        before[i++] = l_.before(step) + place;

    const Index chunks = divide_up(l_.tokens, chunk);
    parallel_for(
        chunks + (d_.input ? input_panels_ : 0),
        [&](Index task) {
          if (task >= chunks) return pack_weights(task - chunks);
          const Index first = task * chunk / Operand::pack_size,
                      last = std::min(packed_tokens_, (task + 1) * chunk / Operand::pack_size);
          for (Index packed = first; packed < last; ++packed) {
            if (inputs_)
              pack_tokens(l_.input_size, packed, inputs_,
                          [&](Index token) { return p_.input.data + rows_[token] * l_.input_size; });
            if (states_ && packed >= skipped_ / Operand::pack_size)
              pack_tokens(l_.hidden_size, packed, states_, [&](Index token) {
                return token < skipped_ ? nullptr : saved_.hidden + before[token] * l_.hidden_width;
              });
          }
          if constexpr (Operand::pack_size > 1)
            for (Index block = 0; (inputs_ || states_) && block < l_.blocks; ++block)
              for (Index packed = first; packed < last; packed += l_.kernels.lanes)
                pack_gate_gradients(block, packed, std::min(l_.kernels.lanes, last - packed));
        },
        l_.tokens * (l_.input_size + l_.hidden_size));

    // Process as many tokens at a time as fit the L2 cache: a panel of them and the gradients of a block. The
    // other gradients are computed with the last piece.
    const Index panels = (inputs_ ? input_panels_ : 0) + (states_ ? hidden_panels_ : 0),
                piece = divide_up(packed_tokens_, divide_up(packed_tokens_, max_packed_tokens)),
                of_weights = panels * l_.blocks, of_rows = weights_ ? input_panels_ * chunks : 0,
                elements = l_.gate_row * l_.blocks * (l_.input_size + l_.hidden_size) / products_an_element;
    for (Index first = 0; first < packed_tokens_; first += piece) {
      const Index last = std::min(packed_tokens_, first + piece);
      parallel_for(
          of_weights + (last == packed_tokens_ ? of_rows + l_.blocks : 0),
          [&](Index task) {
            if (task < of_weights) return weight_gradient(task, panels, first, last);
            task -= of_weights;
            // Consecutive tasks use the same chunk of tokens, whose gradients every panel reads.
            if (task < of_rows) return input_gradient(task % input_panels_, task / input_panels_ * chunk);
            bias_gradients(task - of_rows);
          },
          (last - first) * Operand::pack_size * elements);
    }
  }

 private:
  static constexpr Index chunk = 96;  // whole packed elements, and whole vectors of them
  /// A panel of this many packed tokens and the gradients of a block take 0.7 MB, less than the L2 cache.
  static constexpr Index max_packed_tokens = 1344;
  static constexpr Index block_group = 10;  ///< blocks that use a panel before the next panel

  Index packed_weight_rows() const { return l_.blocks * l_.input_row() / Operand::pack_size; }
  Index packed_gate_row() const { return l_.gate_row / Operand::pack_size; }

  void pack_weights(Index panel) {
    const Index first = panel * panel_;
    Operand::panel(l_.blocks * l_.input_row(), panel_, weights_ + panel * packed_weight_rows() * panel_,
                   [&](T* to) {
                     pack_gate_rows(
                         l_, p_.weight_input, l_.cell.input_columns, [&](int c) { return l_.input_gate(c); },
                         first, std::min(panel_, l_.input_size - first), to, panel_);
                   });
  }
  /// Packs rows [size] of the tokens of element `packed` into panels [panel][packed][panel_]. row_of may
  /// return null: zeros.
  template <class RowOf>
  void pack_tokens(Index size, Index packed, Packed* panels, RowOf row_of) {
    for (Index first = 0; first < size; first += panel_)
      Operand::packed_row(std::min(panel_, size - first), panel_,
                          panels + (first / panel_ * packed_tokens_ + packed) * panel_, [&](Index step) {
                            const Index token = packed * Operand::pack_size + step;
                            const T* from = token < l_.tokens ? row_of(token) : nullptr;
                            return from ? from + first : nullptr;
                          });
  }
  /// Packs the gradients of `count` packed tokens, at most one vector of them, into d_tokens_.
  /// Transposes, because left matrices are read along their rows.
  void pack_gate_gradients(Index block, Index first, Index count) {
    alignas(64) std::array<std::array<Packed, max_row>, max_row / panel_vectors> rows;
    for (Index at = 0; at < l_.gate_row; at += max_row) {
      const Index width = std::min(max_row, l_.gate_row - at);
      for (Index i = 0; i < count; ++i)
        Operand::packed_row(width, width, rows[static_cast<std::size_t>(i)].data(), [&](Index step) {
          const Index token = (first + i) * Operand::pack_size + step;
          return token < l_.tokens ? saved_.gates + (block * l_.tokens + token) * l_.gate_row + at : nullptr;
        });
      l_.kernels.transpose(reinterpret_cast<const T*>(rows.data()), max_row, count, width,
                           reinterpret_cast<T*>(d_tokens_ + (block * l_.gate_row + at) * token_row_ + first),
                           token_row_);
    }
  }

  /// Gradient for one block and one panel of inputs or states. A panel serves several blocks in turn; their
  /// gradients are then still in the L3 cache for the next panel.
  void weight_gradient(Index task, Index panels, Index first_packed, Index last_packed) {
    const Index group = task / (panels * block_group) * block_group,
                blocks = std::min(block_group, l_.blocks - group);
    task -= group * panels;
    const Index panel = task / blocks, block = group + task % blocks, inputs = inputs_ ? input_panels_ : 0;
    if (panel < inputs)
      return weight_gradient(panel, block, inputs_, first_packed, last_packed, d_.weight_input, 0,
                             l_.cell.input_columns);
    weight_gradient(panel - inputs, block, states_, std::max(first_packed, skipped_ / Operand::pack_size),
                    last_packed, d_.weight_hidden, l_.cell.first_hidden_column(), l_.cell.hidden_columns);
  }
  /// For the units of a block and a panel of columns: d += (gradients of the pre-activations)ᵀ (inputs or
  /// states).
  void weight_gradient(Index panel, Index block, const Packed* right, Index first_packed, Index last_packed,
                       View<T> d, int first_column, int columns) {
    if (first_packed >= last_packed) return;
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
    Product<T, Packed> product{};
    product.left_row = Operand::pack_size == 1 ? 1 : token_row_;
    product.left_step = Operand::pack_size == 1 ? l_.gate_row : 1;
    product.left = d_tokens_ + block * l_.gate_row * token_row_ + first_packed * product.left_step;
    product.left_rows = row_of_left.data();
    product.right = right + (panel * packed_tokens_ + first_packed) * panel_;
    product.right_step = panel_;
    product.depth = last_packed - first_packed;
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
    Product<T, Packed> product{};
    product.left = d_gates_ + first * packed_gate_row();
    product.left_row = packed_gate_row();
    product.left_step = 1;
    product.left_part = l_.tokens * packed_gate_row();
    product.parts = l_.blocks;
    product.depth = l_.input_row() / Operand::pack_size;
    product.right = weights_ + panel * packed_weight_rows() * panel_;
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
  const Packed* d_gates_;
  const Index* rows_;
  const RecurrentGradients<T>& d_;
  Index panel_, packed_tokens_, token_row_, skipped_, input_panels_, hidden_panels_;
  Scratch scratch_;
  Packed *inputs_ = nullptr, *states_ = nullptr, *weights_ = nullptr;
  /// Gradients of the pre-activations. Plain numbers are laid out like saved.gates, [block][token][gate_row];
  /// packed ones are transposed, [block][gate_row][token_row].
  Packed* d_tokens_ = nullptr;
};

}  // namespace lstmlib::cpu
