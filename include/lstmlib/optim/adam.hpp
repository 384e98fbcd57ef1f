// SPDX-License-Identifier: MIT
#pragma once
// Adam and its variants. The formulas are in math/update_rules.inl.

#include "lstmlib/optim/optimizer.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::optim {

namespace detail {
/// Checks the options that Adam and AdamW share.
template <class Options>
void check_adam(const char* owner, const Options& o) {
  lstmlib::detail::require_not_negative(owner, "learning_rate", o.learning_rate);
  lstmlib::detail::require_below_one(owner, "beta1", o.beta1);
  lstmlib::detail::require_below_one(owner, "beta2", o.beta2);
  lstmlib::detail::require_not_negative(owner, "epsilon", o.epsilon);
}
}  // namespace detail

/// Options of Adam, those of Chainer's Adam and AdamW.
struct AdamOptions {
  double learning_rate = 1e-3;        ///< alpha in the paper
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the running means, 0 <= beta < 1
  double epsilon = 1e-8;
  double eta = 1;                ///< factor of the whole step, including decoupled decay
  double weight_decay_rate = 0;  ///< decoupled decay per step; not multiplied by learning_rate

  void check() const {
    detail::check_adam("AdamOptions", *this);
    lstmlib::detail::require_not_negative("AdamOptions", "eta", eta);
    lstmlib::detail::require_not_negative("AdamOptions", "weight_decay_rate", weight_decay_rate);
  }
};

namespace detail {
/// The first `count` of m, v, vhat: the states' names in files.
template <std::size_t count>
std::span<const std::string_view> adam_state_names() {
  static constexpr std::string_view names[] = {"m", "v", "vhat"};
  return {names, count};
}
}  // namespace detail

/// Adam [Kingma 2015, algorithm 1 with the step size of section 2]. With `weight_decay_rate` it is Chainer's
/// AdamW and reads and writes its files.
///
///     optim::Adam adam(model, {.learning_rate = 1e-3});
///     adam.zero_grad();
///     loss.backward();
///     adam.step();
class Adam : public RuleOptimizer {
 public:
  explicit Adam(nn::Module& model, AdamOptions o = {}) : RuleOptimizer(model), options(o) { options.check(); }

  AdamOptions options;  ///< may be changed between steps

 protected:
  math::AdamRule adam_rule() const {
    const auto t = static_cast<double>(steps());
    const double correction = std::sqrt(1 - std::pow(options.beta2, t)) / (1 - std::pow(options.beta1, t));
    return {options.learning_rate * correction, options.beta1, options.beta2, options.epsilon, options.eta,
            options.weight_decay_rate};
  }
  void check_options() const override { options.check(); }
  double* learning_rate_option() override { return &options.learning_rate; }
  double* weight_decay_option() override { return &options.weight_decay_rate; }
  math::UpdateRule rule() const override { return adam_rule(); }
  std::span<const std::string_view> state_names() const override { return detail::adam_state_names<2>(); }
};

/// Options of AdamW, those of PyTorch's AdamW.
struct AdamWOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the running means, 0 <= beta < 1
  double epsilon = 1e-8;              ///< added to the bias-corrected root of the mean of squares
  double weight_decay = 0.01;         ///< multiplied by learning_rate

  void check() const {
    detail::check_adam("AdamWOptions", *this);
    lstmlib::detail::require_not_negative("AdamWOptions", "weight_decay", weight_decay);
  }
};

/// Adam with decoupled decay [Loshchilov 2019, algorithm 2], equal to PyTorch's AdamW: each step also
/// subtracts learning_rate * weight_decay * p from a parameter p. For Chainer's AdamW use Adam with
/// `weight_decay_rate`.
class AdamW : public RuleOptimizer {
 public:
  explicit AdamW(nn::Module& model, AdamWOptions o = {}) : RuleOptimizer(model), options(o) {
    options.check();
  }

  AdamWOptions options;  ///< may be changed between steps

 protected:
  void check_options() const override { options.check(); }
  double* learning_rate_option() override { return &options.learning_rate; }
  double* weight_decay_option() override { return &options.weight_decay; }
  /// Bias corrections c1, c2: m / (sqrt(v / c2) + epsilon) / c1 = m / (sqrt(v) + epsilon sqrt(c2)) * sqrt(c2)
  /// / c1.
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

/// Adam with the largest second moment so far. [Reddi 2018]
class AmsGrad : public Adam {
 public:
  using Adam::Adam;

 protected:
  math::UpdateRule rule() const override { return math::AmsGradRule{adam_rule()}; }
  std::span<const std::string_view> state_names() const override { return detail::adam_state_names<3>(); }
};

/// Options of AdaBound and AmsBound.
struct AdaBoundOptions {
  AdamOptions adam = {};
  /// Step size that the bounds approach. Scaled by learning_rate / its initial value if learning_rate
  /// changes.
  double final_learning_rate = 0.1;
  double gamma = 1e-3;  ///< speed at which the bounds close

  void check() const {
    constexpr auto owner = "AdaBoundOptions";
    adam.check();
    lstmlib::detail::require_positive(owner, "adam.learning_rate", adam.learning_rate);
    lstmlib::detail::require_not_negative(owner, "final_learning_rate", final_learning_rate);
    lstmlib::detail::require_positive(owner, "gamma", gamma);
  }
};

/// Adam with the step size clamped to bounds that close over time. [Luo 2019]
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

/// AdaBound with the largest second moment so far. [Luo 2019]
class AmsBound : public AdaBound {
 public:
  using AdaBound::AdaBound;

 protected:
  math::UpdateRule rule() const override { return bounded<math::AmsBoundRule>(); }
  std::span<const std::string_view> state_names() const override { return detail::adam_state_names<3>(); }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
