// SPDX-License-Identifier: MIT
#pragma once
// Stacked recurrent layers over ragged batches. Parameters have the names of Chainer's NStep links in files.

#include "lstmlib/base/option.hpp"
#include "lstmlib/nn/activation.hpp"
#include "lstmlib/nn/dropout.hpp"
#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/module.hpp"
#include "lstmlib/ops/recurrent.hpp"
#include "lstmlib/ops/shape.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// How the hidden states of both directions become one result: [forward, backward] side by side, or element
/// by element.
enum class Merge : std::uint8_t { concat, sum, mean, multiply };

/// Options of Lstm, Gru and Rnn.
struct RecurrentOptions {
  Index input_size;    ///< features of an input row
  Index hidden_size;   ///< units of one layer and direction
  Index layers = 1;    ///< stacked layers
  double dropout = 0;  ///< ratio between layers; 0 <= ratio < 1
  /// Add a backward pass over each sequence. Results are joined as [forward, backward], or see `merge`.
  bool bidirectional = false;
  /// Precision of products in training: see ops::recurrent.
  Precision precision = Precision::fp32;
  Merge merge = Merge::concat;  ///< of both directions
  /// From the second layer on, a layer's input (before dropout) is added to its hidden states.
  bool residual = false;
  /// Initial bias of the forget gate; lstm only. 1 keeps what is in the cell when training begins.
  double forget_bias = 0;

  /// Throws ValueError for a size or number of layers below 1, or a ratio or bias outside its range.
  void check() const {
    lstmlib::detail::require_size("RecurrentOptions", "input_size", input_size);
    lstmlib::detail::require_size("RecurrentOptions", "hidden_size", hidden_size);
    lstmlib::detail::require_size("RecurrentOptions", "layers", layers);
    lstmlib::detail::require_below_one("RecurrentOptions", "dropout", dropout);
    lstmlib::detail::require_finite("RecurrentOptions", "forget_bias", forget_bias);
    if (merge > Merge::multiply)
      lstmlib::detail::refuse_option("RecurrentOptions", "merge", static_cast<int>(merge),
                                     "concat, sum, mean or multiply");
  }
};

/// One layer in one direction. Each gate has hidden_size rows of weights and biases, in the order that
/// RecurrentCell defines. Initial weights are lecun_normal, initial biases and parameters 0. A custom cell may
/// have other biases.
template <Real T = float>
class RecurrentLayer : public Module {
 public:
  /// Throws ValueError for a size below 1.
  RecurrentLayer(CellType<T> cell, Index input_size, Index hidden_size) : cell_(cell) {
    lstmlib::detail::require_size("RecurrentLayer", "input_size", input_size);
    lstmlib::detail::require_size("RecurrentLayer", "hidden_size", hidden_size);
    const Index width = cell.gates() * hidden_size;
    weight_input = Parameter<T>(lecun_normal<T>({width, input_size}));
    weight_hidden = Parameter<T>(lecun_normal<T>({width, hidden_size}));
    bias_input = Parameter<T>(Tensor<T>::zeros({width}));
    bias_hidden = Parameter<T>(Tensor<T>::zeros({width}));
    if (cell.parameters() > 0) parameters = Parameter<T>(Tensor<T>::zeros({cell.parameters() * hidden_size}));
    for (int gate = 0; cell.custom && gate < cell.custom->gates; ++gate)
      set_bias(gate, cell.custom->initial_bias(gate));
  }
  /// Sets the input's biases of one gate. Throws IndexError for a gate that there is not.
  void set_bias(Index gate, double value) {
    if (gate < 0 || gate >= cell_.gates())
      fail<IndexError>("set_bias: gate ", gate, ", expected 0 to ", cell_.gates() - 1);
    auto rows = bias_input.mutable_value().rows(gate * hidden_size(), hidden_size());
    for (T& bias : rows.mutable_values()) bias = static_cast<T>(value);
  }

