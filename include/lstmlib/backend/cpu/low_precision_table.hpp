// SPDX-License-Identifier: MIT
#pragma once
// Kernels that exist only for float32: products in bfloat16 and int8, and the steps of packed recurrent
// layers. Each instruction set fills the tables, as in kernel_table.hpp.

#include "lstmlib/backend/cpu/kernel_table.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// One step of a packed layer for `rows` sequences and the blocks of units `first_block` to `last_block` - 1.
/// Blocks and gate columns are as in RecurrentLayout. The kernel multiplies the previous states by the
/// recurrent weights, adds the product to the input projections and applies the cell. `Packed` is the storage
/// format of the recurrent weights and of the states that they multiply.
template <class Packed>
struct InferenceStep {
  Index rows, first_block, last_block;
  int vectors;                      ///< of a block's gates: 4 for lstm and gru, those of the units for rnn
  const float* const* projections;  ///< input projections; row i: [blocks][vectors]
  const Packed* before;  ///< hidden states, rows of `operand_row` elements; null before the first step: zeros
  Packed* after;         ///< hidden states after the step, same layout
  Index operand_row;
  const Packed* weights;  ///< [blocks][depth][vectors of the hidden state's gates]
  Index depth;            ///< packed elements of the inner dimension
  /// Int8Quad: [blocks][vectors of the hidden state's gates], added to the sums because states are bytes
  /// with an offset
  const std::int32_t* compensation;
  const float* scale;  ///< factor that turns the sums into floats
  float* state;        ///< lstm: cell states, gru: hidden states, [rows][state_row], overwritten; rnn: null
  Index state_row;
  float* const* hidden;  ///< hidden states after the step; row i: [units of all blocks]
};

struct Bf16KernelTable {
  void (*product)(const Product<float, Bf16Pair>&);
  /// Rounds to the nearest bfloat16, ties to even. Subnormal numbers may become zeros of the same sign, which
  /// is how BF16 instructions treat them in products.
  void (*round_to_bf16)(const float* from, Index count, std::uint16_t* to);
  /// to[i] = (first[i], second[i]). If `second` is null, zeros.
  void (*round_pairs)(const float* first, const float* second, Index count, Bf16Pair* to);
};

struct InferenceKernelTable {
  void (*product_int8)(const Product<std::int32_t, Int8Quad>&);
  /// Indexed by RecurrentCell.
  std::array<void (*)(const InferenceStep<float>&), 4> step_fp32;
  std::array<void (*)(const InferenceStep<Bf16Pair>&), 4> step_bf16;
  std::array<void (*)(const InferenceStep<Int8Quad>&), 4> step_int8;
};

}  // namespace lstmlib::cpu
