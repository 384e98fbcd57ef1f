// SPDX-License-Identifier: MIT
#pragma once
// The numbers of one optimizer step, as passed to kernels. The formulas are in update_rules.inl.

#include "lstmlib/version.hpp"

#include <cstddef>
#include <cstdint>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::math {

/// A change that a hook makes to the gradient g of a parameter p. Applied in the order of the hooks.
struct GradientTransform {
  enum class Kind : std::uint8_t {
    decay,     ///< g + value p
    l1_decay,  ///< g + value sign(p)
    scale,     ///< g value
    clip       ///< g limited to [value, upper]
  };
  Kind kind;
  double value;
  double upper = 0;
  const double* factor = nullptr;  ///< of a scale known only to the device: read instead of `value`
};

struct SgdRule {
  static constexpr std::size_t states = 0;
  double learning_rate;
};
/// State: velocity.
struct MomentumRule {
  static constexpr std::size_t states = 1;
  double learning_rate, momentum;
};
struct CorrectedMomentumRule {
  static constexpr std::size_t states = 1;
  double learning_rate, momentum;
};
struct NesterovRule {
  static constexpr std::size_t states = 1;
  double learning_rate, momentum;
};
/// State: sum of squared gradients.
struct AdaGradRule {
  static constexpr std::size_t states = 1;
  double learning_rate, epsilon;
};
/// States: mean of squared gradients, of squared steps.
struct AdaDeltaRule {
  static constexpr std::size_t states = 2;
  double decay, epsilon;
};
/// State: mean of squared gradients.
struct RmsPropRule {
  static constexpr std::size_t states = 1;
  double learning_rate, decay, epsilon;
  bool epsilon_inside_sqrt;
};
/// States: mean of squared gradients, mean of gradients, last step.
struct RmsPropGravesRule {
  static constexpr std::size_t states = 3;
  double learning_rate, decay, momentum, epsilon;
};
/// States: memory, mean of gradients, mean of squared gradients.
struct Smorms3Rule {
  static constexpr std::size_t states = 3;
  double learning_rate, epsilon;
};
/// States: mean of gradients, mean of squared gradients. Decoupled decay is not multiplied by step_size.
struct AdamRule {
  static constexpr std::size_t states = 2;
  double step_size;  ///< alpha sqrt(1 - beta2^t) / (1 - beta1^t)
  double beta1, beta2, epsilon, eta, weight_decay_rate;
};
/// States as Adam, then the maximum of the mean of squared gradients.
struct AmsGradRule : AdamRule {
  static constexpr std::size_t states = 3;
};
/// Adam with step_size / (sqrt(v) + epsilon) clamped to [lower, upper].
struct AdaBoundRule : AdamRule {
  static constexpr std::size_t states = 2;
  double lower, upper;
};
struct AmsBoundRule : AdamRule {
  static constexpr std::size_t states = 3;
  double lower, upper;
};

using UpdateRule = std::variant<SgdRule, MomentumRule, CorrectedMomentumRule, NesterovRule, AdaGradRule,
                                AdaDeltaRule, RmsPropRule, RmsPropGravesRule, Smorms3Rule, AdamRule,
                                AmsGradRule, AdaBoundRule, AmsBoundRule>;
inline constexpr std::size_t max_states = 3;  ///< the most that any rule has

}  // namespace lstmlib::math
