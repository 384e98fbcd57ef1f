// SPDX-License-Identifier: MIT
#pragma once
// Adam and its kin. The formulas are in math/update_rules.inl; numbers as the reference's.

#include "lstmlib/optim/optimizer.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::optim {

struct AdamOptions {
  double learning_rate = 1e-3;        ///< the papers' alpha
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the means, 0 to below 1
  double epsilon = 1e-8;
  double eta = 1;                ///< multiplier of the whole step, decoupled decay included
  double weight_decay_rate = 0;  ///< decoupled decay; not multiplied by the learning rate
};

/// [Kingma 2015, algorithm 1, with the step size of its section 2]
class Adam : public Optimizer {
 public:
  explicit Adam(nn::Module& model, AdamOptions o = {}) : Optimizer(model), options(o) {}

  AdamOptions options;  ///< may be changed between steps

 protected:
  math::AdamRule adam_rule() const {
    const auto t = static_cast<double>(steps());
    const double correction = std::sqrt(1 - std::pow(options.beta2, t)) / (1 - std::pow(options.beta1, t));
    return {options.learning_rate * correction, options.beta1, options.beta2, options.epsilon, options.eta,
            options.weight_decay_rate};
  }
  math::UpdateRule rule() const override { return adam_rule(); }
  std::span<const std::string_view> state_names() const override { return span_of_names<2>(); }

  /// The first `count` of m, v, vhat.
  template <std::size_t count>
  static std::span<const std::string_view> span_of_names() {
    static constexpr std::string_view names[] = {"m", "v", "vhat"};
    return {names, count};
  }
};

/// Adam with decoupled decay; `weight_decay_rate` is 0.01 unless given  [Loshchilov 2019].
class AdamW : public Adam {
 public:
  explicit AdamW(nn::Module& model, AdamOptions o = {.weight_decay_rate = 0.01}) : Adam(model, o) {}
};

/// Adam with the largest second moment so far  [Reddi 2018].
class AmsGrad : public Adam {
 public:
  using Adam::Adam;

 protected:
  math::UpdateRule rule() const override { return math::AmsGradRule{adam_rule()}; }
  std::span<const std::string_view> state_names() const override { return span_of_names<3>(); }
};

struct AdaBoundOptions {
  AdamOptions adam;
  double final_learning_rate = 0.1;  ///< of the SGD that it becomes, at the learning rate that it starts with
  double gamma = 1e-3;               ///< how fast the bounds close
};

/// Adam with a step size between bounds that close  [Luo 2019].
class AdaBound : public Adam {
 public:
  explicit AdaBound(nn::Module& model, AdaBoundOptions o = {})
      : Adam(model, o.adam),
        final_learning_rate(o.final_learning_rate),
        gamma(o.gamma),
        first_learning_rate_(o.adam.learning_rate) {}

  double final_learning_rate, gamma;

 protected:
  math::UpdateRule rule() const override { return bounded<math::AdaBoundRule>(); }

  template <class Rule>
  Rule bounded() const {
    const auto t = static_cast<double>(steps());
    const double limit = final_learning_rate * options.learning_rate / first_learning_rate_;
    return {adam_rule(), limit * (1 - 1 / (gamma * t + 1)), limit * (1 + 1 / (gamma * t))};
  }

 private:
  double first_learning_rate_;
};

/// AdaBound with the largest second moment so far  [Luo 2019].
class AmsBound : public AdaBound {
 public:
  using AdaBound::AdaBound;

 protected:
  math::UpdateRule rule() const override { return bounded<math::AmsBoundRule>(); }
  std::span<const std::string_view> state_names() const override { return span_of_names<3>(); }
};

}  // namespace lstmlib::optim
