// SPDX-License-Identifier: MIT
#pragma once
// Adam and its kin.

#include "lstmlib/optim/optimizer.hpp"

namespace lstmlib::optim {

struct AdamOptions {
  double learning_rate = 1e-3;        ///< the papers' alpha
  double beta1 = 0.9, beta2 = 0.999;  ///< decay of the means, 0 to below 1
  double epsilon = 1e-8;
  double eta = 1;                     ///< multiplier of the whole step, decoupled decay included
  double weight_decay_rate = 0;       ///< decoupled; not multiplied by the learning rate
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
  std::span<const std::string_view> state_names() const override {
    static constexpr std::string_view names[] = {"m", "v"};
    return names;
  }
};

}  // namespace lstmlib::optim
