// SPDX-License-Identifier: MIT
#pragma once
// Gradient descent, plain and with momentum. The formulas are in math/update_rules.inl.

#include "lstmlib/optim/optimizer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

struct SgdOptions {
  double learning_rate = 0.01;

  void check() const { lstmlib::detail::require_not_negative("SgdOptions", "learning_rate", learning_rate); }
};

class Sgd : public Optimizer {
 public:
  explicit Sgd(nn::Module& model, SgdOptions o = {}) : Optimizer(model), options(o) { options.check(); }

  SgdOptions options;  ///< may be changed between steps

 protected:
  void check_options() const override { options.check(); }
  math::UpdateRule rule() const override { return math::SgdRule{options.learning_rate}; }
  std::span<const std::string_view> state_names() const override { return {}; }
};

struct MomentumOptions {
  double learning_rate = 0.01;
  double momentum = 0.9;  ///< 0 to below 1

  void check() const {
    constexpr auto owner = "MomentumOptions";
    lstmlib::detail::require_not_negative(owner, "learning_rate", learning_rate);
    lstmlib::detail::require_below_one(owner, "momentum", momentum);
  }
};

namespace detail {
/// The three kinds of momentum differ in their rule alone.
template <class Rule>
class MomentumKind : public Optimizer {
 public:
  explicit MomentumKind(nn::Module& model, MomentumOptions o = {}) : Optimizer(model), options(o) {
    options.check();
  }

  MomentumOptions options;  ///< may be changed between steps

 protected:
  void check_options() const override { options.check(); }
  math::UpdateRule rule() const override { return Rule{options.learning_rate, options.momentum}; }
  std::span<const std::string_view> state_names() const override {
    static constexpr std::string_view names[] = {"v"};
    return names;
  }
};
}  // namespace detail

/// The learning rate is part of the velocity.
class MomentumSgd : public detail::MomentumKind<math::MomentumRule> {
 public:
  using MomentumKind::MomentumKind;
};
/// The learning rate multiplies the velocity, so that a change of it works at once.
class CorrectedMomentumSgd : public detail::MomentumKind<math::CorrectedMomentumRule> {
 public:
  using MomentumKind::MomentumKind;
};
/// Nesterov's accelerated gradient, in the reference's form.
class NesterovAg : public detail::MomentumKind<math::NesterovRule> {
 public:
  using MomentumKind::MomentumKind;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
