// SPDX-License-Identifier: MIT
#pragma once
// Parameter groups: learning rates and decays of some of a model's parameters.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/parameter_list.hpp"

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

  void check() const {
    constexpr auto owner = "GroupOptions";
    lstmlib::detail::require_not_negative(owner, "learning_rate_factor", learning_rate_factor);
    lstmlib::detail::require_not_negative(owner, "decay_factor", decay_factor);
    if (learning_rate) lstmlib::detail::require_not_negative(owner, "learning_rate", *learning_rate);
    if (weight_decay) lstmlib::detail::require_not_negative(owner, "weight_decay", *weight_decay);
  }
};

namespace detail {

/// Whether a group has a parameter by one of its names. `names`: those of its blocks of rows.
template <Real T>
bool has(const GroupOptions& group, const Entry<T>& entry, const std::vector<std::string>& names) {
  const std::string path = nn::detail::path_of(names);
  if (!nn::detail::is_below(path, group.path)) return false;
  if (!group.match) return true;
  const std::string first = nn::detail::path_of(entry.names);
  return group.match({path, names, entry.parameter.shape(), element_name<T>, entry.is_frozen(),
                      first == path ? std::string() : first});
}
/// Whether a group has a parameter, by any of its names.
template <Real T>
bool has(const GroupOptions& group, const Entry<T>& entry) {
  if (has(group, entry, entry.names)) return true;
  for (const auto& names : entry.other_names)
    if (has(group, entry, names)) return true;
  return false;
}

/// Throws for a group without parameters: IndexError if there is nothing at its path, else ValueError.
inline void fail_empty_group(const GroupOptions& group, ParameterList& parameters) {
  std::vector<nn::NamedParameter> known;
  bool any_at_path = false;
  parameters.for_each_type([&](auto& entries) {
    for (const auto& entry : entries) {
      const auto add = [&](const std::vector<std::string>& names) {
        known.push_back({nn::detail::path_of(names), names});
        any_at_path = any_at_path || nn::detail::is_below(known.back().path, group.path);
      };
      add(entry.names);
      for (const auto& names : entry.other_names) add(names);
    }
  });
  if (!any_at_path) nn::detail::fail_no_path("add_group", group.path, known, true);
  fail<ValueError>("add_group: `match` is true for none of the parameters", group.path.empty() ? "" : " at ",
                   group.path);
}

}  // namespace detail

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
