// SPDX-License-Identifier: MIT
#pragma once
// How the recurrent engine lays out weights, gates and states: units in blocks as wide as the registers, rows
// in time-major order. Private to this back end.

#include "lstmlib/backend/cpu/gemm.hpp"
#include "lstmlib/backend/cpu/operands.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"

#include <algorithm>
#include <array>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Vectors of gates per vector of units, at most.
inline constexpr int max_columns = 8;

/// The kernels of a cell, and how its gates are arranged in columns.
template <class T>
struct CellKernels {
  void (*forward)(const CellForward<T>&);
  void (*backward)(const CellBackward<T>&);
  int columns;         ///< vectors of gates per vector of units
  int input_columns;   ///< the first columns get the input's products,
  int hidden_columns;  ///< the last ones the hidden state's; those in between get both
  /// Gate of input column i; for hidden columns see hidden_gate.
  std::array<int, max_columns> order;
  int kept_vectors = columns;  ///< of a row of gates: the columns, and what else a custom cell keeps
  int cell_states = 0;         ///< states besides the hidden state
  int carried_states = 1;      ///< states whose gradient does not pass through the sums only

  static CellKernels of(const CellType<T>& cell, const KernelTable<T>& k) {
    if (cell.custom) return of_custom(*cell.custom, k);
    switch (cell.kind) {
      case RecurrentCell::lstm: return {k.lstm_forward, k.lstm_backward, 4, 4, 4, {0, 1, 2, 3}, 4, 1};
      case RecurrentCell::gru: return {k.gru_forward, k.gru_backward, 4, 3, 3, {2, 0, 1, 2}};
      case RecurrentCell::rnn_tanh: return {k.rnn_tanh_forward, k.rnn_tanh_backward, 1, 1, 1, {0}};
      case RecurrentCell::rnn_relu:
      case RecurrentCell::custom: break;
    }
    return {k.rnn_relu_forward, k.rnn_relu_backward, 1, 1, 1, {0}};
  }
  int first_hidden_column() const { return columns - hidden_columns; }

 private:
  /// Columns: the input's parts of the separate gates, the other gates, the state's parts of the separate ones.
  static CellKernels of_custom(const CustomCell<T>& c, const KernelTable<T>& k) {
    const Index bytes = k.lanes * static_cast<Index>(sizeof(T));
    const std::size_t set = bytes == 16 ? 0 : bytes == 32 ? 1 : 2;
    const int columns = c.gates + c.separate;
    CellKernels made{c.forward[set], c.backward[set], columns, c.gates, c.gates, {}};
    for (int i = 0; i < columns; ++i)
      made.order[static_cast<std::size_t>(i)] = i < c.separate ? c.gates - c.separate + i : i - c.separate;
    made.kept_vectors = std::max(columns + c.parameters, c.saved);
    made.cell_states = c.states - 1;
    made.carried_states = c.states;
    return made;
  }
};

/// Sizes and offsets. A block has `unit_vectors` vectors of units. A row of a block's gates has the vectors
/// of column 0, then of column 1, and so on. Arrays are [block][row][elements of a row], except hidden
/// states: [row][unit]. Arrays of states begin with the initial state of each sequence; before(step) and
/// after(step) give the first row of a step.
template <class T>
struct RecurrentLayout {
  const KernelTable<T>& kernels = kernel_table<T>();
  CellKernels<T> cell;
  const SequenceLayout& batch;
  Index input_size, hidden_size;
  int unit_vectors;   ///< 1 if the cell has many gates: then they fill a panel
  Index block_units;  ///< units of a block
  Index blocks;
  Index hidden_width;  ///< units of all blocks; the last ones may be padding with zero weights
  Index gate_row;      ///< elements of a row of a block's gates
  Index tokens, sequences;

