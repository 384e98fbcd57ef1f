// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers whose step is more than a formula for each unit: a second product, or a normalisation over
// the units. Their steps are operations, so they are slower than Lstm, Gru and CellRnn.

#include "lstmlib/base/option.hpp"
#include "lstmlib/nn/initializer.hpp"
#include "lstmlib/nn/module.hpp"
#include "lstmlib/ops/activation.hpp"
#include "lstmlib/ops/arithmetic.hpp"
#include "lstmlib/ops/layer_norm.hpp"
#include "lstmlib/ops/linear.hpp"
#include "lstmlib/ops/recurrent.hpp"
#include "lstmlib/ops/scan.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// Options of GruResetBefore and LayerNormLstm.
struct StepLayerOptions {
  Index input_size;        ///< features of an input row
  Index hidden_size;       ///< units
  double forget_bias = 0;  ///< initial bias of the forget gate; not of a GRU

  /// Throws ValueError for a size below 1 or a bias that is not finite.
  void check(const char* owner) const {
    lstmlib::detail::require_size(owner, "input_size", input_size);
    lstmlib::detail::require_size(owner, "hidden_size", hidden_size);
    lstmlib::detail::require_finite(owner, "forget_bias", forget_bias);
  }
};

/// Common base: one layer in one direction. Derived has `project(rows)`, what of a step depends on the input
/// alone, and `step(projection, states)`. If it also has `project(batch)`, a ragged batch is passed to that.
template <class Derived, Real T>
class StepLayer : public Module {
 public:
  /// Runs the layer over each sequence of `x`, values [rows, input_size], as ops::recurrent does. Throws
  /// ShapeError if shapes do not match.
  [[nodiscard]] ops::RecurrentOutput<T> operator()(const Ragged<Variable<T>>& x,
                                                   const ops::RecurrentState<T>& initial = {},
                                                   bool reverse = false) const {
    ops::detail::require_rows("recurrent", x);
    auto states = initial_states(initial, x.sequences(), x.values.device());
    Variable<T> projection;
    if constexpr (requires { self().project(x); }) projection = self().project(x);
    else projection = self().project(x.values);
    const auto made = ops::scan<T>(
        x.with(projection), states,
        [this](const Variable<T>& rows, const std::vector<Variable<T>>& before) {
          return self().step(rows, before);
        },
        reverse);
    return {made.output, state_of(made.last)};
  }
  /// One step, for input that arrives over time: x [sequences, input_size]. Returns the new states.
  [[nodiscard]] ops::RecurrentState<T> operator()(const Variable<T>& x,
                                                  const ops::RecurrentState<T>& before = {}) const {
    ops::detail::require("recurrent", "the input", x);
    const auto states = initial_states(before, x.shape().rows(), x.device());
    return state_of(self().step(self().project(x), states));
  }

