// SPDX-License-Identifier: MIT
#pragma once
// What the vector kernels are asked to do, and the table of them that each instruction set fills
// (kernel_sets.hpp). Kernels work on plain memory, run on one thread and allocate nothing; what calls them
// cuts the work into pieces.

#include "lstmlib/backend/kernels/tensor.hpp"
#include "lstmlib/base/index.hpp"
#include "lstmlib/math/philox.hpp"
#include "lstmlib/math/update_rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// A panel is a matrix of at most this many vectors of columns: what one register tile is wide.
inline constexpr int panel_vectors = 4;

/// Units of the inner dimension that hold several steps, the first in the lowest bits: two bfloat16; four
/// bytes, unsigned in the left matrix and signed in the right one. Missing steps of the last unit are zeros.
struct Bf16Pair {
  std::uint32_t bits;
};
struct Int8Quad {
  std::uint32_t bits;
};

/// result = or += start + left right, for a panel of columns. The inner dimension has `parts` parts of
/// `steps` units, which are numbers of the sums' type, Bf16Pair with float sums or Int8Quad with std::int32_t
/// sums. Every sum runs over the parts and units in order, whatever the number of rows: cutting the rows
/// changes no bit.
template <class Sum, class Unit = Sum>
struct Product {
  const Unit* left;  ///< (row, part, step) is at row left_row + part left_part + step left_step
  Index left_row, left_step, left_part = 0;
  const Index* left_rows = nullptr;  ///< row i of the result belongs to row left_rows[i] of left; null: i
  const Unit* right;                 ///< (part, step) is the row at (part steps + step) right_step
  Index right_step;
  Index steps, parts = 1;
  Sum* result;  ///< row i at i result_row
  Index result_row;
  const Index* result_rows = nullptr;  ///< as left_rows
  const Sum* start = nullptr;          ///< one row for all, whole vectors; null: zeros
  bool add = false;
  Index rows;
  int vectors;    ///< of the panel, 1 to panel_vectors
  Index columns;  ///< of the result that are written, at most those of the vectors
};

/// One block of units of a recurrent layer at one step, `rows` sequences. In gates, each row has the vectors
/// of all gates one after another; the other arrays hold `vectors` vectors of units a row. lstm: input,
/// forget, cell, output; gru: candidate of the input, reset, update, candidate of the state; rnn: one.
template <class T>
struct CellForward {
  Index rows;
  int vectors;      ///< of units: 1 for lstm and gru
  T* gates;         ///< in: sums; out: what backward needs
  const T* before;  ///< lstm: cell states; gru: hidden states
  Index before_row;
  T *cell, *tanh_cell;  ///< lstm only, rows of one vector
  T* hidden;
  Index hidden_row;
};

/// From gradients of the states after a step to those of the sums, in place of the gates, and of the states
/// before.
template <class T>
struct CellBackward {
  Index rows;
  int vectors;
  T* gates;
  const T* before;
  Index before_row;
  const T* tanh_cell;  ///< lstm only
  const T* d_hidden;   ///< through the sums of the next step, or from the last state
  Index d_hidden_row;
  const T* d_output;  ///< of this step's output, or null
  Index d_output_row;
  /// Rows of one vector. lstm: gradient of the cell state; gru: of the hidden state, the part that does not
  /// pass through the sums; rnn: null.
  T* carried;
};

/// Elements that an optimizer's rule streams over.
template <class T>
struct UpdateSpan {
  Index count;
  const math::GradientTransform* steps;
  std::size_t step_count;
  T* value;
  const T* gradient;  ///< null: zeros
  std::array<T*, math::max_states> state;
};

/// One row of units at one position of one sentence.
template <class T>
struct DropoutRow {
  math::RandomKey key;
  std::uint64_t sentence;
  std::uint32_t position, threshold;
  Index count;
  T scale;
  const T* x;
  T* y;
  bool add;
};

template <class T>
struct KernelTable {
  Index lanes;  ///< elements of a vector
  void (*product)(const Product<T>&);
  /// out[step][0..lanes) = rows[i][step] for i below `rows` (at most lanes), zeros after; both strides in
  /// elements
  void (*transpose)(const T* from, Index from_row, Index rows, Index steps, T* to, Index to_step);
  /// sum[j] += x[row][j] for all rows, `vectors` whole vectors
  void (*sum_rows)(const T* x, Index x_row, Index rows, int vectors, T* sum);
  /// to = from, to += from
  void (*add)(const T* from, Index count, T* to);
  /// to = the larger of to and from, NaN if one of them is
  void (*maximum)(const T* from, Index count, T* to);
  void (*add_scaled)(T factor, const T* from, Index count, T* to);
  void (*multiply)(const T* a, const T* b, Index count, bool add, T* to);
  void (*unary)(UnaryOp, const T* x, Index count, T* y);
  void (*unary_backward)(UnaryOp, const T* y, const T* d_y, Index count, T* d_x);
  void (*lstm_forward)(const CellForward<T>&);
  void (*lstm_backward)(const CellBackward<T>&);
  void (*gru_forward)(const CellForward<T>&);
  void (*gru_backward)(const CellBackward<T>&);
  void (*rnn_tanh_forward)(const CellForward<T>&);
  void (*rnn_tanh_backward)(const CellBackward<T>&);
  void (*rnn_relu_forward)(const CellForward<T>&);
  void (*rnn_relu_backward)(const CellBackward<T>&);
  void (*dropout)(const DropoutRow<T>&);
  /// gradient = steps(gradient), written to `to`
  void (*apply_steps)(const UpdateSpan<T>&, T* to);
  /// One for each rule of math::UpdateRule, which `rule` points to.
  std::array<void (*)(const void* rule, const UpdateSpan<T>&), std::variant_size_v<math::UpdateRule>> update;
};

}  // namespace lstmlib::cpu
