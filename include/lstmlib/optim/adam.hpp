// SPDX-License-Identifier: MIT
#pragma once
// Adam and its kin. The formulas are in math/update_rules.inl; numbers as the reference's.

#include "lstmlib/optim/optimizer.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::optim {

namespace detail {
/// What the options of Adam and AdamW have in common.
template <class Options>
void check_adam(const char* owner, const Options& o) {
  lstmlib::detail::require_not_negative(owner, "learning_rate", o.learning_rate);
  lstmlib::detail::require_below_one(owner, "beta1", o.beta1);
  lstmlib::detail::require_below_one(owner, "beta2", o.beta2);
  lstmlib::detail::require_not_negative(owner, "epsilon", o.epsilon);
}
}  // namespace detail

/// Chainer's, decoupled decay included.
struct AdamOptions {
  double learning_rate = 1e-3;        ///< the papers' alpha
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the means, 0 to below 1
  double epsilon = 1e-8;
  double eta = 1;                ///< multiplier of the whole step, decoupled decay included
  double weight_decay_rate = 0;  ///< decoupled decay; not multiplied by the learning rate

  void check() const {
    detail::check_adam("AdamOptions", *this);
    lstmlib::detail::require_not_negative("AdamOptions", "eta", eta);
    lstmlib::detail::require_not_negative("AdamOptions", "weight_decay_rate", weight_decay_rate);
  }
};

namespace detail {
/// The first `count` of m, v, vhat: what files call the states of Adam and its kin.
template <std::size_t count>
std::span<const std::string_view> adam_state_names() {
  static constexpr std::string_view names[] = {"m", "v", "vhat"};
  return {names, count};
}
}  // namespace detail

/// [Kingma 2015, algorithm 1, with the step size of its section 2]. With `weight_decay_rate`, it is Chainer's
/// AdamW, and files of that are read and written by it.
class Adam : public Optimizer {
 public:
  explicit Adam(nn::Module& model, AdamOptions o = {}) : Optimizer(model), options(o) { options.check(); }

  AdamOptions options;  ///< may be changed between steps

 protected:
  math::AdamRule adam_rule() const {
    const auto t = static_cast<double>(steps());
    const double correction = std::sqrt(1 - std::pow(options.beta2, t)) / (1 - std::pow(options.beta1, t));
    return {options.learning_rate * correction, options.beta1, options.beta2, options.epsilon, options.eta,
            options.weight_decay_rate};
  }
  void check_options() const override { options.check(); }
  math::UpdateRule rule() const override { return adam_rule(); }
  std::span<const std::string_view> state_names() const override { return detail::adam_state_names<2>(); }
};

struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the means, 0 to below 1
  double epsilon = 1e-8;              ///< beside the corrected root of the mean of squares
  double weight_decay = 0.01;         ///< multiplied by the learning rate

  void check() const {
    detail::check_adam("AdamWOptions", *this);
    lstmlib::detail::require_not_negative("AdamWOptions", "weight_decay", weight_decay);
  }
};

/// Adam with decoupled decay  [Loshchilov 2019, algorithm 2], whose numbers are PyTorch's: each step takes
/// learning_rate weight_decay of a weight away. Chainer's AdamW is Adam with `weight_decay_rate`.
class AdamW : public Optimizer {
 public:
  explicit AdamW(nn::Module& model, AdamWOptions o = {}) : Optimizer(model), options(o) { options.check(); }

  AdamWOptions options;  ///< may be changed between steps

 protected:
  void check_options() const override { options.check(); }
  /// m / (sqrt(v / c2) + epsilon) / c1 is m / (sqrt(v) + epsilon sqrt(c2)) sqrt(c2) / c1.
  math::UpdateRule rule() const override {
    const auto t = static_cast<double>(steps());
    const double root = std::sqrt(1 - std::pow(options.beta2, t));
    return math::AdamRule{options.learning_rate * root / (1 - std::pow(options.beta1, t)),
                          options.beta1,
                          options.beta2,
                          options.epsilon * root,
                          1,
                          options.learning_rate * options.weight_decay};
  }
  std::span<const std::string_view> state_names() const override { return detail::adam_state_names<2>(); }
};

/// Adam with the largest second moment so far  [Reddi 2018].
class AmsGrad : public Adam {
 public:
  using Adam::Adam;

 protected:
  math::UpdateRule rule() const override { return math::AmsGradRule{adam_rule()}; }
  std::span<const std::string_view> state_names() const override { return detail::adam_state_names<3>(); }
};

struct AdaBoundOptions {
  AdamOptions adam = {};
  double final_learning_rate = 0.1;  ///< of the SGD that it becomes, at the learning rate that it starts with
  double gamma = 1e-3;               ///< how fast the bounds close

  void check() const {
    constexpr auto owner = "AdaBoundOptions";
    adam.check();
    lstmlib::detail::require_positive(owner, "adam.learning_rate", adam.learning_rate);
    lstmlib::detail::require_not_negative(owner, "final_learning_rate", final_learning_rate);
    lstmlib::detail::require_positive(owner, "gamma", gamma);
  }
};

/// Adam with a step size between bounds that close  [Luo 2019].
class AdaBound : public Adam {
 public:
  explicit AdaBound(nn::Module& model, AdaBoundOptions o = {})
      : Adam(model, o.adam),
        final_learning_rate(o.final_learning_rate),
        gamma(o.gamma),
        initial_learning_rate_(o.adam.learning_rate) {
    o.check();
  }

  double final_learning_rate, gamma;  ///< may be changed between steps

 protected:
  void check_options() const override {
    options.check();
    lstmlib::detail::require_not_negative("AdaBound", "final_learning_rate", final_learning_rate);
    lstmlib::detail::require_positive("AdaBound", "gamma", gamma);
  }
  math::UpdateRule rule() const override { return bounded<math::AdaBoundRule>(); }

  template <class Rule>
  Rule bounded() const {
    const auto t = static_cast<double>(steps());
    const double limit = final_learning_rate * options.learning_rate / initial_learning_rate_;
    return {adam_rule(), limit * (1 - 1 / (gamma * t + 1)), limit * (1 + 1 / (gamma * t))};
  }

 private:
  double initial_learning_rate_;
};

/// AdaBound with the largest second moment so far  [Luo 2019].
class AmsBound : public AdaBound {
 public:
  using AdaBound::AdaBound;

 protected:
  math::UpdateRule rule() const override { return bounded<math::AmsBoundRule>(); }
  std::span<const std::string_view> state_names() const override { return detail::adam_state_names<3>(); }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
