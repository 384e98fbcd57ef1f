// SPDX-License-Identifier: MIT
#pragma once
// One layer in one direction, packed for inference. Input weights are panels; recurrent weights have the
// layout that the step kernels read.

#include "lstmlib/backend/cpu/packed_array.hpp"
#include "lstmlib/backend/cpu/recurrent_layout.hpp"
#include "lstmlib/backend/kernels/inference.hpp"

#include <bit>
#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

struct InferenceKernels {
  const KernelTable<float>& common;
  const Bf16KernelTable& bf16;
  const InferenceKernelTable& steps;
};

/// Units are divided into blocks as in RecurrentLayout. A block has all gates of one vector of units; a plain
/// RNN has up to four vectors of units in a block.
class InferenceLayer {
 public:
  InferenceLayer(const CellType<float>& cell, const InferenceLayerWeights& p, Precision precision,
                 const InferenceKernels& kernels)
      : cell_(cell),
        precision_(without_gpu(precision)),
        kernels_(kernels),
        columns_(CellKernels<float>::of(cell, kernels.common)),
        input_size_(p.weight_input.shape[1]),
        hidden_size_(p.weight_hidden.shape[1]) {
    // The states of relu are unbounded, so they cannot be scaled to bytes; those of custom cells may be.
    if ((cell == RecurrentCell::rnn_relu || cell.custom) && precision_ == Precision::int8)
      precision_ = Precision::bf16;
    const Index lanes = kernels_.common.lanes;
    unit_vectors_ = static_cast<int>(
        std::clamp<Index>(panel_vectors / columns_.columns, 1, divide_up(hidden_size_, lanes)));
    block_units_ = unit_vectors_ * lanes;
    blocks_ = divide_up(hidden_size_, block_units_);
    weight_input_ = PackedArray<float>(blocks_ * input_size_ * input_row());
    bias_ = PackedArray<float>(blocks_ * gate_row());
    pack_input(p);
    pack_hidden(p.weight_hidden);
    pack_parameters(p.parameters);
  }

  const CellType<float>& cell() const { return cell_; }
  Index input_size() const { return input_size_; }
  Index hidden_size() const { return hidden_size_; }
  Index blocks() const { return blocks_; }
  /// Units of all blocks: length of a row of hidden states.
  Index width() const { return blocks_ * block_units_; }
  Index projection_row() const { return blocks_ * gate_row(); }  ///< length of a row of input projections
  /// Length in floats of a row of hidden states in the format that the kernels multiply.
  Index operand_row() const { return divide_up(width(), pack_size()); }
  /// Arrays of states [width()] that a sequence carries along besides its operands. At least one.
  Index states() const { return cell_.custom ? cell_.custom->states : 1; }
  Index state_row() const { return states() * width(); }  ///< all of them
  std::size_t bytes() const {
    return weight_input_.bytes() + bias_.bytes() + weight_hidden_.bytes() + compensation_.bytes() +
           scale_.bytes() + parameters_.bytes();
  }
  /// Multiply-adds of one step of one sequence.
  Index step_size() const { return blocks_ * block_units_ * columns_.hidden_columns * hidden_size_; }

  /// Rows to multiply by the input weights. The features of a row may be in several parts of equal size.
  struct Input {
    const float* x;
    Index row;                       ///< stride between rows
    Index parts = 1, part = 0;       ///< stride between parts of a row
    const Index* rows_of = nullptr;  ///< row i is row rows_of[i] of x; null: row i
  };

  /// Input projections of blocks `first` to `last` - 1: projections [rows, projection_row()] = weights input
  /// + both biases.
  void project(const Input& input, Index rows, Index first, Index last, float* projections) const {
    for (Index block = first; block < last; ++block) {
      const float* bias = bias_.data() + block * gate_row();
      Product<float> product{};
      product.left = input.x;
      product.left_row = input.row;
      product.left_step = 1;
      product.left_part = input.part;
      product.left_rows = input.rows_of;
      product.right = weight_input_.data() + block * input_size_ * input_row();
      product.right_step = input_row();
      product.parts = input.parts;
      product.depth = input_size_ / input.parts;
      product.result = projections + block * gate_row();
      product.result_row = projection_row();
      product.bias = bias;
      product.rows = rows;
      product.columns = input_row();
      product.vectors = static_cast<int>(product.columns / kernels_.common.lanes);
      kernels_.common.product(product);
      for (Index row = 0; row < rows; ++row)  // columns that only the state has
        std::copy(bias + input_row(), bias + gate_row(),
                  product.result + row * projection_row() + input_row());
    }
  }

