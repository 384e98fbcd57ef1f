// SPDX-License-Identifier: MIT
#pragma once
// Kernels that exist for float32 alone: products in bfloat16, and the steps of packed recurrent layers. As in
// kernel_table.hpp, each instruction set fills the tables.

#include "lstmlib/backend/cpu/kernel_table.hpp"
#include "lstmlib/backend/kernels/recurrent.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// One step of a layer for `rows` sequences and the blocks of units `first_block` to `last_block` - 1. Blocks
/// and columns of gates as in RecurrentLayout. Unit: what the recurrent weights and the states they multiply
/// are stored as. The states before are multiplied, the product is added to the sums of the input, and the
/// cell is applied.
template <class Unit>
struct InferenceStep {
  Index rows, first_block, last_block;
  int vectors;               ///< of gates of a block: 4 for lstm and gru, those of the units for rnn
  const float* const* sums;  ///< of the input, row i: [blocks][vectors]
  const Unit* before;  ///< hidden states, rows of `operand_row` units; null before the first step: zeros
  Unit* after;         ///< the same after the step
  Index operand_row;
  const Unit* weights;  ///< [blocks][steps][vectors of the hidden state's gates]
  Index steps;          ///< units of the inner dimension
  const std::int32_t*
      start;           ///< Int8Quad: [blocks][vectors of the hidden state's], what the sums begin with,
  const float* scale;  ///< and what they are multiplied with
  float* state;        ///< lstm: cell states, gru: hidden states, [rows][state_row], overwritten; rnn: null
  Index state_row;
  float* const* hidden;  ///< row i: [units of all blocks], hidden states after the step
};

struct Bf16KernelTable {
  void (*product)(const Product<float, Bf16Pair>&);
  /// To the nearest bfloat16, ties to even; subnormal numbers may become zeros of their sign, as which
  /// products of the instruction sets with BF16 count them.
  void (*round_to_bf16)(const float* from, Index count, std::uint16_t* to);
  /// to[i] = (first[i], second[i]); second may be null: zeros.
  void (*round_pairs)(const float* first, const float* second, Index count, Bf16Pair* to);
};

struct InferenceKernelTable {
  void (*product_int8)(const Product<std::int32_t, Int8Quad>&);
  /// By RecurrentCell.
  std::array<void (*)(const InferenceStep<float>&), 4> step_fp32;
  std::array<void (*)(const InferenceStep<Bf16Pair>&), 4> step_bf16;
  std::array<void (*)(const InferenceStep<Int8Quad>&), 4> step_int8;
};

}  // namespace lstmlib::cpu