 protected:
  StepLayer(Index hidden_size, Index cell_size) : hidden_size_(hidden_size), cell_size_(cell_size) {}
  /// Columns of one gate, or of several.
  Variable<T> gates(const Variable<T>& sums, Index first, Index count, Index size) const {
    return ops::columns(sums, first * size, count * size);
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
  std::vector<Variable<T>> initial_states(const ops::RecurrentState<T>& given, Index sequences,
                                          Device device) const {
    if (given.cell && cell_size_ == 0)
      fail<ShapeError>("recurrent: an initial cell state, which only an LSTM has");
    const auto state = [&](const Variable<T>& value, Index size) {
      const Shape expected{sequences, size};
      if (!value) return Variable<T>(Tensor<T>::zeros(expected, device));
      if (value.shape() != expected)
        fail<ShapeError>("recurrent: initial state ", value.shape(), ", expected ", expected);
      return value;
    };
    std::vector<Variable<T>> states{state(given.hidden, hidden_size_)};
    if (cell_size_ > 0) states.push_back(state(given.cell, cell_size_));
    return states;
  }
  ops::RecurrentState<T> state_of(const std::vector<Variable<T>>& states) const {
    return {states[0], states.size() > 1 ? states[1] : Variable<T>()};
  }

  Index hidden_size_, cell_size_;
};

/// GRU with the reset gate before the product [Cho 2014]; Gru has it after:
///
///     r, z = sigmoid(W x + b + U h),  n = tanh(W x + b + U (r h)),  h' = (1 - z) n + z h
///
/// Gates: reset, update, candidate.
template <Real T = float>
class GruResetBefore : public StepLayer<GruResetBefore<T>, T> {
 public:
  explicit GruResetBefore(StepLayerOptions o)
      : StepLayer<GruResetBefore<T>, T>((o.check("GruResetBefore"), o.hidden_size), 0), size(o.hidden_size) {
    if (o.forget_bias != 0)
      fail<ValueError>("GruResetBefore: forget_bias is ", o.forget_bias,
                       ", expected 0, because only an LSTM has it");
    weight_input = Parameter<T>(lecun_normal<T>({3 * size, o.input_size}));
    weight_hidden = Parameter<T>(lecun_normal<T>({3 * size, size}));
    bias = Parameter<T>(Tensor<T>::zeros({3 * size}));
  }
  Variable<T> project(const Variable<T>& x) const { return ops::linear(x, weight_input, bias); }
  std::vector<Variable<T>> step(const Variable<T>& projection, const std::vector<Variable<T>>& before) const {
    const auto& h = before[0];
    const auto both =
        ops::sigmoid(this->gates(projection, 0, 2, size) + ops::linear(h, weight_hidden.rows(0, 2 * size)));
    const auto r = this->gates(both, 0, 1, size), z = this->gates(both, 1, 1, size);
    const auto n = ops::tanh(this->gates(projection, 2, 1, size) +
                             ops::linear(r * h, weight_hidden.rows(2 * size, size)));
    return {n + z * (h - n)};
  }
  void visit_members(MemberVisitor& visit) override {
    visit("weight_input", weight_input)("weight_hidden", weight_hidden)("bias", bias);
  }

  Index size;                  ///< units
  Parameter<T> weight_input;   ///< [3 hidden_size, input_size]
  Parameter<T> weight_hidden;  ///< [3 hidden_size, hidden_size]
  Parameter<T> bias;           ///< [3 hidden_size]
};

struct ProjectedLstmOptions {
  Index input_size;        ///< features of an input row
  Index hidden_size;       ///< cells
  Index projection_size;   ///< features of the hidden state; usually fewer than hidden_size
  double forget_bias = 0;  ///< initial bias of the forget gate

  void check() const {
    lstmlib::detail::require_size("ProjectedLstm", "input_size", input_size);
    lstmlib::detail::require_size("ProjectedLstm", "hidden_size", hidden_size);
    lstmlib::detail::require_size("ProjectedLstm", "projection_size", projection_size);
    lstmlib::detail::require_finite("ProjectedLstm", "forget_bias", forget_bias);
  }
};

namespace detail {
template <Real T>
Parameter<T> lstm_bias(Index size, double forget) {
  auto bias = Tensor<T>::zeros({4 * size});
  for (T& x : bias.rows(size, size).mutable_values()) x = static_cast<T>(forget);
  return Parameter<T>(bias);
}
}  // namespace detail

/// LSTM whose hidden state is a projection [Sak 2014], PyTorch's proj_size:
///
///     i, f, o = sigmoid(W x + b + U h),  g = tanh(W x + b + U h)
///     c' = f c + i g,  h' = P (o tanh(c'))
///
/// Gates: input, forget, cell, output. The hidden state has projection_size features, the cell hidden_size.
template <Real T = float>
class ProjectedLstm : public StepLayer<ProjectedLstm<T>, T> {
 public:
  explicit ProjectedLstm(ProjectedLstmOptions o)
      : StepLayer<ProjectedLstm<T>, T>((o.check(), o.projection_size), o.hidden_size), size(o.hidden_size) {
    weight_input = Parameter<T>(lecun_normal<T>({4 * size, o.input_size}));
    weight_hidden = Parameter<T>(lecun_normal<T>({4 * size, o.projection_size}));
    weight_projection = Parameter<T>(lecun_normal<T>({o.projection_size, size}));
    bias = detail::lstm_bias<T>(size, o.forget_bias);
  }
  Variable<T> project(const Variable<T>& x) const { return ops::linear(x, weight_input, bias); }
  std::vector<Variable<T>> step(const Variable<T>& projection, const std::vector<Variable<T>>& before) const {
    const auto sums = projection + ops::linear(before[0], weight_hidden);
    const auto both = ops::sigmoid(this->gates(sums, 0, 2, size));
    const auto c = this->gates(both, 1, 1, size) * before[1] +
                   this->gates(both, 0, 1, size) * ops::tanh(this->gates(sums, 2, 1, size));
    const auto o = ops::sigmoid(this->gates(sums, 3, 1, size));
    return {ops::linear(o * ops::tanh(c), weight_projection), c};
  }
  void visit_members(MemberVisitor& visit) override {
    visit("weight_input", weight_input)("weight_hidden", weight_hidden);
    visit("weight_projection", weight_projection)("bias", bias);
  }