  explicit RecurrentLayout(const RecurrentProblem<T>& p)
      : cell(CellKernels<T>::of(p.cell, kernels)),
        batch(p.layout),
        input_size(p.input_size()),
        hidden_size(p.hidden_size()),
        unit_vectors(static_cast<int>(
            std::clamp<Index>(panel_vectors / cell.columns, 1, divide_up(hidden_size, kernels.lanes)))),
        block_units(unit_vectors * kernels.lanes),
        blocks(divide_up(hidden_size, block_units)),
        hidden_width(blocks * block_units),
        gate_row(cell.kept_vectors * block_units),
        tokens(batch.rows()),
        sequences(batch.sequences()) {}

  Index input_row() const { return cell.input_columns * block_units; }    ///< elements of the input's columns
  Index hidden_row() const { return cell.hidden_columns * block_units; }  ///< of the hidden state's
  Index hidden_offset() const { return cell.first_hidden_column() * block_units; }
  Index state_rows() const { return sequences + tokens; }
  /// Elements of the array of one state.
  Index state_size() const { return blocks * state_rows() * block_units; }
  Index before(Index step) const { return step == 0 ? 0 : sequences + batch.time_offset(step - 1); }
  Index after(Index step) const { return sequences + batch.time_offset(step); }
  /// First unit of a vector of a block, and number of its units that are not padding.
  Index first_unit(Index block, Index vector) const { return block * block_units + vector * kernels.lanes; }
  Index units_from(Index first) const { return std::clamp<Index>(hidden_size - first, 0, kernels.lanes); }

  int input_gate(int column) const { return cell.order[static_cast<std::size_t>(column)]; }
  int hidden_gate(int column) const {
    return cell.order[static_cast<std::size_t>(column + cell.first_hidden_column())];
  }
};

/// What forward saves for backward. The tanh of cell states exists for lstm only.
template <class T>
struct RecurrentSaved {
  T *gates, *cell, *tanh_cell, *hidden;

  static Index elements(const RecurrentLayout<T>& l, RecurrentCell cell) {
    const Index states = l.state_rows() * l.hidden_width;
    return l.tokens * l.blocks * l.gate_row +
           states * (1 + l.cell.cell_states + (cell == RecurrentCell::lstm ? 1 : 0));
  }
  RecurrentSaved(const RecurrentLayout<T>& l, T* memory)
      : gates(memory), hidden(gates + l.tokens * l.blocks * l.gate_row) {
    cell = hidden + l.state_rows() * l.hidden_width;
    tanh_cell = cell + l.state_rows() * l.hidden_width;
  }
};

/// The row of each token in time-major order: token i is row rows[i] of the input and the results.
template <class T>
const Index* time_major_rows(const RecurrentProblem<T>& p, Scratch& scratch) {
  Index* rows = scratch.take<Index>({p.layout.rows()}).data;
  for (Index step = 0, i = 0; step < p.layout.time_steps(); ++step)
    for (Index place = 0; place < p.layout.batch_size_at(step); ++place)
      rows[i++] = p.layout.row(place, step, p.reverse);
  return rows;
}

/// The parameters of a custom cell as [block][parameter][unit], or null if it has none.
template <class T>
const T* packed_parameters(const RecurrentProblem<T>& p, const RecurrentLayout<T>& l, Scratch& scratch) {
  const Index count = p.cell.parameters();
  if (count == 0) return nullptr;
  T* packed = scratch.take<T>({l.blocks, count, l.block_units}).data;
  std::fill_n(packed, l.blocks * count * l.block_units, T(0));
  for (Index i = 0; i < count; ++i)
    for (Index unit = 0; unit < l.hidden_size; ++unit)
      packed[(unit / l.block_units * count + i) * l.block_units + unit % l.block_units] =
          p.parameters.data[i * l.hidden_size + unit];
  return packed;
}

