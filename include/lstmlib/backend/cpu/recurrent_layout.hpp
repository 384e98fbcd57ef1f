// SPDX-License-Identifier: MIT
#pragma once
// How the recurrent engine lays out weights, gates and states: in blocks of units as wide as the registers,
// rows in time-major order. Nothing outside this back end knows of it.

#include "lstmlib/backend/cpu/gemm.hpp"
#include "lstmlib/backend/cpu/operands.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// The kernels of a kind of cell, and the columns of its gates.
template <class T>
struct CellKernels {
  void (*forward)(const CellForward<T>&);
  void (*backward)(const CellBackward<T>&);
  int columns;               ///< vectors of gates a vector of units
  int input_columns;         ///< the first columns are sums of the input,
  int hidden_columns;        ///< the last ones of the hidden state; those in between are sums of both
  std::array<int, 4> order;  ///< gate of the weights that input column i is; hidden column i: see hidden_gate

  static CellKernels of(RecurrentCell cell, const KernelTable<T>& k) {
    switch (cell) {
      case RecurrentCell::lstm: return {k.lstm_forward, k.lstm_backward, 4, 4, 4, {0, 1, 2, 3}};
      case RecurrentCell::gru: return {k.gru_forward, k.gru_backward, 4, 3, 3, {2, 0, 1, 2}};
      case RecurrentCell::rnn_tanh: return {k.rnn_tanh_forward, k.rnn_tanh_backward, 1, 1, 1, {0}};
      case RecurrentCell::rnn_relu: break;
    }
    return {k.rnn_relu_forward, k.rnn_relu_backward, 1, 1, 1, {0}};
  }
  int first_hidden_column() const { return columns - hidden_columns; }
};

/// Sizes and places. A block of units has `unit_vectors` vectors of them; in gates, a row of a block has the
/// vectors of column 0, then of column 1, and so on. Arrays are [block][row][elements of a row], except
/// hidden states: [row][unit]. Rows of states begin with the states before the first step, one for each
/// sequence: places before(step) and after(step).
template <class T>
struct RecurrentLayout {
  const KernelTable<T>& kernels = kernel_table<T>();
  CellKernels<T> cell;
  const SequenceLayout& batch;
  Index input_size, hidden_size;
  int unit_vectors;   ///< 1 where there are several gates: then a block's gates fill a panel
  Index block_units;  ///< units of a block
  Index blocks;
  Index hidden_width;  ///< units of all blocks, the last ones without meaning: their weights are zeros
  Index gate_row;      ///< elements of gates of a block, a row
  Index tokens, sequences;

  explicit RecurrentLayout(const RecurrentProblem<T>& p)
      : cell(CellKernels<T>::of(p.cell, kernels)),
        batch(p.layout),
        input_size(p.input_size()),
        hidden_size(p.hidden_size()),
        unit_vectors(cell.columns > 1 ? 1
                                      : static_cast<int>(std::min<Index>(
                                            panel_vectors, divide_up(hidden_size, kernels.lanes)))),
        block_units(unit_vectors * kernels.lanes),
        blocks(divide_up(hidden_size, block_units)),
        hidden_width(blocks * block_units),
        gate_row(cell.columns * block_units),
        tokens(batch.rows()),
        sequences(batch.sequences()) {}

  Index input_row() const { return cell.input_columns * block_units; }    ///< elements of the input's columns
  Index hidden_row() const { return cell.hidden_columns * block_units; }  ///< of the hidden state's
  Index hidden_offset() const { return cell.first_hidden_column() * block_units; }
  Index state_rows() const { return sequences + tokens; }
  Index before(Index step) const { return step == 0 ? 0 : sequences + batch.time_offset(step - 1); }
  Index after(Index step) const { return sequences + batch.time_offset(step); }
  /// Units of a vector of a block that mean something, and the first of them.
  Index first_unit(Index block, Index vector) const { return block * block_units + vector * kernels.lanes; }
  Index units_from(Index first) const { return std::clamp<Index>(hidden_size - first, 0, kernels.lanes); }

  int input_gate(int column) const { return cell.order[static_cast<std::size_t>(column)]; }
  int hidden_gate(int column) const {
    return cell.order[static_cast<std::size_t>(column + cell.first_hidden_column())];
  }
};

