// SPDX-License-Identifier: MIT
#pragma once
// Stacked recurrent layers over sequences of any lengths; parameters by the names of Chainer's NStep links.

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
};

/// One layer in one direction. Rows of weights and biases: the gates as RecurrentCell says, hidden_size rows
/// each.
template <Real T = float>
class RecurrentLayer : public Module {
 public:
  RecurrentLayer(RecurrentCell cell, Index input_size, Index hidden_size) : cell_(cell) {
    const Index width = gate_count(cell) * hidden_size;
    weight_input = Parameter<T>(lecun_normal<T>({width, input_size}));
    weight_hidden = Parameter<T>(lecun_normal<T>({width, hidden_size}));
    bias_input = Parameter<T>(Tensor<T>::zeros({width}));
    bias_hidden = Parameter<T>(Tensor<T>::zeros({width}));
  }

  ops::RecurrentOutput<T> operator()(const Ragged<Variable<T>>& x, const ops::RecurrentState<T>& first = {},
                                     bool reverse = false, Precision precision = Precision::fp32) const {
    return ops::recurrent(cell_, x, {weight_input, weight_hidden, bias_input, bias_hidden}, first, reverse,
                          precision);
  }

  /// w0.. and b0..: the input's gates, then the state's.
  void fields(Fields& visit) override {
    static constexpr std::string_view w[] = {"w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7"};
    static constexpr std::string_view b[] = {"b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7"};
    const auto gates = static_cast<std::size_t>(gate_count(cell_));
    visit.rows({w, gates}, weight_input).rows({w + gates, gates}, weight_hidden);
    visit.rows({b, gates}, bias_input).rows({b + gates, gates}, bias_hidden);
  }

  RecurrentCell cell() const { return cell_; }
  Index hidden_size() const { return weight_hidden.shape()[1]; }

  Parameter<T> weight_input;             ///< [gates hidden_size, input_size]
  Parameter<T> weight_hidden;            ///< [gates hidden_size, hidden_size]
  Parameter<T> bias_input, bias_hidden;  ///< [gates hidden_size]

 private:
  RecurrentCell cell_;
};

template <Real T>
struct RecurrentStackOutput {
  Ragged<Variable<T>> hidden;  ///< of the top layer after each row [rows, directions hidden_size]
  std::vector<ops::RecurrentState<T>> last;  ///< layer 0 forward, layer 0 backward, layer 1 forward, ...

  /// Of the top layer's forward pass [sequences, hidden_size].
  const Variable<T>& last_hidden(Index directions = 1) const {
    return last[last.size() - static_cast<std::size_t>(directions)].hidden;
  }
};

/// What Lstm, Gru and Rnn have in common.
template <Real T = float>
class RecurrentStack : public Module {
 public:
  RecurrentStack(RecurrentCell cell, RecurrentOptions o)
      : dropout{o.dropout}, directions(o.bidirectional ? 2 : 1), precision(o.precision) {
    if (o.layers < 1) fail<ShapeError>("recurrent: ", o.layers, " layers, at least 1 expected");
    for (Index layer = 0; layer < o.layers; ++layer)
      for (Index direction = 0; direction < directions; ++direction)
        layers.emplace_back(cell, layer == 0 ? o.input_size : directions * o.hidden_size, o.hidden_size);
  }

  /// x.rows [rows, input_size]; `first`: none, or one state for each layer and direction, in the order of
  /// `last`.
  RecurrentStackOutput<T> operator()(const Ragged<Variable<T>>& x,
                                     const std::vector<ops::RecurrentState<T>>& first = {}) const {
    if (!first.empty() && first.size() != layers.size())
      fail<ShapeError>("recurrent: ", first.size(), " first states, expected ", layers.size());
    RecurrentStackOutput<T> result{x, {}};
    for (std::size_t at = 0; at < layers.size(); at += static_cast<std::size_t>(directions)) {
      const auto input = at == 0 ? x : dropout(result.hidden);
      std::vector<Variable<T>> parts;
      for (Index direction = 0; direction < directions; ++direction) {
        const auto k = at + static_cast<std::size_t>(direction);
        auto made =
            layers[k](input, first.empty() ? ops::RecurrentState<T>{} : first[k], direction == 1, precision);
        parts.push_back(std::move(made.hidden.rows));
        result.last.push_back(std::move(made.last));
      }
      result.hidden = x.with(directions == 1 ? parts[0] : ops::concat(parts));
    }
    return result;
  }

  void fields(Fields& visit) override { visit(layers); }

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

}  // namespace lstmlib::nn