/// Packs the weights [gates hidden, inner] of one block into a panel [inner][columns of gates].
/// gate_of(column) is the gate of a column.
template <class T, class GateOf>
void pack_gate_columns(const RecurrentLayout<T>& l, View<const T> weights, int columns, GateOf gate_of,
                       Index block, T* panel) {
  const Index inner = weights.shape[1], width = columns * l.block_units;
  for (int column = 0; column < columns; ++column)
    for (int vector = 0; vector < l.unit_vectors; ++vector) {
      const Index unit = l.first_unit(block, vector);
      l.kernels.transpose(weights.data + (gate_of(column) * l.hidden_size + unit) * inner, inner,
                          l.units_from(unit), inner,
                          panel + (column * l.unit_vectors + vector) * l.kernels.lanes, width);
    }
}

/// Packs columns `first` to `first` + count - 1 of weights [gates hidden, any] into a panel of `width`
/// columns, with rows in the order of the blocks' gates.
template <class T, class GateOf>
void pack_gate_rows(const RecurrentLayout<T>& l, View<const T> weights, int columns, GateOf gate_of,
                    Index first, Index count, T* panel, Index width) {
  for (Index block = 0; block < l.blocks; ++block)
    for (int column = 0; column < columns; ++column)
      for (int vector = 0; vector < l.unit_vectors; ++vector) {
        const Index unit = l.first_unit(block, vector), units = l.units_from(unit),
                    row_size = weights.shape[1];
        if (units > 0)
          pack_rows(weights.data + (gate_of(column) * l.hidden_size + unit) * row_size + first, row_size,
                    count, units, panel, width);
        std::fill(panel + units * width, panel + l.kernels.lanes * width, T(0));
        panel += l.kernels.lanes * width;
      }
}

/// A product whose parts are blocks of gates. Large panels are multiplied in pieces: every tile of rows reads
/// the panel again, and only a piece fits the L2 cache.
template <class T, class Packed>
void multiply_gates(Product<T, Packed> product) {
  constexpr Index largest_panel = 320 * 1024, piece_bytes = 160 * 1024;
  const Index part = product.depth * product.right_step, parts = product.parts,
              part_bytes = part * static_cast<Index>(sizeof(Packed)),
              piece =
                  parts * part_bytes <= largest_panel ? parts : std::max<Index>(1, piece_bytes / part_bytes);
  for (Index first = 0; first < parts; first += piece) {
    product.parts = std::min(piece, parts - first);
    Operands<T, Packed>::multiply(product);
    product.left += product.parts * product.left_part;
    product.right += product.parts * part;
    product.add = true;
  }
}

/// Part of a step's work: `blocks` blocks of units from `first_block`, for `rows` rows from `first_row`.
struct Share {
  Index first_block, blocks, first_row, rows;
};

/// The work of one thread of a team: blocks times rows, divided almost evenly. Calls `use(share)` for each
/// piece, which lies within a group of `group` blocks (a panel).
template <class Use>
void share_of_member(Index blocks, Index group, Index rows, const TeamMember& member, Use use) {
  const Index first = blocks * rows * member.number / member.count,
              last = blocks * rows * (member.number + 1) / member.count;
  // With few rows, divide columns only: half a tile costs as much as a whole one.
  const bool few = rows < 4 * member.count;
  for (Index block = 0; block < blocks; block += group) {
    const Index size = std::min(group, blocks - block);
    const auto cut = [&](Index at) {  // columns or rows of this group that come before `at`
      return few ? std::clamp<Index>(divide_up(at, rows) - block, 0, size)
                 : std::clamp<Index>(divide_up(at - block * rows, size), 0, rows);
    };
    const Index from = cut(first), count = cut(last) - from;
    if (count > 0) use(few ? Share{block + from, count, 0, rows} : Share{block, size, from, count});
  }
}

/// How many threads pay off for `steps` steps with this many multiplications in total.
inline int team_size(Index steps, Index multiplications) {
  constexpr Index worth_a_barrier = 60 * 1000;  // one or two microseconds of a core
  return multiplications < 2 * worth_a_barrier * std::max<Index>(steps, 1)
             ? 1
             : static_cast<int>(std::min<Index>(threads(), multiplications / steps / worth_a_barrier));
}

}  // namespace lstmlib::cpu
