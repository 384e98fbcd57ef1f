// SPDX-License-Identifier: MIT
#pragma once
// The backward pass of a recurrent layer. It runs the steps in reverse and turns gates into gradients of the
// pre-activations in place. Threads divide the columns of the states and synchronise once per step.

#include "lstmlib/backend/cpu/recurrent_gradients.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Packed: see Operands.
template <class T, class Packed = T>
class RecurrentBackward {
  using Operand = Operands<T, Packed>;

 public:
  RecurrentBackward(const RecurrentProblem<T>& p, const RecurrentLayout<T>& layout, T* memory,
                    const RecurrentResult<const T>& d_result, const RecurrentGradients<T>& d)
      : p_(p),
        l_(layout),
        saved_(layout, memory),
        d_result_(d_result),
        d_(d),
        group_blocks_(panel_vectors / l_.unit_vectors),
        group_width_(group_blocks_ * l_.block_units),
        groups_(divide_up(l_.blocks, group_blocks_)) {}

  void run() {
    const Index n = l_.hidden_size, steps = l_.batch.time_steps();
    rows_ = time_major_rows(p_, scratch_);
    weight_hidden_ = scratch_.take<Packed>({groups_, packed_weight_rows(), group_width_}).data;
    d_gates_ = Operand::room(saved_.gates, l_.blocks * l_.tokens * l_.gate_row, scratch_);
    d_last_ = scratch_.take<T>({l_.sequences, l_.hidden_width}).data;
    carried_ = scratch_.take<T>({l_.cell.carried_states, carried_size()}).data;
    parameters_ = packed_parameters(p_, l_, scratch_);
    d_output_ = d_result_.hidden ? scratch_.take<T>({l_.tokens, l_.hidden_width}).data : nullptr;
    parallel_for(
        groups_,
        [&](Index group) {
          const Index first = group * group_width_;
          Operand::panel(l_.blocks * l_.hidden_row(), group_width_,
                         weight_hidden_ + group * packed_weight_rows() * group_width_, [&](T* panel) {
                           pack_gate_rows(
                               l_, p_.weight_hidden, l_.cell.hidden_columns,
                               [&](int c) { return l_.hidden_gate(c); }, first,
                               std::min(group_width_, n - first), panel, group_width_);
                         });
        },
        groups_ * l_.blocks * l_.hidden_row() * group_width_);
    set_last_gradients();

    ThreadPool::instance().parallel_region(
        team_size(steps, l_.tokens * l_.blocks * l_.hidden_row() * n), [&](const TeamMember& member) {
          Scratch own;
          T* d_hidden = own.take<T>({l_.sequences, group_width_}).data;
          for (Index step = steps - 1; step >= 0; --step) {
            share_of_member(l_.blocks, group_blocks_, l_.batch.batch_size_at(step), member,
                            [&](const Share& share) { step_share(step, share, d_hidden); });
            member.barrier.wait();
          }
          if (d_.initial_hidden)
            share_of_member(l_.blocks, group_blocks_, l_.sequences, member,
                            [&](const Share& share) { add_initial_hidden(share, d_hidden); });
        });
    if (d_.initial_cell) add_initial_cells();
    RecurrentProducts<T, Packed>(p_, l_, saved_, d_gates_, rows_, d_).run();
  }

 private:
  /// Of one group's panel.
  Index packed_weight_rows() const { return l_.blocks * l_.hidden_row() / Operand::pack_size; }
  Index packed_gate_row() const { return l_.gate_row / Operand::pack_size; }

  /// Copies the gradients of the last states and of the outputs to the order and width of this engine.
  void set_last_gradients() {
    const Index n = l_.hidden_size;
    for (Index k = 0; k < l_.sequences; ++k) {
      const Index sequence = l_.batch.sorted_indices()[static_cast<std::size_t>(k)];
      T* to = d_last_ + k * l_.hidden_width;
      std::fill_n(to, l_.hidden_width, T(0));
      if (d_result_.last_hidden) std::copy_n(d_result_.last_hidden.data + sequence * n, n, to);
      for (Index i = 0; i < l_.cell.carried_states * l_.blocks; ++i) {
        const Index block = i % l_.blocks, state = i / l_.blocks - first_cell();
        T* cell = carried_ + (i * l_.sequences + k) * l_.block_units;
        const Index first = block * l_.block_units, units = std::min(l_.block_units, n - first);
        std::fill_n(cell, l_.block_units, T(0));
        if (d_result_.last_cell && state >= 0)
          std::copy_n(d_result_.last_cell.data + (sequence * l_.cell.cell_states + state) * n + first, units,
                      cell);
      }
    }
    if (d_output_)
      parallel_ranges(l_.tokens, n, [&](Index first, Index last) {
        for (Index i = first; i < last; ++i)
          pack_rows(d_result_.hidden.data + rows_[i] * n, n, n, 1, d_output_ + i * l_.hidden_width,
                    l_.hidden_width);
      });
  }

  /// d_hidden [rows, group_width]: gradient of the states before step `step` through its pre-activations, for
  /// the units of the share.
  void compute_d_hidden(Index step, const Share& share, T* d_hidden) {
    const Index group = share.first_block / group_blocks_;
    Product<T, Packed> product{};
    product.left = d_gates_ + (l_.batch.time_offset(step) + share.first_row) * packed_gate_row() +
                   l_.hidden_offset() / Operand::pack_size;
    product.left_row = packed_gate_row();
    product.left_step = 1;
    product.left_part = l_.tokens * packed_gate_row();
    product.parts = l_.blocks;
    product.depth = l_.hidden_row() / Operand::pack_size;
    product.right = weight_hidden_ + group * packed_weight_rows() * group_width_ +
                    share.first_block % group_blocks_ * l_.block_units;
    product.right_step = group_width_;
    product.result = d_hidden;
    product.result_row = group_width_;
    product.rows = share.rows;
    product.columns = share.blocks * l_.block_units;
    product.vectors = static_cast<int>(product.columns / l_.kernels.lanes);
    multiply_gates(product);
  }

