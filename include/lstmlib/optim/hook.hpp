// SPDX-License-Identifier: MIT
#pragma once
// Hooks: what is done to gradients before an optimizer's rule.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/parameter_list.hpp"

#include <functional>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// Hook: gradient += rate * parameter.
struct WeightDecay {
  double rate;
};
/// Hook: gradient += rate * sign(parameter).
struct L1Decay {
  double rate;
};
/// Hook: scales all gradients together so that their norm is at most `threshold`.
struct ClipGradNorm {
  double threshold;
};
/// Hook: clamps each element of a gradient to [lower, upper].
struct ClipGradValue {
  double lower, upper;
};

/// A hook as a function: gets all parameters, with dense gradients.
using UserHook = std::function<void(ParameterList&)>;
/// A change of all gradients before each step. The built-in hooks are data, so kernels apply them in the pass
/// that updates a parameter.
using Hook = std::variant<WeightDecay, L1Decay, ClipGradNorm, ClipGradValue, std::shared_ptr<const UserHook>>;

namespace detail {
/// Throws ValueError for a hook with a number out of range or without a function.
inline void check_hook(const Hook& hook) {
  if (const auto* decay = std::get_if<WeightDecay>(&hook))
    lstmlib::detail::require_not_negative("WeightDecay", "rate", decay->rate);
  else if (const auto* l1_decay = std::get_if<L1Decay>(&hook))
    lstmlib::detail::require_not_negative("L1Decay", "rate", l1_decay->rate);
  else if (const auto* clip = std::get_if<ClipGradNorm>(&hook)) {
    if (!(clip->threshold > 0))
      lstmlib::detail::refuse_option("ClipGradNorm", "threshold", clip->threshold, "a number above 0");
  } else if (const auto* value = std::get_if<ClipGradValue>(&hook)) {
    if (!(value->lower <= value->upper))
      fail<ValueError>("ClipGradValue: lower is ", value->lower, ", upper is ", value->upper,
                       ", expected lower to be at most upper");
  } else if (const auto& user = std::get<std::shared_ptr<const UserHook>>(hook); !user || !*user) {
    fail<ValueError>("add_hook: the function is empty");
  }
}
}  // namespace detail

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