  Index size;                      ///< cells
  Parameter<T> weight_input;       ///< [4 hidden_size, input_size]
  Parameter<T> weight_hidden;      ///< [4 hidden_size, projection_size]
  Parameter<T> weight_projection;  ///< [projection_size, hidden_size]
  Parameter<T> bias;               ///< [4 hidden_size]
};

/// LSTM with layer normalisation [Ba 2016]. LN is over all 4 hidden_size sums of a step, or the cells:
///
///     sums = LN(W x) + LN(U h) + b
///     c' = sigmoid(f) c + sigmoid(i) tanh(g),  h' = sigmoid(o) tanh(LN(c'))
///
/// Gates: input, forget, cell, output. Each LN has its own gain, initially 1. Those of the sums need no bias
/// of their own; that of the cell has one.
template <Real T = float>
class LayerNormLstm : public StepLayer<LayerNormLstm<T>, T> {
 public:
  explicit LayerNormLstm(StepLayerOptions o)
      : StepLayer<LayerNormLstm<T>, T>((o.check("LayerNormLstm"), o.hidden_size), o.hidden_size),
        size(o.hidden_size) {
    weight_input = Parameter<T>(lecun_normal<T>({4 * size, o.input_size}));
    weight_hidden = Parameter<T>(lecun_normal<T>({4 * size, size}));
    bias = detail::lstm_bias<T>(size, o.forget_bias);
    const auto ones = [](Index count) {
      auto made = Tensor<T>::uninitialized({count});
      for (T& x : made.mutable_values()) x = T(1);
      return Parameter<T>(made);
    };
    gain_input = ones(4 * size), gain_hidden = ones(4 * size), gain_cell = ones(size);
    bias_cell = Parameter<T>(Tensor<T>::zeros({size}));
  }
  Variable<T> project(const Variable<T>& x) const {
    return ops::layer_norm<T>(ops::linear(x, weight_input), gain_input, bias);
  }
  std::vector<Variable<T>> step(const Variable<T>& projection, const std::vector<Variable<T>>& before) const {
    const auto sums = projection + ops::layer_norm<T>(ops::linear(before[0], weight_hidden), gain_hidden);
    const auto both = ops::sigmoid(this->gates(sums, 0, 2, size));
    const auto c = this->gates(both, 1, 1, size) * before[1] +
                   this->gates(both, 0, 1, size) * ops::tanh(this->gates(sums, 2, 1, size));
    const auto o = ops::sigmoid(this->gates(sums, 3, 1, size));
    return {o * ops::tanh(ops::layer_norm<T>(c, gain_cell, bias_cell)), c};
  }
  void visit_members(MemberVisitor& visit) override {
    visit("weight_input", weight_input)("weight_hidden", weight_hidden)("bias", bias);
    visit("gain_input", gain_input)("gain_hidden", gain_hidden)("gain_cell", gain_cell);
    visit("bias_cell", bias_cell);
  }

  Index size;                            ///< units
  Parameter<T> weight_input;             ///< [4 hidden_size, input_size]
  Parameter<T> weight_hidden;            ///< [4 hidden_size, hidden_size]
  Parameter<T> bias;                     ///< [4 hidden_size]
  Parameter<T> gain_input, gain_hidden;  ///< [4 hidden_size]
  Parameter<T> gain_cell, bias_cell;     ///< [hidden_size]
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
