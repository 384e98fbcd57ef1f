// SPDX-License-Identifier: MIT
#pragma once
// The common part of all ways to run a recurrent layer: everything before and after its steps. Rows are
// brought to time-major order (then a row is a token), and the pre-activations of a unit are adjacent.

#include "lstmlib/backend/cuda/pointwise/recurrent_layout.hpp"
#include "lstmlib/backend/cuda/gemm.cuh"
#include "lstmlib/backend/cuda/kernels/for_each.cuh"
#include "lstmlib/backend/cuda/recurrent/time_order.hpp"

#include <cstddef>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Its scratch memory lives as long as the object.
template <Real T>
class RecurrentWork {
 public:
  /// A matrix and, depending on the precision, its bfloat16 version or its two parts.
  struct Operand {
    View<const T> numbers;
    View<const Bf16> rounded;
    SplitMatrix split;

    /// Not for a matrix in two parts.
    Operand rows(Index first, Index count) const {
      return {part(numbers, first, count), part(rounded, first, count), {}};
    }
  };

  RecurrentWork(Context& context, const RecurrentProblem<T>& problem, const TimeOrderView& time_order)
      : p(problem),
        order(time_order),
        tokens(p.layout.rows()),
        sequences(p.layout.sequences()),
        hidden_size(p.hidden_size()),
        input_size(p.input_size()),
        cell(pointwise::GateColumns::of(p.cell)),
        columns(cell.count()),
        width(hidden_size * columns),
        context_(context),
        scratch_(context) {}

  Context& context() { return context_; }
  const std::int32_t* rows() const { return order.rows[p.reverse]; }  ///< rows of the tokens
  View<T> take(Shape shape) { return scratch_.template take<T>(shape); }
  void* take_bytes(std::size_t bytes) {
    return scratch_.template take<std::byte>({static_cast<Index>(bytes)}).data;
  }
  template <class Body>
  void each_in_rows(Index count, Index size, const Body& body) {
    for_each_in_rows(context_, count, size, body);
  }

  /// Rounds the matrix if the precision requires it.
  Operand operand(View<const T> matrix) {
    if constexpr (std::is_same_v<T, float>)
      if (p.precision == Precision::bf16) {
        const View<Bf16> rounded = scratch_.take<Bf16>(matrix.shape);
        round_to_bf16(context_.stream, matrix, rounded);
        return {matrix, rounded, {}};
      }
    return {matrix, {}, {}};
  }
  /// The same for products of gradients, which may use two parts with 16 bits in total.
  Operand gradient_operand(View<const T> matrix, SplitMatrix::Side side) {
    if constexpr (std::is_same_v<T, float>)
      if (splits_gradients) {
        const SplitMatrix split(scratch_.take<Bf16>(matrix.shape.with_rows(3 * matrix.shape.rows())), side);
        split.fill(context_.stream, matrix);
        return {matrix, {}, split};
      }
    return operand(matrix);
  }
  /// result = or += left right
  void multiply(const Operand& left, bool left_transposed, const Operand& right, bool right_transposed,
                View<T> result, OutputMode how) {
    if constexpr (std::is_same_v<T, float>) {
      if (left.split) return gemm(context_, left.split, left_transposed, right.split, result, how);
      if (left.rounded)
        return gemm(context_, MatrixOperand<Bf16>(left.rounded, left_transposed),
                    MatrixOperand<Bf16>(right.rounded, right_transposed), result, how);
      gemm(context_, MatrixOperand<float>(left.numbers, left_transposed),
           MatrixOperand<float>(right.numbers, right_transposed), result, how, p.precision);
    } else {
      gemm(context_, MatrixOperand<T>(left.numbers, left_transposed),
           MatrixOperand<T>(right.numbers, right_transposed), result, how);
    }
  }

  /// Weights of the input or of the state, [width, inner], with rows in the order of the columns.
  Operand weights(bool of_state) { return operand(packed_weights(of_state)); }
  /// Sums of both biases, [hidden_size, columns].
  const T* biases() {
    const View<T> packed = take({hidden_size, columns});
    each_in_rows(hidden_size, columns,
                 pointwise::PackBiases<T>{cell, hidden_size, columns, p.bias_input.data, p.bias_hidden.data,
                                          packed.data});
    return packed.data;
  }
  /// Rows of `from` [rows, size] in the order of tokens.
  View<T> in_time_order(View<const T> from, Index size) {
    const View<T> taken = take({tokens, size});
    each_in_rows(tokens, size, pointwise::TakeRows<T>{size, rows(), from.data, taken.data});
    return taken;
  }
  /// States of the sequences, [sequences, hidden_size], longest sequence first. Zeros if `from` is null.
  View<T> take_states(View<const T> from) {
    const View<T> taken = take({sequences, hidden_size});
    each_in_rows(sequences, hidden_size,
                 pointwise::TakeRows<T>{hidden_size, order.sequences, from.data, taken.data});
    return taken;
  }
  /// Hidden states before each token, [tokens, hidden_size].
  View<const T> states_before(View<const T> hidden) {
    const View<T> taken = take({tokens, hidden_size});
    each_in_rows(tokens, hidden_size,
                 pointwise::TakeStatesBefore<T>{hidden_size, order.before[p.reverse], hidden.data,
                                                p.initial_hidden.data, taken.data});
    return taken;
  }
  void add_states(const T* from, View<T> to) {
    if (to)
      each_in_rows(sequences, hidden_size,
                   pointwise::AddToPlaces<T>{hidden_size, order.sequences, from, to.data});
  }

