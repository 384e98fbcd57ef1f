// SPDX-License-Identifier: MIT
#pragma once
// Optimizers with a step size per element. See base/linkage.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/adaptive.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

LSTMLIB_INLINE void AdaGradOptions::check() const {
  constexpr auto owner = "AdaGradOptions";
  lstmlib::detail::require_not_negative(owner, "learning_rate", learning_rate);
  lstmlib::detail::require_not_negative(owner, "epsilon", epsilon);
}

LSTMLIB_LAZY_INLINE AdaGrad::AdaGrad(nn::Module& model, AdaGradOptions o) : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE void AdaGrad::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule AdaGrad::rule() const {
  return math::AdaGradRule{options.learning_rate, options.epsilon};
}

LSTMLIB_INLINE std::span<const std::string_view> AdaGrad::state_names() const {
  static constexpr std::string_view names[] = {"h"};
  return names;
}

LSTMLIB_INLINE void AdaDeltaOptions::check() const {
  constexpr auto owner = "AdaDeltaOptions";
  lstmlib::detail::require_below_one(owner, "rho", rho);
  lstmlib::detail::require_not_negative(owner, "epsilon", epsilon);
}

LSTMLIB_LAZY_INLINE AdaDelta::AdaDelta(nn::Module& model, AdaDeltaOptions o)
    : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE void AdaDelta::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule AdaDelta::rule() const {
  return math::AdaDeltaRule{options.rho, options.epsilon};
}

LSTMLIB_INLINE std::span<const std::string_view> AdaDelta::state_names() const {
  static constexpr std::string_view names[] = {"msg", "msdx"};
  return names;
}

LSTMLIB_INLINE void RmsPropOptions::check() const {
  constexpr auto owner = "RmsPropOptions";
  lstmlib::detail::require_not_negative(owner, "learning_rate", learning_rate);
  lstmlib::detail::require_below_one(owner, "alpha", alpha);
  lstmlib::detail::require_not_negative(owner, "epsilon", epsilon);
}

LSTMLIB_LAZY_INLINE RmsProp::RmsProp(nn::Module& model, RmsPropOptions o) : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE void RmsProp::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule RmsProp::rule() const {
  return math::RmsPropRule{options.learning_rate, options.alpha, options.epsilon,
                           options.epsilon_inside_sqrt};
}

LSTMLIB_INLINE std::span<const std::string_view> RmsProp::state_names() const {
  static constexpr std::string_view names[] = {"ms"};
  return names;
}

LSTMLIB_INLINE void RmsPropGravesOptions::check() const {
  constexpr auto owner = "RmsPropGravesOptions";
  lstmlib::detail::require_not_negative(owner, "learning_rate", learning_rate);
  lstmlib::detail::require_below_one(owner, "alpha", alpha);
  lstmlib::detail::require_below_one(owner, "momentum", momentum);
  lstmlib::detail::require_not_negative(owner, "epsilon", epsilon);
}

LSTMLIB_LAZY_INLINE RmsPropGraves::RmsPropGraves(nn::Module& model, RmsPropGravesOptions o)
    : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE void RmsPropGraves::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule RmsPropGraves::rule() const {
  return math::RmsPropGravesRule{options.learning_rate, options.alpha, options.momentum, options.epsilon};
}

LSTMLIB_INLINE std::span<const std::string_view> RmsPropGraves::state_names() const {
  static constexpr std::string_view names[] = {"n", "g", "delta"};
  return names;
}

LSTMLIB_INLINE void Smorms3Options::check() const {
  constexpr auto owner = "Smorms3Options";
  lstmlib::detail::require_not_negative(owner, "learning_rate", learning_rate);
  lstmlib::detail::require_not_negative(owner, "epsilon", epsilon);
}

LSTMLIB_LAZY_INLINE Smorms3::Smorms3(nn::Module& model, Smorms3Options o) : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE void Smorms3::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule Smorms3::rule() const {
  return math::Smorms3Rule{options.learning_rate, options.epsilon};
}

LSTMLIB_INLINE std::span<const std::string_view> Smorms3::state_names() const {
  static constexpr std::string_view names[] = {"mem", "g", "g2"};
  return names;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
