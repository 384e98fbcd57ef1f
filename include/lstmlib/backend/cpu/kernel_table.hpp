// SPDX-License-Identifier: MIT
#pragma once
// Arguments of the vector kernels, and the table of kernels that each instruction set fills
// (kernel_sets.hpp). Kernels work on plain memory, run on one thread and allocate nothing. Their callers
// divide the work.

#include "lstmlib/backend/kernels/tensor.hpp"
#include "lstmlib/base/index.hpp"
#include "lstmlib/math/philox.hpp"
#include "lstmlib/math/update_rules.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Maximum number of vectors of a panel's row: the width of a register tile.
inline constexpr int panel_vectors = 4;

/// Packed elements: several numbers that follow each other along the inner dimension, the first in the lowest
/// bits. Two bfloat16, or four bytes (unsigned in the left matrix, signed in the right one). The last element
/// is padded with zeros.
struct Bf16Pair {
  std::uint32_t bits;
};
struct Int8Quad {
  std::uint32_t bits;
};

/// result = or += bias + left right, for one panel of columns. The inner dimension has `parts` parts of
/// `depth` elements. An element is a number of the sums' type, Bf16Pair with float sums, or Int8Quad with
/// std::int32_t sums. Every sum adds parts and elements in order, for any number of rows: dividing the rows
/// changes no bit.
template <class Sum, class Packed = Sum>
struct Product {
  const Packed* left;  ///< (row, part, k) is at row left_row + part left_part + k left_step
  Index left_row, left_step, left_part = 0;
  const Index* left_rows = nullptr;  ///< row i of the result uses row left_rows[i] of left; null: row i
  const Packed* right;               ///< row (part, k) is at (part depth + k) right_step
  Index right_step;
  Index depth, parts = 1;
  Sum* result;  ///< row i is at i result_row
  Index result_row;
  const Index* result_rows = nullptr;  ///< like left_rows
  const Sum* bias = nullptr;           ///< one row for all rows, whole vectors; null: zeros
  bool add = false;
  Index rows;
  int vectors;    ///< of the panel, 1 to panel_vectors
  Index columns;  ///< columns to write, at most those of the vectors
};

/// One step of one block of units for `rows` sequences. A row of `gates` has the vectors of all gates one
/// after another; rows of the other arrays have `vectors` vectors of units. Order of gates: lstm: input,
/// forget, cell, output; gru: input's part of the candidate, reset, update, state's part of the candidate;
/// rnn: one.
template <class T>
struct CellForward {
  Index rows;
  int vectors;      ///< of units: 1 for lstm and gru
  T* gates;         ///< in: pre-activations; out: what backward needs
  const T* before;  ///< lstm: cell states; gru: hidden states
  Index before_row;
  T *cell, *tanh_cell;  ///< lstm only, rows of one vector
  T* hidden;
  Index hidden_row;
  // Custom cells. `before` and `cell` are those of the first state after the hidden state, rows of the units.
  Index gate_row;
  const T* hidden_before;  ///< rows as of `hidden`
  Index next_state;        ///< from the array of a state to that of the next one
  const T* parameters;     ///< [parameters][units]
};

/// Computes the gradients of the pre-activations, in place of the gates, and of the states before the step
/// from those of the states after it.
template <class T>
struct CellBackward {
  Index rows;
  int vectors;
  T* gates;
  const T* before;
  Index before_row;
  const T* tanh_cell;  ///< lstm only
  const T* d_hidden;   ///< through the pre-activations of the next step, or of the last state
  Index d_hidden_row;
  const T* d_output;  ///< gradient of this step's output, or null
  Index d_output_row;
  /// Rows of one vector. lstm: gradient of the cell state; gru: the part of the hidden state's gradient that
  /// does not pass through the pre-activations; rnn: null. custom: as of gru, and those of the other states
  /// after it, `next_carried` elements apart.
  T* carried;
  // Custom cells, as in CellForward.
  Index gate_row;
  const T* hidden_before;
  Index hidden_before_row, next_state, next_carried;
  const T* parameters;
};

/// Elements of a parameter that an optimizer's rule updates.
template <class T>
struct UpdateSpan {
  Index count;
  const math::GradientTransform* transforms;
  std::size_t transform_count;
  T* value;
  const T* gradient;  ///< null: zeros
  std::array<T*, math::max_states> state;
};

/// Dropout of one row: one position of one sentence.
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
  /// out[step][0..lanes) = rows[i][step] for i below `rows` (at most `lanes`), then zeros. Strides are in
  /// elements.
  void (*transpose)(const T* from, Index from_row, Index rows, Index steps, T* to, Index to_step);
  /// sum[j] += x[row][j] over all rows, for `vectors` whole vectors.
  void (*sum_rows)(const T* x, Index x_row, Index rows, int vectors, T* sum);
  /// to += from
  void (*add)(const T* from, Index count, T* to);
  /// to = max(to, from), NaN if one of them is.
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
  /// to = steps(gradient)
  void (*transform_gradient)(const UpdateSpan<T>&, T* to);
  /// One per alternative of math::UpdateRule. `rule` points to the alternative.
  std::array<void (*)(const void* rule, const UpdateSpan<T>&), std::variant_size_v<math::UpdateRule>> update;
};

}  // namespace lstmlib::cpu
