// SPDX-License-Identifier: MIT
#pragma once
// The forward pass of a recurrent layer. One product projects the inputs of all steps. Then each step adds
// the product of the previous states and applies the cell. Threads divide the blocks of units and synchronise
// once per step.

#include "lstmlib/backend/cpu/recurrent_layout.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Packed: see Operands.
template <class T, class Packed = T>
class RecurrentForward {
  using Operand = Operands<T, Packed>;

 public:
  /// `memory`: see RecurrentSaved.
  RecurrentForward(const RecurrentProblem<T>& p, const RecurrentLayout<T>& layout, T* memory)
      : p_(p),
        l_(layout),
        saved_(layout, memory),
        packed_input_size_(Operand::packed_size(layout.input_size)),
        packed_hidden_size_(Operand::packed_size(layout.hidden_size)),
        state_row_(Operand::packed_size(layout.hidden_width)) {}

  void run(const RecurrentResult<T>& result) {
    rows_ = time_major_rows(p_, scratch_);
    weight_input_ = scratch_.take<Packed>({l_.blocks, packed_input_size_, l_.input_row()}).data;
    weight_hidden_ = scratch_.take<Packed>({l_.blocks, packed_hidden_size_, l_.hidden_row()}).data;
    states_ = Operand::room(saved_.hidden, l_.state_rows() * l_.hidden_width, scratch_);
    bias_ = scratch_.take<T>({l_.blocks, l_.gate_row}).data;
    parameters_ = packed_parameters(p_, l_, scratch_);
    parallel_for(
        2 * l_.blocks, [this](Index task) { prepare_block(task / 2, task % 2 == 0); },
        l_.blocks * l_.gate_row * (l_.input_size + l_.hidden_size));
    set_initial_states();
    multiply_inputs();
    const Index steps = l_.batch.time_steps();
    ThreadPool::instance().parallel_region(
        team_size(steps, l_.tokens * l_.blocks * l_.hidden_row() * l_.hidden_size),
        [&](const TeamMember& member) {
          for (Index step = 0; step < steps; ++step) {
            share_of_member(l_.blocks, 1, l_.batch.batch_size_at(step), member,
                            [&](const Share& share) { step_block(step, share); });
            member.barrier.wait();
          }
        });
    write_results(result);
  }

 private:
  void prepare_block(Index block, bool input) {
    if (input) {
      Operand::panel(l_.input_size, l_.input_row(),
                     weight_input_ + block * packed_input_size_ * l_.input_row(), [&](T* panel) {
                       pack_gate_columns(
                           l_, p_.weight_input, l_.cell.input_columns,
                           [&](int c) { return l_.input_gate(c); }, block, panel);
                     });
      return;
    }
    Operand::panel(l_.hidden_size, l_.hidden_row(),
                   weight_hidden_ + block * packed_hidden_size_ * l_.hidden_row(), [&](T* panel) {
                     pack_gate_columns(
                         l_, p_.weight_hidden, l_.cell.hidden_columns,
                         [&](int c) { return l_.hidden_gate(c); }, block, panel);
                   });
    T* bias = bias_ + block * l_.gate_row;
    std::fill_n(bias, l_.gate_row, T(0));
    for (Index i = 0; i < l_.block_units; ++i) {
      const Index unit = block * l_.block_units + i;
      if (unit >= l_.hidden_size) break;
      for (int c = 0; p_.bias_input && c < l_.cell.input_columns; ++c)
        bias[c * l_.block_units + i] += p_.bias_input.data[l_.input_gate(c) * l_.hidden_size + unit];
      for (int c = 0; p_.bias_hidden && c < l_.cell.hidden_columns; ++c)
        bias[(c + l_.cell.first_hidden_column()) * l_.block_units + i] +=
            p_.bias_hidden.data[l_.hidden_gate(c) * l_.hidden_size + unit];
    }
  }

