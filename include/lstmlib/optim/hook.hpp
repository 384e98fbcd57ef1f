// SPDX-License-Identifier: MIT
#pragma once
// Hooks: what is done to gradients before an optimizer's rule.

#include "lstmlib/optim/parameter_list.hpp"

#include <cstdint>
#include <functional>
#include <memory>

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
class Hook {
 public:
  Hook(WeightDecay decay) : kind_(Kind::weight_decay), a_(decay.rate) {}
  Hook(L1Decay decay) : kind_(Kind::l1_decay), a_(decay.rate) {}
  Hook(ClipGradNorm clip) : kind_(Kind::clip_norm), a_(clip.threshold) {}
  Hook(ClipGradValue clip) : kind_(Kind::clip_value), a_(clip.lower), b_(clip.upper) {}
  Hook(std::shared_ptr<const UserHook> function);
  /// Throws ValueError for a number out of range, or without a function.
  void check() const;

 private:
  friend class Optimizer;
  enum class Kind : std::uint8_t { weight_decay, l1_decay, clip_norm, clip_value, user };
  Kind kind_;
  double a_ = 0, b_ = 0;
  std::shared_ptr<const UserHook> function_ = {};
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
