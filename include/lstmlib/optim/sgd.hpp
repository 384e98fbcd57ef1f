// SPDX-License-Identifier: MIT
#pragma once
// Stochastic gradient descent, plain and with momentum. The formulas are in math/update_rules.inl.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/optim/optimizer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

struct SgdOptions {
  double learning_rate = 0.01;

  void check() const;
};

/// p -= learning_rate * g, for a parameter p with gradient g.
class Sgd : public RuleOptimizer {
 public:
  LSTMLIB_LAZY explicit Sgd(nn::Module& model, SgdOptions o = {});

  SgdOptions options;  ///< may be changed between steps

 protected:
  LSTMLIB_INLINE void check_options() const override;
  double* learning_rate_option() override { return &options.learning_rate; }
  LSTMLIB_INLINE math::UpdateRule rule() const override;
  LSTMLIB_INLINE std::span<const std::string_view> state_names() const override;
};

struct MomentumOptions {
  double learning_rate = 0.01;
  double momentum = 0.9;  ///< 0 <= momentum < 1

  void check() const;
};

namespace detail {
/// The three kinds of momentum differ only in their rule.
template <class Rule>
class MomentumKind : public RuleOptimizer {
 public:
  explicit MomentumKind(nn::Module& model, MomentumOptions o = {}) : RuleOptimizer(model), options(o) {
    options.check();
  }

  MomentumOptions options;  ///< may be changed between steps

 protected:
  void check_options() const override { options.check(); }
  double* learning_rate_option() override { return &options.learning_rate; }
  math::UpdateRule rule() const override { return Rule{options.learning_rate, options.momentum}; }
  std::span<const std::string_view> state_names() const override {
    static constexpr std::string_view names[] = {"v"};
    return names;
  }
};
}  // namespace detail

/// v = momentum * v - learning_rate * g; p += v.
class MomentumSgd : public detail::MomentumKind<math::MomentumRule> {
 public:
  using MomentumKind::MomentumKind;
};
/// v = momentum * v - g; p += learning_rate * v. A new learning rate takes full effect at once.
class CorrectedMomentumSgd : public detail::MomentumKind<math::CorrectedMomentumRule> {
 public:
  using MomentumKind::MomentumKind;
};
/// Nesterov's accelerated gradient, in Chainer's form.
class NesterovAg : public detail::MomentumKind<math::NesterovRule> {
 public:
  using MomentumKind::MomentumKind;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/optim/sgd.inl"
#endif
