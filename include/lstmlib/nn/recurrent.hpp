// SPDX-License-Identifier: MIT
#pragma once
// Stacked recurrent layers over ragged batches. Parameters have the names of Chainer's NStep links in files.

#include "lstmlib/base/option.hpp"
#include "lstmlib/nn/dropout.hpp"
#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/module.hpp"
#include "lstmlib/ops/recurrent.hpp"
#include "lstmlib/ops/shape.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// Options of Lstm, Gru and Rnn.
struct RecurrentOptions {
  Index input_size;    ///< features of an input row
  Index hidden_size;   ///< units of one layer and direction
  Index layers = 1;    ///< stacked layers
  double dropout = 0;  ///< ratio between layers; 0 <= ratio < 1
  /// Add a backward pass over each sequence. Results are joined as [forward, backward].
  bool bidirectional = false;
  /// Precision of products in training: see ops::recurrent.
  Precision precision = Precision::fp32;

  /// Throws ValueError for a size or number of layers below 1, or a ratio outside its range.
  void check() const {
    lstmlib::detail::require_size("RecurrentOptions", "input_size", input_size);
    lstmlib::detail::require_size("RecurrentOptions", "hidden_size", hidden_size);
    lstmlib::detail::require_size("RecurrentOptions", "layers", layers);
    lstmlib::detail::require_below_one("RecurrentOptions", "dropout", dropout);
  }
};

/// One layer in one direction. Each gate has hidden_size rows of weights and biases, in the order that
/// RecurrentCell defines. Initial weights are lecun_normal, initial biases 0.
template <Real T = float>
class RecurrentLayer : public Module {
 public:
  /// Throws ValueError for a size below 1.
  RecurrentLayer(RecurrentCell cell, Index input_size, Index hidden_size) : cell_(cell) {
    lstmlib::detail::require_size("RecurrentLayer", "input_size", input_size);
    lstmlib::detail::require_size("RecurrentLayer", "hidden_size", hidden_size);
    const Index width = gate_count(cell) * hidden_size;
    weight_input = Parameter<T>(lecun_normal<T>({width, input_size}));
    weight_hidden = Parameter<T>(lecun_normal<T>({width, hidden_size}));
    bias_input = Parameter<T>(Tensor<T>::zeros({width}));
    bias_hidden = Parameter<T>(Tensor<T>::zeros({width}));
  }

  /// See ops::recurrent.
  [[nodiscard]] ops::RecurrentOutput<T> operator()(const Ragged<Variable<T>>& x,
                                                   const ops::RecurrentState<T>& initial = {},
                                                   bool reverse = false,
                                                   Precision precision = Precision::fp32) const {
    return ops::recurrent(cell_, x, weights(), initial, reverse, precision);
  }

  /// In files: w0... and b0..., first the gates of the input, then those of the hidden state.
  void visit_members(MemberVisitor& visit) override {
    static constexpr std::string_view w[] = {"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"};
    static constexpr std::string_view b[] = {"b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"};
    const auto gates = static_cast<std::size_t>(gate_count(cell_));
    visit.stacked({w, gates}, weight_input).stacked({w + gates, gates}, weight_hidden);
    visit.stacked({b, gates}, bias_input).stacked({b + gates, gates}, bias_hidden);
  }

  RecurrentCell cell() const { return cell_; }
  Index input_size() const { return weight_input.shape()[1]; }
  Index hidden_size() const { return weight_hidden.shape()[1]; }
  ops::RecurrentWeights<T> weights() const { return {weight_input, weight_hidden, bias_input, bias_hidden}; }

  Parameter<T> weight_input;             ///< [gates hidden_size, input_size]
  Parameter<T> weight_hidden;            ///< [gates hidden_size, hidden_size]
  Parameter<T> bias_input, bias_hidden;  ///< [gates hidden_size]

 private:
  RecurrentCell cell_;
};

/// Direction of a pass over sequences.
enum class Direction : std::uint8_t { forward, backward };

/// The results of a stack of layers.
template <Real T>
struct RecurrentStackOutput {
  /// Hidden state of the top layer at each time step [rows, directions * hidden_size].
  Ragged<Variable<T>> hidden;
  /// Last states: layer 0 forward, layer 0 backward, layer 1 forward, ...
  std::vector<ops::RecurrentState<T>> last;
  Index directions = 1;

  Index layers() const { return std::ssize(last) / directions; }
  /// Last hidden state of the top layer [sequences, directions * hidden_size], both directions joined. The
  /// backward pass ends at the first row of a sequence.
  [[nodiscard]] Variable<T> last_hidden() const {
    if (directions == 1) return last_hidden(layers() - 1, Direction::forward);
    return ops::concat<T>(
        {last_hidden(layers() - 1, Direction::forward), last_hidden(layers() - 1, Direction::backward)});
  }
  /// Last hidden state of one layer, counted from 0, in one direction [sequences, hidden_size]. Throws
  /// IndexError if it does not exist.
  [[nodiscard]] const Variable<T>& last_hidden(Index layer, Direction direction) const {
    return last_state(layer, direction).hidden;
  }
  /// Hidden state and cell state (LSTM only) of one layer in one direction. Throws IndexError if it does not
  /// exist.
  [[nodiscard]] const ops::RecurrentState<T>& last_state(Index layer, Direction direction) const {
    const auto which = static_cast<Index>(direction);
    if (layer < 0 || layer >= layers() || which >= directions)
      fail<IndexError>("last_state: layer ", layer, which == 0 ? ", forward" : ", backward", "; there are ",
                       layers(), " layers in ", directions, " direction", directions == 1 ? "" : "s");
    return last[static_cast<std::size_t>(layer * directions + which)];
  }
};

/// Common base of Lstm, Gru and Rnn.
template <Real T = float>
class RecurrentStack : public Module {
 public:
  RecurrentStack(RecurrentCell cell, RecurrentOptions o)
      : directions(o.bidirectional ? 2 : 1), precision(o.precision) {
    o.check();
    ops::detail::check_recurrent_precision<T>(o.precision);
    dropout.ratio = o.dropout;
    for (Index layer = 0; layer < o.layers; ++layer)
      for (Index direction = 0; direction < directions; ++direction)
        layers.emplace_back(cell, layer == 0 ? o.input_size : directions * o.hidden_size, o.hidden_size);
  }

  /// Runs all layers over `x`, values [rows, input_size]. `initial` is empty for zero states. Otherwise it
  /// has a state for each layer and direction, ordered as in RecurrentStackOutput::last. Throws ShapeError if
  /// shapes do not match.
  [[nodiscard]] RecurrentStackOutput<T> operator()(
      const Ragged<Variable<T>>& x, const std::vector<ops::RecurrentState<T>>& initial = {}) const {
    check_layers();
    if (!initial.empty() && initial.size() != layers.size())
      fail<ShapeError>("recurrent: ", initial.size(), " initial states, expected ", layers.size());
    RecurrentStackOutput<T> result{x, {}, directions};
    for (std::size_t at = 0; at < layers.size(); at += static_cast<std::size_t>(directions)) {
      const auto input = at == 0 ? x : dropout(result.hidden);
      std::vector<Variable<T>> parts;
      for (Index direction = 0; direction < directions; ++direction) {
        const auto k = at + static_cast<std::size_t>(direction);
        auto made = layers[k](input, initial.empty() ? ops::RecurrentState<T>{} : initial[k], direction == 1,
                              precision);
        parts.push_back(std::move(made.hidden.values));
        result.last.push_back(std::move(made.last));
      }
      result.hidden = x.with(directions == 1 ? parts[0] : ops::concat(parts));
    }
    return result;
  }

  void visit_members(MemberVisitor& visit) override { visit(layers); }

  /// Throws ShapeError unless `layers`, which is public, is a valid stack: equally many layers in each
  /// direction, of one kind, with matching sizes.
  void check_layers() const {
    if ((directions != 1 && directions != 2) || layers.empty() || std::ssize(layers) % directions != 0)
      fail<ShapeError>("recurrent: ", layers.size(), " layers in ", directions,
                       " directions; expected 1 or 2 directions and as many layers in each");
    const RecurrentLayer<T>& bottom = layers.front();
    for (std::size_t i = 0; i < layers.size(); ++i) {
      const bool lowest = i < static_cast<std::size_t>(directions);
      const Index features = lowest ? bottom.input_size() : directions * bottom.hidden_size();
      if (layers[i].cell() != bottom.cell()) fail<ShapeError>("recurrent: layers of several kinds of cells");
      ops::detail::check_recurrent_weights(layers[i].cell(), layers[i].weights());
      if (layers[i].input_size() != features || layers[i].hidden_size() != bottom.hidden_size())
        fail<ShapeError>("recurrent: layer ", i, " has ", layers[i].input_size(), " features and ",
                         layers[i].hidden_size(), " units, expected ", features, " and ",
                         bottom.hidden_size());
    }
  }

  std::vector<RecurrentLayer<T>> layers;  ///< index: layer * directions + direction
  Dropout dropout;                        ///< between layers
  Index directions;
  Precision precision;  ///< of products
};

/// Long short-term memory [Hochreiter 1997, Gers 2000], without peephole connections:
///
///     i, f, o = sigmoid(W x + b + U h + d),  g = tanh(W x + b + U h + d)
///     c' = f c + i g,  h' = o tanh(c')
///
/// Each gate has its own W, b, U and d. Files are those of Chainer's NStepLSTM and NStepBiLSTM.
///
///     nn::Lstm<> lstm({.input_size = 300, .hidden_size = 150, .layers = 2, .bidirectional = true});
///     const auto result = lstm(x);              // x: Ragged<Variable<float>>, values [rows, 300]
///     const auto all = result.hidden;           // values [rows, 300], both directions joined
///     const auto last = result.last_hidden();   // [sequences, 300]
template <Real T = float>
class Lstm : public RecurrentStack<T> {
 public:
  explicit Lstm(RecurrentOptions o) : RecurrentStack<T>(RecurrentCell::lstm, o) {}
};
/// Gated recurrent unit [Cho 2014, in the form of cuDNN]:
///
///     r, z = sigmoid(W x + b + U h + d),  n = tanh(W x + b + r (U h + d))
///     h' = (1 - z) n + z h
///
/// Used like Lstm, without cell state. Files are those of Chainer's NStepGRU and NStepBiGRU.
template <Real T = float>
class Gru : public RecurrentStack<T> {
 public:
  explicit Gru(RecurrentOptions o) : RecurrentStack<T>(RecurrentCell::gru, o) {}
};

enum class Activation : std::uint8_t { tanh, relu };
/// Plain recurrent network [Elman 1990]: h' = tanh(W x + b + U h + d), or relu. Used like Lstm, without cell
/// state. Files are those of Chainer's NStepRNNTanh and NStepRNNReLU and their NStepBi forms.
template <Real T = float>
class Rnn : public RecurrentStack<T> {
 public:
  explicit Rnn(RecurrentOptions o, Activation activation = Activation::tanh)
      : RecurrentStack<T>(activation == Activation::tanh ? RecurrentCell::rnn_tanh : RecurrentCell::rnn_relu,
                          o) {}
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
