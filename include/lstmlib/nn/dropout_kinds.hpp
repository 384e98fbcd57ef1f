// SPDX-License-Identifier: MIT
#pragma once
// Dropout of whole features of a sequence, of whole rows or words, and of the weights of recurrent layers.

#include "lstmlib/nn/recurrent.hpp"
#include "lstmlib/ops/dropout_kinds.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// Locked dropout, also called variational, while is_training(), else the identity: see ops::locked_dropout. It is
/// not a Module, as Dropout.
///
///     const nn::LockedDropout dropout{0.4};
///     auto y = dropout(x);  // x: Ragged<Variable<T>>
struct LockedDropout {
  DropoutRatio ratio = 0.5;  ///< of zeros; 0 <= ratio < 1

  template <Real T>
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x) const {
    return active() ? ops::locked_dropout(x, ratio) : x;
  }
  bool active() const { return is_training() && ratio > 0; }
};

/// Dropout of whole rows or words while is_training(), else the identity: see ops::word_dropout.
///
///     const nn::WordDropout dropout{0.1};
///     auto vectors = embedding(dropout(tokens, unknown));  // some ids become `unknown`
///     auto rows = dropout(x);                              // or: some rows become 0
struct WordDropout {
  DropoutRatio ratio = 0.1;  ///< of rows or words; 0 <= ratio < 1

  template <Real T>
  [[nodiscard]] Ragged<Variable<T>> operator()(const Ragged<Variable<T>>& x) const {
    return active() ? ops::word_dropout(x, ratio) : x;
  }
  [[nodiscard]] Tokens operator()(const Tokens& tokens, std::int32_t replacement) const {
    return active() ? ops::word_dropout(tokens, replacement, ratio) : tokens;
  }
  bool active() const { return is_training() && ratio > 0; }
};

/// Recurrent layers whose weights of the hidden state have dropout while is_training() [Merity 2018]: one mask for
/// each layer, direction and forward pass, so all time steps and sequences share it. `Layers` is Lstm, Gru, Rnn or
/// CellRnn. The layers run at their usual speed. Files are those of `Layers`.
///
///     nn::WeightDropout<nn::Lstm<float>> lstm{{.input_size = 300, .hidden_size = 150, .layers = 2}, 0.5};
///     const auto result = lstm(x);  // as of nn::Lstm
template <class Layers>
class WeightDropout : public Module {
 public:
  WeightDropout(RecurrentOptions o, DropoutRatio dropped) : layers(o), ratio(dropped) {}

  /// As Layers.
  template <Real T>
  [[nodiscard]] RecurrentStackOutput<T> operator()(
      const Ragged<Variable<T>>& x,
      const std::type_identity_t<std::vector<ops::RecurrentState<T>>>& initial = {}) const {
    if (!active()) return layers(x, initial);
    std::vector<ops::RecurrentWeights<T>> weights;
    for (const auto& layer : layers.layers) {
      weights.push_back(layer.weights());
      weights.back().hidden = ops::weight_dropout(weights.back().hidden, ratio);
    }
    return layers(x, initial, weights);
  }
  bool active() const { return is_training() && ratio > 0; }

  void visit_members(MemberVisitor& visit) override { layers.visit_members(visit); }

  Layers layers;
  DropoutRatio ratio;  ///< of zeros among the weights of the hidden state; 0 <= ratio < 1
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