  /// One step of blocks `first` to `last` - 1 of `rows` sequences. Pointers are as in InferenceStep; rows of
  /// hidden states have operand_row() floats.
  void step(Index rows, Index first, Index last, const float* const* projections, const float* before,
            float* after, float* state, float* const* hidden) const {
    if (cell_.custom) {
      for (Index block = first; block < last; ++block)
        custom_step(rows, block, projections, before, after, state, hidden);
      return;
    }
    const auto run = [&]<class Packed>(void (*kernel)(const InferenceStep<Packed>&)) {
      InferenceStep<Packed> step{};
      step.rows = rows, step.first_block = first, step.last_block = last;
      step.vectors = static_cast<int>(gate_row() / kernels_.common.lanes);
      step.projections = projections;
      step.before = reinterpret_cast<const Packed*>(before);
      step.after = reinterpret_cast<Packed*>(after);
      step.operand_row = operand_row();
      step.weights = reinterpret_cast<const Packed*>(weight_hidden_.data());
      step.depth = divide_up(hidden_size_, pack_size());
      step.compensation = compensation_.data(), step.scale = scale_.data();
      step.state = state, step.state_row = state_row();
      step.hidden = hidden;
      kernel(step);
    };
    const auto cell = static_cast<std::size_t>(cell_.kind);
    switch (precision_) {
      case Precision::bf16: return run(kernels_.steps.step_bf16[cell]);
      case Precision::int8: return run(kernels_.steps.step_int8[cell]);
      default: return run(kernels_.steps.step_fp32[cell]);
    }
  }

 private:
  /// One block of a custom cell: product, formulas, rounding.
  void custom_step(Index rows, Index block, const float* const* projections, const float* before,
                   float* after, float* state, float* const* hidden) const {
    Scratch scratch;
    const Index row_size = columns_.kept_vectors * block_units_, at = block * block_units_;
    float* gates = scratch.take<float>({rows, row_size}).data;
    for (Index row = 0; row < rows; ++row)
      std::copy_n(projections[row] + block * gate_row(), gate_row(), gates + row * row_size);
    const auto multiply = [&]<class Packed>(void (*product_of)(const Product<float, Packed>&)) {
      const Index depth = divide_up(hidden_size_, pack_size());
      Product<float, Packed> product{};
      product.left = reinterpret_cast<const Packed*>(before);
      product.left_row = operand_row();
      product.left_step = 1;
      product.right = reinterpret_cast<const Packed*>(weight_hidden_.data()) + block * depth * hidden_row();
      product.right_step = hidden_row();
      product.depth = depth;
      product.result = gates + gate_row() - hidden_row();
      product.result_row = row_size;
      product.add = true;
      product.rows = rows;
      product.columns = hidden_row();
      product.vectors = static_cast<int>(product.columns / kernels_.common.lanes);
      product_of(product);
    };
    if (before && precision_ == Precision::fp32) multiply(kernels_.common.product);
    else if (before) multiply(kernels_.bf16.product);
    CellForward<float> cell{};
    cell.rows = rows;
    cell.vectors = unit_vectors_;
    cell.gates = gates;
    cell.gate_row = row_size;
    cell.hidden_before = cell.hidden = state + at;
    cell.before = cell.cell = state + width() + at;
    cell.hidden_row = cell.before_row = state_row();
    cell.next_state = width();
    cell.parameters = parameters_.data() + block * cell_.parameters() * block_units_;
    columns_.forward(cell);
    for (Index row = 0; row < rows; ++row) {
      const float* from = cell.hidden + row * state_row();
      std::copy_n(from, block_units_, hidden[row] + at);
      if (precision_ == Precision::fp32) std::copy_n(from, block_units_, after + row * operand_row() + at);
      else
        kernels_.bf16.round_to_bf16(from, block_units_,
                                    reinterpret_cast<std::uint16_t*>(after + row * operand_row()) + at);
    }
  }

  Index gate_row() const { return columns_.columns * block_units_; }
  Index input_row() const { return columns_.input_columns * block_units_; }
  Index hidden_row() const { return columns_.hidden_columns * block_units_; }
  Index pack_size() const {
    return precision_ == Precision::fp32 ? 1 : precision_ == Precision::bf16 ? 2 : 4;
  }
  int hidden_gate(int column) const {
    return columns_.order[static_cast<std::size_t>(column + columns_.first_hidden_column())];
  }

  /// Calls `use(block, element, row)` for each weight row and its element in a row of a block. Skips padding.
  template <class GateOf, class Use>
  void for_each_row(int columns, GateOf gate_of, Use use) const {
    for (Index block = 0; block < blocks_; ++block)
      for (int column = 0; column < columns; ++column)
        for (Index i = 0; i < block_units_ && block * block_units_ + i < hidden_size_; ++i)
          use(block, column * block_units_ + i, gate_of(column) * hidden_size_ + block * block_units_ + i);
  }

