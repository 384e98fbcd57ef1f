// SPDX-License-Identifier: MIT
#pragma once
// Parameter groups: learning rates and decays of some of a model's parameters.

#include "lstmlib/nn/named_parameter.hpp"

#include <functional>
#include <optional>

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// Which parameters a group has, and how they are updated. The numbers may be changed between steps.
struct GroupOptions {
  /// Path of a parameter, or of a child with all that is below it, such as "encoder". Empty: all.
  std::string path = {};
  /// Which of these belong to the group. Absent: all.
  std::function<bool(const nn::NamedParameter&)> match = {};
  double learning_rate_factor = 1;           ///< multiplies the learning rate
  double decay_factor = 1;                   ///< multiplies every decay: of options and of hooks
  std::optional<double> learning_rate = {};  ///< in place of the optimizer's
  /// In place of the optimizer's decoupled decay: `weight_decay` of AdamW, `weight_decay_rate` of Adam.
  std::optional<double> weight_decay = {};

  void check() const;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
