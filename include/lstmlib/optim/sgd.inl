// SPDX-License-Identifier: MIT
#pragma once
// Stochastic gradient descent. See base/linkage.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/sgd.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

LSTMLIB_INLINE void SgdOptions::check() const {
  lstmlib::detail::require_not_negative("SgdOptions", "learning_rate", learning_rate);
}

LSTMLIB_LAZY_INLINE Sgd::Sgd(nn::Module& model, SgdOptions o) : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE void Sgd::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule Sgd::rule() const { return math::SgdRule{options.learning_rate}; }

LSTMLIB_INLINE std::span<const std::string_view> Sgd::state_names() const { return {}; }

LSTMLIB_INLINE void MomentumOptions::check() const {
  constexpr auto owner = "MomentumOptions";
  lstmlib::detail::require_not_negative(owner, "learning_rate", learning_rate);
  lstmlib::detail::require_below_one(owner, "momentum", momentum);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