  /// Copies the initial states in sorted order, or zeros if there are none.
  void set_initial_states() {
    const Index n = l_.hidden_size;
    for (Index k = 0; k < l_.sequences; ++k) {
      const Index sequence = l_.batch.sorted_indices()[static_cast<std::size_t>(k)];
      T* hidden = saved_.hidden + k * l_.hidden_width;
      std::fill_n(hidden, l_.hidden_width, T(0));
      if (p_.initial_hidden) std::copy_n(p_.initial_hidden.data + sequence * n, n, hidden);
      Operand::round_rows(hidden, l_.hidden_width, 1, l_.hidden_width, states_ + k * state_row_, state_row_);
      for (Index i = 0; i < l_.cell.cell_states * l_.blocks; ++i) {
        const Index state = i / l_.blocks, block = i % l_.blocks;
        T* cell = cells(block) + state * l_.state_size() + k * l_.block_units;
        const Index first = block * l_.block_units, units = std::min(l_.block_units, n - first);
        std::fill_n(cell, l_.block_units, T(0));
        if (p_.initial_cell)
          std::copy_n(p_.initial_cell.data + (sequence * l_.cell.cell_states + state) * n + first, units,
                      cell);
      }
    }
  }

  void multiply_inputs() {
    constexpr Index chunk = 96;
    const Index chunks = divide_up(l_.tokens, chunk),
                rest = l_.cell.columns * l_.block_units - l_.input_row();
    const Packed* inputs = round_inputs();
    parallel_for(
        l_.blocks * chunks,
        [&](Index task) {
          const Index block = task / chunks, first = task % chunks * chunk;
          Product<T, Packed> product{};
          product.left = inputs;
          product.left_row = packed_input_size_;
          product.left_step = 1;
          if constexpr (std::is_same_v<T, Packed>) product.left_rows = rows_ + first;
          else product.left += first * packed_input_size_;
          product.right = weight_input_ + block * packed_input_size_ * l_.input_row();
          product.right_step = l_.input_row();
          product.depth = packed_input_size_;
          product.parts = 1;
          product.result = gates(block) + first * l_.gate_row;
          product.result_row = l_.gate_row;
          product.bias = bias_ + block * l_.gate_row;
          product.rows = std::min(chunk, l_.tokens - first);
          product.columns = l_.input_row();
          product.vectors = static_cast<int>(product.columns / l_.kernels.lanes);
          Operand::multiply(product);
          for (Index row = 0; rest > 0 && row < product.rows; ++row)  // columns that only the state has
            std::copy_n(product.bias + l_.input_row(), rest,
                        product.result + row * l_.gate_row + l_.input_row());
        },
        l_.tokens * l_.input_size * l_.blocks * l_.input_row() / products_an_element);
  }

  /// Rows of the input: in place if they are plain numbers, else rounded, packed and in time-major order.
  const Packed* round_inputs() {
    if constexpr (std::is_same_v<T, Packed>) {
      return p_.input.data;
    } else {
      Packed* inputs = scratch_.template take<Packed>({l_.tokens, packed_input_size_}).data;
      parallel_ranges(l_.tokens, l_.input_size, [&](Index first, Index last) {
        for (Index i = first; i < last; ++i)
          Operand::round_rows(p_.input.data + rows_[i] * l_.input_size, l_.input_size, 1, l_.input_size,
                              inputs + i * packed_input_size_, packed_input_size_);
      });
      return inputs;
    }
  }