  void step_share(Index step, const Share& share, T* d_hidden) {
    // Sequences that continue after this step come first.
    const Index going_on = step + 1 < l_.batch.time_steps() ? l_.batch.batch_size_at(step + 1) : 0;
    Share continuing = share, ending = share;
    continuing.rows = std::clamp<Index>(going_on - share.first_row, 0, share.rows);
    ending.first_row += continuing.rows;
    ending.rows -= continuing.rows;
    if (continuing.rows > 0) {
      compute_d_hidden(step + 1, continuing, d_hidden);
      cells_backward(step, continuing, d_hidden, group_width_);
    }
    if (ending.rows > 0)
      cells_backward(step, ending,
                     d_last_ + ending.first_row * l_.hidden_width + ending.first_block * l_.block_units,
                     l_.hidden_width);
  }

  void cells_backward(Index step, const Share& share, const T* d_hidden, Index d_hidden_row) {
    const Index row = share.first_row, token = l_.batch.time_offset(step) + row,
                before = l_.before(step) + row, after = l_.after(step) + row;
    for (Index i = 0; i < share.blocks; ++i) {
      const Index block = share.first_block + i;
      CellBackward<T> cell{};
      cell.rows = share.rows;
      cell.vectors = l_.unit_vectors;
      cell.gates = saved_.gates + (block * l_.tokens + token) * l_.gate_row;
      cell.gate_row = l_.gate_row;
      cell.hidden_before = saved_.hidden + before * l_.hidden_width + block * l_.block_units;
      cell.hidden_before_row = l_.hidden_width;
      cell.next_state = l_.state_size();
      cell.next_carried = carried_size();
      if (parameters_) cell.parameters = parameters_ + block * p_.cell.parameters() * l_.block_units;
      if (l_.cell.cell_states > 0) {
        cell.before = saved_.cell + (block * l_.state_rows() + before) * l_.block_units;
        cell.before_row = l_.block_units;
        cell.tanh_cell = saved_.tanh_cell + (block * l_.state_rows() + after) * l_.block_units;
      } else {
        cell.before = cell.hidden_before;
        cell.before_row = l_.hidden_width;
      }
      cell.d_hidden = d_hidden + i * l_.block_units;
      cell.d_hidden_row = d_hidden_row;
      if (d_output_) cell.d_output = d_output_ + token * l_.hidden_width + block * l_.block_units;
      cell.d_output_row = l_.hidden_width;
      cell.carried = carried_ + (block * l_.sequences + row) * l_.block_units;
      l_.cell.backward(cell);
      Operand::round_rows(cell.gates, l_.gate_row, share.rows, l_.gate_row,
                          d_gates_ + (block * l_.tokens + token) * packed_gate_row(), packed_gate_row());
    }
  }

  void add_initial_hidden(const Share& share, T* d_hidden) {
    compute_d_hidden(0, share, d_hidden);
    const Index n = l_.hidden_size, first = share.first_block * l_.block_units,
                last = std::min(first + share.blocks * l_.block_units, n);
    for (Index i = 0; i < share.rows; ++i) {
      const Index row = share.first_row + i;
      T* to = d_.initial_hidden.data + l_.batch.sorted_indices()[static_cast<std::size_t>(row)] * n;
      for (Index unit = first; unit < last; ++unit) {
        to[unit] += d_hidden[i * group_width_ + unit - first];
        if (carries_hidden()) to[unit] += carried(0, row, unit);
      }
    }
  }
  void add_initial_cells() {
    for (Index state = 0; state < l_.cell.cell_states; ++state)
      for (Index k = 0; k < l_.sequences; ++k) {
        const Index sequence = l_.batch.sorted_indices()[static_cast<std::size_t>(k)];
        T* to = d_.initial_cell.data + (sequence * l_.cell.cell_states + state) * l_.hidden_size;
        for (Index unit = 0; unit < l_.hidden_size; ++unit)
          to[unit] += carried(first_cell() + state, k, unit);
      }
  }
  T carried(Index which, Index place, Index unit) const {
    return carried_[which * carried_size() + (unit / l_.block_units * l_.sequences + place) * l_.block_units +
                    unit % l_.block_units];
  }
  /// Elements of one array of carried gradients.
  Index carried_size() const { return l_.blocks * l_.sequences * l_.block_units; }
  /// Whether the first such array belongs to the hidden state, as for a GRU.
  bool carries_hidden() const { return p_.cell == RecurrentCell::gru || p_.cell == RecurrentCell::custom; }
  /// The array of the first state besides the hidden state.
  Index first_cell() const { return carries_hidden() ? 1 : 0; }

  const RecurrentProblem<T>& p_;
  const RecurrentLayout<T>& l_;
  RecurrentSaved<T> saved_;
  const RecurrentResult<const T>& d_result_;
  const RecurrentGradients<T>& d_;
  Index group_blocks_, group_width_,
      groups_;  ///< blocks whose states are computed together as one panel
  Scratch scratch_;
  const Index* rows_ = nullptr;
  Packed* weight_hidden_ = nullptr;
  Packed* d_gates_ = nullptr;  ///< gradients of the pre-activations, laid out like saved_.gates
  T *d_last_ = nullptr, *carried_ = nullptr, *d_output_ = nullptr;
  const T* parameters_ = nullptr;
};

}  // namespace lstmlib::cpu
