// SPDX-License-Identifier: MIT
#pragma once
// Kernels of recurrent layers. One call computes one layer in one direction over a ragged batch.

#include "lstmlib/backend/sequence_layout.hpp"
#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/dtype.hpp"
#include "lstmlib/base/precision.hpp"

#include <array>
#include <cstddef>

namespace lstmlib::inline LSTMLIB_ABI {

/// Order of the gates in the rows of weights and biases: lstm: input, forget, cell, output; gru: reset,
/// update, candidate; rnn: one. custom: a cell that the program defines, see CustomCell.
enum class RecurrentCell : std::uint8_t { lstm, gru, rnn_tanh, rnn_relu, custom };

constexpr Index gate_count(RecurrentCell cell) {
  return cell == RecurrentCell::lstm ? 4 : cell == RecurrentCell::gru ? 3 : 1;
}

namespace cpu {
template <class T>
struct CellForward;
template <class T>
struct CellBackward;
}  // namespace cpu

/// A cell that the program defines, without its type. cell.hpp makes one from a struct of formulas.
template <class T>
struct CustomCell {
  int gates;       ///< blocks of rows of the weights
  int states;      ///< with the hidden state, which is the first
  int separate;    ///< the last gates, whose parts of the input and of the state are not added
  int parameters;  ///< numbers of a unit besides its weights
  int saved;       ///< numbers of a unit and step that forward keeps for backward
  double (*initial_bias)(int gate);
  /// For vectors of 16, 32 and 64 bytes.
  std::array<void (*)(const cpu::CellForward<T>&), 3> forward;
  std::array<void (*)(const cpu::CellBackward<T>&), 3> backward;
  /// Where cuda_cell_steps is.
  const void* const* cuda;
};

/// The steps of a cell on GPUs: a cuda::CellSteps<T>, which cuda::install_cell sets.
template <class T, class Cell>
inline const void* cuda_cell_steps = nullptr;

/// One of the library's cells or one of the program's. Converts from both.
template <class T>
struct CellType {
  RecurrentCell kind;
  const CustomCell<T>* custom = nullptr;

  constexpr CellType() : kind(RecurrentCell::lstm) {}
  constexpr CellType(RecurrentCell built_in) : kind(built_in) {}
  constexpr CellType(const CustomCell<T>& cell) : kind(RecurrentCell::custom), custom(&cell) {}
  constexpr operator RecurrentCell() const { return kind; }
  constexpr Index gates() const { return custom ? custom->gates : gate_count(kind); }
  /// States besides the hidden state.
  constexpr Index cell_states() const { return custom ? custom->states - 1 : kind == RecurrentCell::lstm; }
  constexpr Index parameters() const { return custom ? custom->parameters : 0; }
  constexpr bool is(const CellType& other) const { return kind == other.kind && custom == other.custom; }
};

template <Real T>
struct RecurrentProblem {
  CellType<T> cell;
  bool reverse;  ///< starts at the last row of each sequence
  const SequenceLayout& layout;
  View<const T> input;                    ///< [rows, input_size]
  View<const T> weight_input;             ///< [gates hidden_size, input_size]
  View<const T> weight_hidden;            ///< [gates hidden_size, hidden_size]
  View<const T> bias_input, bias_hidden;  ///< [gates hidden_size]
  View<const T> initial_hidden;           ///< [sequences, hidden_size]; null: zeros
  View<const T> initial_cell;             ///< like RecurrentResult::last_cell; null: zeros
  Precision precision = Precision::fp32;  ///< of the products' operands; never int8, fp32 where T is double
  View<const T> parameters = {};          ///< [parameters hidden_size]; custom cells only

  [[nodiscard]] Index input_size() const { return weight_input.shape[1]; }
  [[nodiscard]] Index hidden_size() const { return weight_hidden.shape[1]; }
  Index gates() const { return cell.gates(); }
};

template <class T>
struct RecurrentResult {
  View<T> hidden;       ///< [rows, hidden_size], in the order of the input for both directions
  View<T> last_hidden;  ///< [sequences, hidden_size]; after the first row if reverse
  /// The same; lstm, and custom cells of several states: [sequences, (states - 1) hidden_size].
  View<T> last_cell;
};

/// Gradients to add to. Null: not needed.
template <class T>
struct RecurrentGradients {
  View<T> input, weight_input, weight_hidden, bias_input, bias_hidden, initial_hidden, initial_cell;
  View<T> parameters = {};
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