  void step_block(Index step, const Share& share) {
    const Index block = share.first_block, row = share.first_row, rows = share.rows;
    T* pre_activations = gates(block) + (l_.batch.time_offset(step) + row) * l_.gate_row;
    const Index before = l_.before(step) + row, after = l_.after(step) + row;
    if (step > 0 || p_.initial_hidden) {
      Product<T, Packed> product{};
      product.left = states_ + before * state_row_;
      product.left_row = state_row_;
      product.left_step = 1;
      product.right = weight_hidden_ + block * packed_hidden_size_ * l_.hidden_row();
      product.right_step = l_.hidden_row();
      product.depth = packed_hidden_size_;
      product.parts = 1;
      product.result = pre_activations + l_.hidden_offset();
      product.result_row = l_.gate_row;
      product.add = true;
      product.rows = rows;
      product.columns = l_.hidden_row();
      product.vectors = static_cast<int>(product.columns / l_.kernels.lanes);
      Operand::multiply(product);
    }
    CellForward<T> cell{};
    cell.rows = rows;
    cell.vectors = l_.unit_vectors;
    cell.gates = pre_activations;
    cell.gate_row = l_.gate_row;
    cell.hidden_before = saved_.hidden + before * l_.hidden_width + block * l_.block_units;
    cell.next_state = l_.state_size();
    if (parameters_) cell.parameters = parameters_ + block * p_.cell.parameters() * l_.block_units;
    if (l_.cell.cell_states > 0) {
      cell.before = cells(block) + before * l_.block_units;
      cell.before_row = l_.block_units;
      cell.cell = cells(block) + after * l_.block_units;
      cell.tanh_cell = saved_.tanh_cell + (block * l_.state_rows() + after) * l_.block_units;
    } else {
      cell.before = cell.hidden_before;
      cell.before_row = l_.hidden_width;
    }
    cell.hidden = saved_.hidden + after * l_.hidden_width + block * l_.block_units;
    cell.hidden_row = l_.hidden_width;
    l_.cell.forward(cell);
    Operand::round_rows(cell.hidden, l_.hidden_width, rows, l_.block_units,
                        states_ + after * state_row_ + block * l_.block_units / Operand::pack_size,
                        state_row_);
  }

  void write_results(const RecurrentResult<T>& result) {
    const Index n = l_.hidden_size;
    if (result.hidden)
      parallel_ranges(l_.tokens, n, [&](Index first, Index last) {
        for (Index i = first; i < last; ++i)
          std::copy_n(saved_.hidden + (l_.sequences + i) * l_.hidden_width, n,
                      result.hidden.data + rows_[i] * n);
      });
    for (Index k = 0; k < l_.sequences; ++k) {
      const Index sequence = l_.batch.sorted_indices()[static_cast<std::size_t>(k)];
      const Index last = l_.after(l_.batch.length(sequence) - 1) + k;
      if (result.last_hidden)
        std::copy_n(saved_.hidden + last * l_.hidden_width, n, result.last_hidden.data + sequence * n);
      if (!result.last_cell) continue;
      for (Index i = 0; i < l_.cell.cell_states * l_.blocks; ++i) {
        const Index state = i / l_.blocks, block = i % l_.blocks;
        const Index first = block * l_.block_units, units = std::min(l_.block_units, n - first);
        std::copy_n(cells(block) + state * l_.state_size() + last * l_.block_units, units,
                    result.last_cell.data + (sequence * l_.cell.cell_states + state) * n + first);
      }
    }
  }

  T* gates(Index block) { return saved_.gates + block * l_.tokens * l_.gate_row; }
  T* cells(Index block) { return saved_.cell + block * l_.state_rows() * l_.block_units; }

  const RecurrentProblem<T>& p_;
  const RecurrentLayout<T>& l_;
  RecurrentSaved<T> saved_;
  Index packed_input_size_, packed_hidden_size_,
      state_row_;  ///< packed sizes of a row of the input, the hidden size and the padded state
  Scratch scratch_;
  const Index* rows_ = nullptr;
  Packed *weight_input_ = nullptr, *weight_hidden_ = nullptr;
  Packed* states_ = nullptr;  ///< hidden states, laid out like saved_.hidden
  T* bias_ = nullptr;
  const T* parameters_ = nullptr;
};

}  // namespace lstmlib::cpu
