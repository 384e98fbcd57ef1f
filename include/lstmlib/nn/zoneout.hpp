// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers of which some units keep their state at a time step. Their steps are operations, as those of
// step_layers.hpp.

#include "lstmlib/nn/recurrent.hpp"
#include "lstmlib/nn/step_layers.hpp"
#include "lstmlib/ops/compare.hpp"
#include "lstmlib/ops/dropout_kinds.hpp"

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// Options of ZoneoutLstm and ZoneoutGru.
struct ZoneoutOptions {
  Index input_size;        ///< features of an input row
  Index hidden_size;       ///< units
  double hidden = 0.1;     ///< ratio of hidden states that are kept; 0 <= ratio < 1
  double cell = 0;         ///< ratio of cell states that are kept; 0 <= ratio < 1; not of a GRU
  double forget_bias = 0;  ///< initial bias of the forget gate; not of a GRU

  /// Throws ValueError for a size below 1, a ratio out of range or a bias that is not finite.
  void check(const char* owner) const {
    lstmlib::detail::require_size(owner, "input_size", input_size);
    lstmlib::detail::require_size(owner, "hidden_size", hidden_size);
    lstmlib::detail::require_below_one(owner, "hidden", hidden);
    lstmlib::detail::require_below_one(owner, "cell", cell);
    lstmlib::detail::require_finite(owner, "forget_bias", forget_bias);
  }
};

/// Common base [Krueger 2017]. While is_training(), each unit of each state keeps its value of the step before with
/// the probability `hidden` or `cell`; else it gets the expected value of both. Masks depend on the sequence's
/// index in the global batch and the position in it, as in ops::dropout. Derived has `update(projection, before)`,
/// the step without zoneout.
template <class Derived, Real T>
class ZoneoutLayer : public StepLayer<Derived, T> {
 public:
  /// What of a step depends on the input alone: the input projection and, in training, 1 for each unit of each
  /// state that gets its new value and 0 for others.
  Variable<T> project(const Ragged<Variable<T>>& x) const { return with_masks(x.values, x.layout.get()); }
  Variable<T> project(const Variable<T>& x) const { return with_masks(x, nullptr); }

  std::vector<Variable<T>> step(const Variable<T>& projection, const std::vector<Variable<T>>& before) const {
    const Index size = layer.hidden_size(), gates = layer.cell().gates() * size;
    auto after = static_cast<const Derived&>(*this).update(ops::columns(projection, 0, gates), before);
    Index mask = gates;
    for (std::size_t i = 0; i < after.size(); ++i) {
      if (ratios_[i] == 0) continue;
      const auto change = after[i] - before[i];
      const bool masked = projection.shape()[1] > gates;
      after[i] =
          before[i] + (masked ? change * ops::columns(projection, mask, size) : (1 - ratios_[i]) * change);
      mask += size;
    }
    return after;
  }
  /// Files are those of one layer of Lstm or Gru.
  void visit_members(MemberVisitor& visit) override { visit("0", layer); }

  RecurrentLayer<T> layer;  ///< the weights

 protected:
  ZoneoutLayer(RecurrentCell cell, const ZoneoutOptions& o)
      : StepLayer<Derived, T>(o.hidden_size, cell == RecurrentCell::lstm ? o.hidden_size : 0),
        layer(cell, o.input_size, o.hidden_size),
        ratios_{o.hidden, o.cell} {}

 private:
  Variable<T> with_masks(const Variable<T>& x, const SequenceLayout* layout) const {
    const auto projection = ops::linear(x, layer.weight_input, layer.bias_input);
    if (!is_training() || (ratios_[0] == 0 && ratios_[1] == 0)) return projection;
    std::vector<Variable<T>> parts{projection};
    for (const double ratio : ratios_)
      if (ratio > 0) {
        const auto dropout = ops::detail::row_dropout(layout, ratio, next_dropout_key());
        const auto mask = ops::detail::dropout_mask("zoneout", dropout, projection.value(),
                                                    {x.shape()[0], layer.hidden_size()});
        parts.push_back(Variable<T>(Variable<T>(mask) > 0));
      }
    return ops::concat(parts);
  }
  std::array<double, 2> ratios_;
};

/// LSTM with zoneout. One layer in one direction; used as ProjectedLstm.
///
///     nn::ZoneoutLstm<float> lstm({.input_size = 300, .hidden_size = 150, .hidden = 0.05, .cell = 0.5});
template <Real T = float>
class ZoneoutLstm : public ZoneoutLayer<ZoneoutLstm<T>, T> {
 public:
  explicit ZoneoutLstm(ZoneoutOptions o)
      : ZoneoutLayer<ZoneoutLstm<T>, T>(RecurrentCell::lstm, (o.check("ZoneoutLstm"), o)) {
    if (o.forget_bias != 0) this->layer.set_bias(1, o.forget_bias);
  }
  std::vector<Variable<T>> update(const Variable<T>& projection,
                                  const std::vector<Variable<T>>& before) const {
    const auto& w = this->layer;
    const Index size = w.hidden_size();
    const auto sums = projection + ops::linear(before[0], w.weight_hidden, w.bias_hidden);
    const auto both = ops::sigmoid(this->gates(sums, 0, 2, size));
    const auto c = this->gates(both, 1, 1, size) * before[1] +
                   this->gates(both, 0, 1, size) * ops::tanh(this->gates(sums, 2, 1, size));
    return {ops::sigmoid(this->gates(sums, 3, 1, size)) * ops::tanh(c), c};
  }
};

/// GRU with zoneout of its hidden states. One layer in one direction; used as GruResetBefore.
template <Real T = float>
class ZoneoutGru : public ZoneoutLayer<ZoneoutGru<T>, T> {
 public:
  explicit ZoneoutGru(ZoneoutOptions o)
      : ZoneoutLayer<ZoneoutGru<T>, T>(RecurrentCell::gru, (o.check("ZoneoutGru"), o)) {
    if (o.cell != 0 || o.forget_bias != 0)
      fail<ValueError>("ZoneoutGru: cell is ", o.cell, " and forget_bias ", o.forget_bias,
                       ", expected 0, because only an LSTM has them");
  }
  std::vector<Variable<T>> update(const Variable<T>& projection,
                                  const std::vector<Variable<T>>& before) const {
    const auto& w = this->layer;
    const Index size = w.hidden_size();
    const auto& h = before[0];
    const auto of_state = ops::linear(h, w.weight_hidden, w.bias_hidden);
    const auto both = ops::sigmoid(this->gates(projection, 0, 2, size) + this->gates(of_state, 0, 2, size));
    const auto r = this->gates(both, 0, 1, size), z = this->gates(both, 1, 1, size);
    const auto n = ops::tanh(this->gates(projection, 2, 1, size) + r * this->gates(of_state, 2, 1, size));
    return {n + z * (h - n)};
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