  /// projections [tokens, width] = inputs times input weights
  void multiply_inputs(View<T> projections) {
    multiply(operand(in_time_order(p.input, input_size)), false, weights(false), true, projections,
             OutputMode::overwrite);
  }

  /// Adds the gradients of weights, biases and inputs. `gradients` [tokens, width]: those of the
  /// pre-activations; hidden_before [tokens, hidden_size]: states before each token.
  void add_gradients(View<const T> gradients, View<const T> hidden_before, const RecurrentGradients<T>& d) {
    using Side = SplitMatrix::Side;
    const Operand d_gates = gradient_operand(gradients, Side::left);
    if (d.weight_input)
      add_weights(false, d_gates, gradient_operand(in_time_order(p.input, input_size), Side::right),
                  d.weight_input);
    if (d.weight_hidden) add_weights_of_states(d_gates, hidden_before, d.weight_hidden);
    if (d.bias_input || d.bias_hidden) add_biases(gradients, d);
    if (d.input) {
      const View<T> d_inputs = take({tokens, input_size});
      multiply(d_gates, false, gradient_operand(packed_weights(false), Side::right), false, d_inputs,
               OutputMode::overwrite);
      each_in_rows(tokens, input_size,
                   pointwise::AddToPlaces<T>{input_size, rows(), d_inputs.data, d.input.data});
    }
  }

  const RecurrentProblem<T>& p;
  const TimeOrderView& order;
  Index tokens, sequences, hidden_size, input_size;
  pointwise::GateColumns cell;
  Index columns;                  ///< pre-activations per unit
  Index width;                    ///< pre-activations of all units
  bool splits_gradients = false;  ///< products of gradients may have 16 bits; float32 only

 private:
  template <class Any>
  static View<const Any> part(View<const Any> whole, Index first, Index count) {
    if (!whole) return {};
    return {whole.data + first * whole.shape.row_size(), whole.shape.with_rows(count)};
  }

  View<const T> packed_weights(bool of_state) {
    const View<const T> given = of_state ? p.weight_hidden : p.weight_input;
    if (columns == 1) return given;
    const Index inner = given.shape.row_size();
    const View<T> packed = take({width, inner});
    each_in_rows(
        width, inner,
        pointwise::PackWeights<T>{cell, of_state, hidden_size, inner, columns, given.data, packed.data});
    return packed;
  }
  void add_weights_of_states(const Operand& d_gates, View<const T> hidden_before, View<T> d_weights) {
    if (splits_gradients)
      return add_weights(true, d_gates, gradient_operand(hidden_before, SplitMatrix::Side::right), d_weights);
    // The first tokens start from zeros, unless there is an initial state.
    const Index first = p.initial_hidden ? 0 : p.layout.batch_size_at(0), count = tokens - first;
    if (count > 0)
      add_weights(true, d_gates.rows(first, count), operand(part(hidden_before, first, count)), d_weights);
  }
  void add_weights(bool of_state, const Operand& d_gates, const Operand& right, View<T> d_weights) {
    if (columns == 1) return multiply(d_gates, true, right, false, d_weights, OutputMode::accumulate);
    const Index inner = d_weights.shape.row_size();
    const View<T> packed = take({width, inner});
    multiply(d_gates, true, right, false, packed, OutputMode::overwrite);
    each_in_rows(d_weights.shape.rows(), inner,
                 pointwise::AddPackedWeights<T>{cell, of_state, hidden_size, inner, columns, packed.data,
                                                d_weights.data});
  }
  void add_biases(View<const T> d_gates, const RecurrentGradients<T>& d) {
    constexpr Index chunk = 32;  // enough threads for a device, few partial sums
    const Index chunks = (tokens + chunk - 1) / chunk;
    const View<T> partial = take({chunks, width});
    each_in_rows(chunks, width, pointwise::SumChunks<T>{tokens, width, chunk, d_gates.data, partial.data});
    each_in_rows(1, p.gates() * hidden_size,
                 pointwise::AddBiases<T>{cell, hidden_size, columns, chunks, partial.data, d.bias_input.data,
                                         d.bias_hidden.data});
  }

  Context& context_;
  Scratch scratch_;
};

}  // namespace lstmlib::cuda