  /// See ops::recurrent.
  [[nodiscard]] ops::RecurrentOutput<T> operator()(const Ragged<Variable<T>>& x,
                                                   const ops::RecurrentState<T>& initial = {},
                                                   bool reverse = false,
                                                   Precision precision = Precision::fp32) const {
    return ops::recurrent(cell_, x, weights(), initial, reverse, precision);
  }

  /// In files: w0... and b0..., first the gates of the input, then those of the hidden state. The parameters
  /// of a custom cell are p0...
  void visit_members(MemberVisitor& visit) override {
    static constexpr std::string_view w[] = {"w0", "w1", "w2",  "w3",  "w4",  "w5",  "w6",  "w7",
                                             "w8", "w9", "w10", "w11", "w12", "w13", "w14", "w15"};
    static constexpr std::string_view b[] = {"b0", "b1", "b2",  "b3",  "b4",  "b5",  "b6",  "b7",
                                             "b8", "b9", "b10", "b11", "b12", "b13", "b14", "b15"};
    static constexpr std::string_view p[] = {"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
    const auto gates = static_cast<std::size_t>(cell_.gates());
    visit.stacked({w, gates}, weight_input).stacked({w + gates, gates}, weight_hidden);
    visit.stacked({b, gates}, bias_input).stacked({b + gates, gates}, bias_hidden);
    visit.stacked({p, static_cast<std::size_t>(cell_.parameters())}, parameters);
  }

  const CellType<T>& cell() const { return cell_; }
  Index input_size() const { return weight_input.shape()[1]; }
  Index hidden_size() const { return weight_hidden.shape()[1]; }
  ops::RecurrentWeights<T> weights() const {
    return {weight_input, weight_hidden, bias_input, bias_hidden, parameters};
  }

  Parameter<T> weight_input;             ///< [gates hidden_size, input_size]
  Parameter<T> weight_hidden;            ///< [gates hidden_size, hidden_size]
  Parameter<T> bias_input, bias_hidden;  ///< [gates hidden_size]
  Parameter<T> parameters;               ///< [parameters hidden_size] of a custom cell that has some

 private:
  CellType<T> cell_;
};

/// Direction of a pass over sequences.
enum class Direction : std::uint8_t { forward, backward };

namespace detail {
/// factor (a + b), or a b where the factor is 0, of equal shapes. Not ops::add, which can broadcast: all programs
/// with recurrent layers would compile that.
template <Real T>
Variable<T> combined(const Variable<T>& a, const Variable<T>& b, T factor) {
  auto& tensor_kernels = kernels("merge", a.value(), b.value()).tensor;
  auto y = Tensor<T>::zeros(a.shape(), a.device());
  if (factor == T(0)) {
    tensor_kernels.multiply(a.view(), b.view(), y.mutable_view(), OutputMode::overwrite);
  } else {
    tensor_kernels.add_scaled(factor, a.view(), y.mutable_view());
    tensor_kernels.add_scaled(factor, b.view(), y.mutable_view());
  }
  return record("merge", y, {a, b},
                [&tensor_kernels, factor, a = a.value(), b = b.value()](auto d_y, auto d) {
                  for (std::size_t i = 0; i < 2; ++i) {
                    if (!d[i].needed()) continue;
                    if (factor != T(0)) tensor_kernels.add_scaled(factor, d_y[0].view(), d[i].view());
                    else
                      tensor_kernels.multiply(d_y[0].view(), (i == 0 ? b : a).view(), d[i].view(),
                                              OutputMode::accumulate);
                  }
                });
}
/// The states of all directions as one.
template <Real T>
Variable<T> merged(Merge merge, const std::vector<Variable<T>>& parts) {
  if (parts.size() == 1) return parts[0];
  if (merge == Merge::concat) return ops::concat(parts);
  return combined(parts[0], parts[1], merge == Merge::sum ? T(1) : merge == Merge::mean ? T(0.5) : T(0));
}
}  // namespace detail

/// The results of a stack of layers.
template <Real T>
struct RecurrentStackOutput {
  /// Hidden state of the top layer at each time step [rows, directions * hidden_size], or [rows, hidden_size]
  /// where both directions are merged by element.
  Ragged<Variable<T>> hidden;
  /// Last states: layer 0 forward, layer 0 backward, layer 1 forward, ...
  std::vector<ops::RecurrentState<T>> last;
  Index directions = 1;
  Merge merge = Merge::concat;

