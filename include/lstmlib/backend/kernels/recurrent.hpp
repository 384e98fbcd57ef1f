// SPDX-License-Identifier: MIT
#pragma once
// Kernels of recurrent layers. One call computes one layer in one direction over a ragged batch.

#include "lstmlib/backend/sequence_layout.hpp"
#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/base/precision.hpp"

#include <cstddef>

namespace lstmlib::inline LSTMLIB_ABI {

/// Order of the gates in the rows of weights and biases: lstm: input, forget, cell, output; gru: reset,
/// update, candidate; rnn: one.
enum class RecurrentCell : std::uint8_t { lstm, gru, rnn_tanh, rnn_relu };

constexpr Index gate_count(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1;
}

template <Real T>
struct RecurrentProblem {
  RecurrentCell cell;
  bool reverse;  ///< starts at the last row of each sequence
  const SequenceLayout& layout;
  View<const T> input;                    ///< [rows, input_size]
  View<const T> weight_input;             ///< [gates hidden_size, input_size]
  View<const T> weight_hidden;            ///< [gates hidden_size, hidden_size]
  View<const T> bias_input, bias_hidden;  ///< [gates hidden_size]
  View<const T> initial_hidden,
      initial_cell;                       ///< [sequences, hidden_size]; null: zeros; initial_cell: lstm only
  Precision precision = Precision::fp32;  ///< of the products' operands; never int8, fp32 where T is double

  [[nodiscard]] Index input_size() const { return weight_input.shape[1]; }
  [[nodiscard]] Index hidden_size() const { return weight_hidden.shape[1]; }
  Index gates() const { return gate_count(cell); }
};

template <class T>
struct RecurrentResult {
  View<T> hidden;       ///< [rows, hidden_size], in the order of the input for both directions
  View<T> last_hidden;  ///< [sequences, hidden_size]; after the first row if reverse
  View<T> last_cell;    ///< the same; lstm only
};

/// Gradients to add to. Null: not needed.
template <class T>
struct RecurrentGradients {
  View<T> input, weight_input, weight_hidden, bias_input, bias_hidden, initial_hidden, initial_cell;
};

template <Real T>
class RecurrentKernels {
 public:
  virtual ~RecurrentKernels() = default;
  /// Bytes that forward saves for backward. The layout is private to the back end.
  virtual std::size_t saved_bytes(const RecurrentProblem<T>&) const = 0;
  /// If `saved` is null, there will be no backward pass.
  virtual void forward(const RecurrentProblem<T>&, const RecurrentResult<T>&, void* saved) = 0;
  /// May overwrite `saved`. A gradient in `d_result` is null if the loss does not depend on that result.
  virtual void backward(const RecurrentProblem<T>&, const RecurrentResult<const T>& result, void* saved,
                        const RecurrentResult<const T>& d_result, const RecurrentGradients<T>&) = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI
