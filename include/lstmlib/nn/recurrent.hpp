// SPDX-License-Identifier: MIT
#pragma once
// Stacked recurrent layers over sequences of any lengths; parameters by the names of Chainer's NStep links.

#include "lstmlib/base/option.hpp"
#include "lstmlib/nn/dropout.hpp"
#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/module.hpp"
#include "lstmlib/ops/recurrent.hpp"
#include "lstmlib/ops/shape.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

struct RecurrentOptions {
  Index input_size;    ///< features of one step
  Index hidden_size;   ///< units of one layer and direction
  Index layers = 1;    ///< stacked layers
  double dropout = 0;  ///< ratio between layers, 0 to below 1
  /// A second pass from the end of each sequence; results are joined [forward, backward].
  bool bidirectional = false;
  Precision precision = Precision::fp32;  ///< of products while training, fp32 or bf16: see ops::recurrent

  /// Throws ValueError for a size or a number of layers below 1 and a ratio outside 0 to below 1.
  void check() const {
    lstmlib::detail::require_size("RecurrentOptions", "input_size", input_size);
    lstmlib::detail::require_size("RecurrentOptions", "hidden_size", hidden_size);
    lstmlib::detail::require_size("RecurrentOptions", "layers", layers);
    lstmlib::detail::require_below_one("RecurrentOptions", "dropout", dropout);
  }
};

/// One layer in one direction. Rows of weights and biases: the gates as RecurrentCell says, hidden_size rows
/// each.
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

  [[nodiscard]] ops::RecurrentOutput<T> operator()(const Ragged<Variable<T>>& x,
                                                   const ops::RecurrentState<T>& initial = {},
                                                   bool reverse = false,
                                                   Precision precision = Precision::fp32) const {
    return ops::recurrent(cell_, x, weights(), initial, reverse, precision);
  }

  /// w0.. and b0..: the input's gates, then the state's.
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

/// Of a pass over sequences. As an index: of the layers of a stack.
enum class Direction : std::uint8_t { forward, backward };

template <Real T>
struct RecurrentStackOutput {
  Ragged<Variable<T>> hidden;  ///< of the top layer after each row [rows, directions hidden_size]
  std::vector<ops::RecurrentState<T>> last;  ///< layer 0 forward, layer 0 backward, layer 1 forward, ...
  Index directions = 1;

  Index layers() const { return std::ssize(last) / directions; }
  /// Of the top layer [sequences, directions hidden_size]: of both directions, side by side, as
  /// InferenceRnn::last_hidden. That of a backward pass is after the first row of each sequence.
  [[nodiscard]] Variable<T> last_hidden() const {
    if (directions == 1) return last_hidden(layers() - 1, Direction::forward);
    return ops::concat<T>(
        {last_hidden(layers() - 1, Direction::forward), last_hidden(layers() - 1, Direction::backward)});
  }
  /// Of one layer, from 0, in one direction [sequences, hidden_size]. Throws IndexError for one that is not
  /// there.
  [[nodiscard]] const Variable<T>& last_hidden(Index layer, Direction direction) const {
    return last_state(layer, direction).hidden;
  }
  /// The same with the cell state, which only an LSTM has.
  [[nodiscard]] const ops::RecurrentState<T>& last_state(Index layer, Direction direction) const {
    const auto which = static_cast<Index>(direction);
    if (layer < 0 || layer >= layers() || which >= directions)
      fail<IndexError>("last_state: layer ", layer, which == 0 ? ", forward" : ", backward", "; there are ",
                       layers(), " layers in ", directions, " direction", directions == 1 ? "" : "s");
    return last[static_cast<std::size_t>(layer * directions + which)];
  }
};

/// What Lstm, Gru and Rnn have in common.
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

  /// x.values [rows, input_size]; `initial`: none, or one state for each layer and direction, in the order of
  /// `last`.
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

  /// Throws ShapeError unless `layers`, which anybody may change, are a stack: as many in each direction,
  /// each as wide as the ones below say.
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

  std::vector<RecurrentLayer<T>> layers;  ///< layer directions + direction
  Dropout dropout;                        ///< between layers
  Index directions;
  Precision precision;  ///< of products
};

/// Long short-term memory  [Hochreiter 1997, Gers 2000]; files as Chainer's NStepLSTM, NStepBiLSTM.
template <Real T = float>
class Lstm : public RecurrentStack<T> {
 public:
  explicit Lstm(RecurrentOptions o) : RecurrentStack<T>(RecurrentCell::lstm, o) {}
};
/// Gated recurrent unit  [Cho 2014]; files as Chainer's NStepGRU, NStepBiGRU.
template <Real T = float>
class Gru : public RecurrentStack<T> {
 public:
  explicit Gru(RecurrentOptions o) : RecurrentStack<T>(RecurrentCell::gru, o) {}
};

enum class Activation : std::uint8_t { tanh, relu };
/// Plain recurrent network  [Elman 1990]; files as Chainer's NStepRNNTanh, NStepRNNReLU.
template <Real T = float>
class Rnn : public RecurrentStack<T> {
 public:
  explicit Rnn(RecurrentOptions o, Activation activation = Activation::tanh)
      : RecurrentStack<T>(activation == Activation::tanh ? RecurrentCell::rnn_tanh : RecurrentCell::rnn_relu,
                          o) {}
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