/// What forward keeps for backward. Cell states and their tanh: lstm only.
template <class T>
struct RecurrentSaved {
  T *gates, *cell, *tanh_cell, *hidden;

  static Index elements(const RecurrentLayout<T>& l, RecurrentCell cell) {
    const Index states = l.state_rows() * l.hidden_width;
    return l.tokens * l.blocks * l.gate_row + states + (cell == RecurrentCell::lstm ? 2 * states : 0);
  }
  RecurrentSaved(const RecurrentLayout<T>& l, T* memory)
      : gates(memory), hidden(gates + l.tokens * l.blocks * l.gate_row) {
    cell = hidden + l.state_rows() * l.hidden_width;
    tanh_cell = cell + l.state_rows() * l.hidden_width;
  }
};

/// Rows of the input and of results in time-major order: token i is row rows[i].
template <class T>
const Index* time_major_rows(const RecurrentProblem<T>& p, Scratch& scratch) {
  Index* rows = scratch.take<Index>({p.layout.rows()}).data;
  for (Index step = 0, i = 0; step < p.layout.time_steps(); ++step)
    for (Index place = 0; place < p.layout.batch_size_at(step); ++place)
      rows[i++] = p.layout.row(place, step, p.reverse);
  return rows;
}

/// Of weights [gates hidden, inner], the panel of a block: [inner][columns of gates], gate_of(column) of
/// them.
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

/// Columns `first` to `first` + count - 1 of weights [gates hidden, any] as a panel of `width` columns, its
/// rows in the order of the blocks' gates.
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

/// A product whose parts are those of blocks of gates, piece by piece where there are many units: then the
/// panel of all blocks is larger than the second-level cache, from which every tile of rows reads it again.
template <class T, class Unit>
void multiply_gates(Product<T, Unit> product) {
  constexpr Index largest_panel = 320 * 1024, piece_bytes = 160 * 1024;
  const Index part = product.steps * product.right_step, parts = product.parts,
              part_bytes = part * static_cast<Index>(sizeof(Unit)),
              piece =
                  parts * part_bytes <= largest_panel ? parts : std::max<Index>(1, piece_bytes / part_bytes);
  for (Index first = 0; first < parts; first += piece) {
    product.parts = std::min(piece, parts - first);
    Operands<T, Unit>::multiply(product);
    product.left += product.parts * product.left_part;
    product.right += product.parts * part;
    product.add = true;
  }
}

/// A part of a step's work: `blocks` blocks of units from `first_block` on, for `rows` rows from `first_row`
/// on.
struct Share {
  Index first_block, blocks, first_row, rows;
};

/// The share of one member of a team, cut out of blocks times rows so that all have nearly as much to do.
/// Calls `use(share)` for pieces of it, each within a group of `group` blocks: those of a panel.
template <class Use>
void share_of_member(Index blocks, Index group, Index rows, const Member& member, Use use) {
  const Index first = blocks * rows * member.number / member.count,
              last = blocks * rows * (member.number + 1) / member.count;
  // With few rows, whole columns: half a tile costs as much as a whole one.
  const bool few = rows < 4 * member.count;
  for (Index block = 0; block < blocks; block += group) {
    const Index size = std::min(group, blocks - block);
    const auto cut = [&](Index at) {  // of the pieces before `at`, those of this group: its columns or rows
      return few ? std::clamp<Index>(divide_up(at, rows) - block, 0, size)
                 : std::clamp<Index>(divide_up(at - block * rows, size), 0, rows);
    };
    const Index from = cut(first), count = cut(last) - from;
    if (count > 0) use(few ? Share{block + from, count, 0, rows} : Share{block, size, from, count});
  }
}

/// How many threads are worth while for steps of so many multiplications.
inline int team_size(Index steps, Index multiplications) {
  constexpr Index worth_a_barrier = 60 * 1000;  // a microsecond or two of one core
  return multiplications < 2 * worth_a_barrier * std::max<Index>(steps, 1)
             ? 1
             : static_cast<int>(std::min<Index>(threads(), multiplications / steps / worth_a_barrier));
}

}  // namespace lstmlib::cpu