  Index layers() const { return std::ssize(last) / directions; }
  /// Last hidden state of the top layer [sequences, directions * hidden_size], both directions joined or
  /// merged. The backward pass ends at the first row of a sequence. Residual inputs are not in it.
  [[nodiscard]] Variable<T> last_hidden() const {
    if (directions == 1) return last_hidden(layers() - 1, Direction::forward);
    return detail::merged<T>(merge, {last_hidden(layers() - 1, Direction::forward),
                                     last_hidden(layers() - 1, Direction::backward)});
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
  RecurrentStack(CellType<T> cell, RecurrentOptions o)
      : directions(o.bidirectional ? 2 : 1), precision(o.precision), merge(o.merge), residual(o.residual) {
    o.check();
    if (o.forget_bias != 0 && cell != RecurrentCell::lstm)
      fail<ValueError>("RecurrentOptions: forget_bias is ", o.forget_bias,
                       ", expected 0, because only an LSTM has it");
    ops::detail::check_recurrent_precision<T>(o.precision);
    dropout.ratio = o.dropout;
    for (Index layer = 0; layer < o.layers; ++layer)
      for (Index direction = 0; direction < directions; ++direction)
        layers.emplace_back(cell, layer == 0 ? o.input_size : output_size(o.hidden_size), o.hidden_size);
    for (auto& layer : layers)
      if (o.forget_bias != 0) layer.set_bias(1, o.forget_bias);
  }

  /// Runs all layers over `x`, values [rows, input_size]. `initial` is empty for zero states. Otherwise it
  /// has a state for each layer and direction, ordered as in RecurrentStackOutput::last. `weights` replace those
  /// of `layers`, in their order; empty for none. Throws ShapeError if shapes do not match.
  [[nodiscard]] RecurrentStackOutput<T> operator()(
      const Ragged<Variable<T>>& x, const std::vector<ops::RecurrentState<T>>& initial = {},
      const std::vector<ops::RecurrentWeights<T>>& weights = {}) const {
    check_layers();
    if (!weights.empty() && weights.size() != layers.size())
      fail<ShapeError>("recurrent: weights of ", weights.size(), " layers, expected ", layers.size());
    if (!initial.empty() && initial.size() != layers.size())
      fail<ShapeError>("recurrent: ", initial.size(), " initial states, expected ", layers.size());
    RecurrentStackOutput<T> result{x, {}, directions, merge};
    for (std::size_t at = 0; at < layers.size(); at += static_cast<std::size_t>(directions)) {
      const auto input = at == 0 ? x : dropout(result.hidden);
      std::vector<Variable<T>> parts;
      for (Index direction = 0; direction < directions; ++direction) {
        const auto k = at + static_cast<std::size_t>(direction);
        auto made = ops::recurrent(
            layers[k].cell(), input, weights.empty() ? layers[k].weights() : weights[k],
            initial.empty() ? ops::RecurrentState<T>{} : initial[k], direction == 1, precision);
        parts.push_back(std::move(made.hidden.values));
        result.last.push_back(std::move(made.last));
      }
      auto hidden = detail::merged(merge, parts);
      result.hidden =
          x.with(residual && at > 0 ? detail::combined(hidden, result.hidden.values, T(1)) : hidden);
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
      const Index features = lowest ? bottom.input_size() : output_size(bottom.hidden_size());
      if (!layers[i].cell().is(bottom.cell()))
        fail<ShapeError>("recurrent: layers of several kinds of cells");
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
  Merge merge;          ///< of both directions
  bool residual;        ///< from the second layer on, a layer's input is added to its hidden states

 private:
  /// Features of a layer's result.
  Index output_size(Index hidden_size) const {
    return merge == Merge::concat ? directions * hidden_size : hidden_size;
  }
};

/// Long short-term memory [Hochreiter 1997, Gers 2000], without peephole connections (cells.hpp has some):
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