  void pack_input(const InferenceLayerWeights& p) {
    const auto gate_of = [this](int column) { return columns_.order[static_cast<std::size_t>(column)]; };
    for_each_row(columns_.input_columns, gate_of, [&](Index block, Index element, Index row) {
      float* to = weight_input_.data() + block * input_size_ * input_row() + element;
      for (Index k = 0; k < input_size_; ++k)
        to[k * input_row()] = p.weight_input.data[row * input_size_ + k];
      bias_.data()[block * gate_row() + element] += p.bias_input.data[row];
    });
    for_each_row(
        columns_.hidden_columns, [this](int column) { return hidden_gate(column); },
        [&](Index block, Index element, Index row) {
          bias_.data()[block * gate_row() + gate_row() - hidden_row() + element] += p.bias_hidden.data[row];
        });
  }

  void pack_hidden(View<const float> weights) {
    const Index n = hidden_size_, depth = divide_up(n, pack_size()), row_size = hidden_row();
    weight_hidden_ = PackedArray<std::uint32_t>(blocks_ * depth * row_size);
    if (precision_ == Precision::int8) {
      compensation_ = PackedArray<std::int32_t>(blocks_ * row_size);
      scale_ = PackedArray<float>(blocks_ * row_size);
    }
    for_each_row(
        columns_.hidden_columns, [this](int column) { return hidden_gate(column); },
        [&](Index block, Index element, Index row) {
          const float* from = weights.data + row * n;
          std::uint32_t* to = weight_hidden_.data() + block * depth * row_size + element;
          if (precision_ == Precision::fp32)
            for (Index k = 0; k < n; ++k) to[k * row_size] = std::bit_cast<std::uint32_t>(from[k]);
          else if (precision_ == Precision::bf16)
            for (Index k = 0; k < depth; ++k) {
              const float last = 2 * k + 1 < n ? from[2 * k + 1] : 0;
              Bf16Pair pair;
              kernels_.bf16.round_pairs(from + 2 * k, &last, 1, &pair);
              to[k * row_size] = pair.bits;
            }
          else pack_bytes(from, to, block * row_size + element);
        });
  }

  void pack_parameters(View<const float> parameters) {
    const Index count = cell_.parameters();
    parameters_ = PackedArray<float>(blocks_ * count * block_units_);
    for (Index i = 0; i < count * hidden_size_; ++i) {
      const Index unit = i % hidden_size_;
      parameters_
          .data()[(unit / block_units_ * count + i / hidden_size_) * block_units_ + unit % block_units_] =
          parameters.data[i];
    }
  }

  /// Quantizes one row to bytes; `at` is the index of its scale and compensation. A state h is the byte 128 +
  /// 127 h.
  void pack_bytes(const float* from, std::uint32_t* to, Index at) {
    float largest = 0;
    for (Index k = 0; k < hidden_size_; ++k) largest = std::fmax(largest, std::fabs(from[k]));
    const float scale = largest > 0 ? largest / 127 : 1;
    std::int32_t sum = 0;
    for (Index k = 0; k < hidden_size_; ++k) {
      const auto byte =
          static_cast<std::int32_t>(std::nearbyint(std::clamp(from[k] / scale, -127.0f, 127.0f)));
      to[k / 4 * hidden_row()] |= static_cast<std::uint32_t>(byte & 0xff) << (k % 4 * 8);
      sum += byte;
    }
    compensation_.data()[at] = -128 * sum;
    scale_.data()[at] = scale / 127;
  }

  CellType<float> cell_;
  Precision precision_;
  InferenceKernels kernels_;  ///< those that the layout was made for, even if others are chosen later
  CellKernels<float> columns_;
  Index input_size_, hidden_size_;
  int unit_vectors_ = 1;
  Index block_units_ = 0, blocks_ = 0;
  PackedArray<float> weight_input_;           ///< [blocks][input_size][input_row]
  PackedArray<float> bias_;                   ///< [blocks][gate_row]: the biases
  PackedArray<std::uint32_t> weight_hidden_;  ///< [blocks][packed hidden_size][hidden_row]
  PackedArray<std::int32_t> compensation_;    ///< int8: [blocks][hidden_row]
  PackedArray<float> scale_;                  ///< int8: [blocks][hidden_row]
  PackedArray<float> parameters_;             ///< [blocks][parameters][block_units]
};

}  // namespace lstmlib::cpu
