// SPDX-License-Identifier: MIT
#pragma once
// Adam and its variants. See base/linkage.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/adam.hpp"

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
/// The first `count` of m, v, vhat: the states' names in files.
template <std::size_t count>
std::span<const std::string_view> adam_state_names() {
  static constexpr std::string_view names[] = {"m", "v", "vhat"};
  return {names, count};
}
}  // namespace detail

template <class Rule>
Rule AdaBound::bounded() const {
  const auto t = static_cast<double>(steps());
  const double limit = final_learning_rate * options.learning_rate / initial_learning_rate_;
  return {adam_rule(), limit * (1 - 1 / (gamma * t + 1)), limit * (1 + 1 / (gamma * t))};
}

LSTMLIB_INLINE void AdamOptions::check() const {
  detail::check_adam("AdamOptions", *this);
  lstmlib::detail::require_not_negative("AdamOptions", "eta", eta);
  lstmlib::detail::require_not_negative("AdamOptions", "weight_decay_rate", weight_decay_rate);
}

LSTMLIB_LAZY_INLINE Adam::Adam(nn::Module& model, AdamOptions o) : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE math::AdamRule Adam::adam_rule() const {
  const auto t = static_cast<double>(steps());
  const double correction = std::sqrt(1 - std::pow(options.beta2, t)) / (1 - std::pow(options.beta1, t));
  return {options.learning_rate * correction, options.beta1, options.beta2, options.epsilon, options.eta,
          options.weight_decay_rate};
}

LSTMLIB_INLINE void Adam::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule Adam::rule() const { return adam_rule(); }

LSTMLIB_INLINE std::span<const std::string_view> Adam::state_names() const {
  return detail::adam_state_names<2>();
}

LSTMLIB_INLINE void AdamWOptions::check() const {
  detail::check_adam("AdamWOptions", *this);
  lstmlib::detail::require_not_negative("AdamWOptions", "weight_decay", weight_decay);
}

LSTMLIB_LAZY_INLINE AdamW::AdamW(nn::Module& model, AdamWOptions o) : RuleOptimizer(model), options(o) {
  options.check();
}

LSTMLIB_INLINE void AdamW::check_options() const { options.check(); }

LSTMLIB_INLINE math::UpdateRule AdamW::rule() const {
  const auto t = static_cast<double>(steps());
  const double root = std::sqrt(1 - std::pow(options.beta2, t));
  return math::AdamRule{options.learning_rate * root / (1 - std::pow(options.beta1, t)),
                        options.beta1,
                        options.beta2,
                        options.epsilon * root,
                        1,
                        options.learning_rate * options.weight_decay};
}

LSTMLIB_INLINE std::span<const std::string_view> AdamW::state_names() const {
  return detail::adam_state_names<2>();
}

LSTMLIB_INLINE math::UpdateRule AmsGrad::rule() const { return math::AmsGradRule{adam_rule()}; }

LSTMLIB_INLINE std::span<const std::string_view> AmsGrad::state_names() const {
  return detail::adam_state_names<3>();
}

LSTMLIB_INLINE void AdaBoundOptions::check() const {
  constexpr auto owner = "AdaBoundOptions";
  adam.check();
  lstmlib::detail::require_positive(owner, "adam.learning_rate", adam.learning_rate);
  lstmlib::detail::require_not_negative(owner, "final_learning_rate", final_learning_rate);
  lstmlib::detail::require_positive(owner, "gamma", gamma);
}

LSTMLIB_LAZY_INLINE AdaBound::AdaBound(nn::Module& model, AdaBoundOptions o)
    : Adam(model, o.adam),
      final_learning_rate(o.final_learning_rate),
      gamma(o.gamma),
      initial_learning_rate_(o.adam.learning_rate) {
  o.check();
}

LSTMLIB_INLINE void AdaBound::check_options() const {
  options.check();
  lstmlib::detail::require_not_negative("AdaBound", "final_learning_rate", final_learning_rate);
  lstmlib::detail::require_positive("AdaBound", "gamma", gamma);
}

LSTMLIB_INLINE math::UpdateRule AdaBound::rule() const { return bounded<math::AdaBoundRule>(); }

LSTMLIB_INLINE math::UpdateRule AmsBound::rule() const { return bounded<math::AmsBoundRule>(); }

LSTMLIB_INLINE std::span<const std::string_view> AmsBound::state_names() const {
  return detail::adam_state_names<3>();
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
