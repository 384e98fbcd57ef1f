// SPDX-License-Identifier: MIT
#pragma once
// The base classes of optimizers. See base/linkage.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/optimizer.hpp"
#include "lstmlib/optim/parameter_list.inl"
#include "lstmlib/optim/update_items.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::optim {

LSTMLIB_INLINE void GroupOptions::check() const {
  constexpr auto owner = "GroupOptions";
  lstmlib::detail::require_not_negative(owner, "learning_rate_factor", learning_rate_factor);
  lstmlib::detail::require_not_negative(owner, "decay_factor", decay_factor);
  if (learning_rate) lstmlib::detail::require_not_negative(owner, "learning_rate", *learning_rate);
  if (weight_decay) lstmlib::detail::require_not_negative(owner, "weight_decay", *weight_decay);
}

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
template <class = void>
void fail_empty_group(const GroupOptions& group, ParameterList& parameters) {
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

LSTMLIB_INLINE Hook::Hook(std::shared_ptr<const UserHook> function)
    : kind_(Kind::user), function_(std::move(function)) {}

LSTMLIB_INLINE void Hook::check() const {
  switch (kind_) {
    case Kind::weight_decay: return lstmlib::detail::require_not_negative("WeightDecay", "rate", a_);
    case Kind::l1_decay: return lstmlib::detail::require_not_negative("L1Decay", "rate", a_);
    case Kind::clip_norm:
      if (!(a_ > 0)) lstmlib::detail::refuse_option("ClipGradNorm", "threshold", a_, "a number above 0");
      return;
    case Kind::clip_value:
      if (!(a_ <= b_))
        fail<ValueError>("ClipGradValue: lower is ", a_, ", upper is ", b_,
                         ", expected lower to be at most upper");
      return;
    case Kind::user:
      if (!function_ || !*function_) fail<ValueError>("add_hook: the function is empty");
  }
}

/// Options have the groups' numbers while this exists.
class Optimizer::WithGroups {
 public:
  WithGroups(Optimizer& optimizer, const Part& part)
      : rate_(optimizer.learning_rate_option()), decay_(optimizer.weight_decay_option()) {
    if (rate_) rate_before_ = *rate_;
    if (decay_) decay_before_ = *decay_;
    for (const std::size_t group : part.groups) {
      const GroupOptions& numbers = *optimizer.groups_[group];
      if (rate_ && numbers.learning_rate) *rate_ = *numbers.learning_rate;
      if (decay_ && numbers.weight_decay) *decay_ = *numbers.weight_decay;
    }
    for (const std::size_t group : part.groups) {
      if (rate_) *rate_ *= optimizer.groups_[group]->learning_rate_factor;
      if (decay_) *decay_ *= optimizer.groups_[group]->decay_factor;
    }
  }
  ~WithGroups() {
    if (rate_) *rate_ = rate_before_;
    if (decay_) *decay_ = decay_before_;
  }
  WithGroups(const WithGroups&) = delete;
  WithGroups& operator=(const WithGroups&) = delete;

 private:
  double *rate_, *decay_;
  double rate_before_ = 0, decay_before_ = 0;
};

template <Real T>
void Optimizer::prepare(Entry<T>& entry) {
  const Device device = entry.parameter.device();
  while (entry.state.size() < state_names().size()) {
    auto state = Tensor<T>::uninitialized(entry.parameter.shape(), device);
    kernels("optimizer", state)
        .tensor.fill(static_cast<T>(initial_state(entry.state.size())), state.mutable_view());
    entry.state.push_back(std::move(state));
  }
  for (auto& tensor : entry.state) {
    if (tensor.shape() != entry.parameter.shape())
      fail<ShapeError>("optimizer: ", entry.names.front(), " is ", entry.parameter.shape(), ", its state is ",
                       tensor.shape(), "; after a change of shape, make a new optimizer");
    tensor = tensor.to(device);
  }
}

LSTMLIB_LAZY_INLINE Optimizer::Optimizer(nn::Module& model) : model_(model.place()), parts_(1) {
  detail::collect(model, parameters_);
  note_frozen();
}

LSTMLIB_INLINE Optimizer::~Optimizer() = default;

LSTMLIB_LAZY_INLINE void Optimizer::add_hook(Hook hook) {
  hook.check();
  hooks_.push_back(std::move(hook));
}

LSTMLIB_LAZY_INLINE void Optimizer::add_hook(UserHook hook) {
  add_hook(Hook(std::make_shared<const UserHook>(std::move(hook))));
}

LSTMLIB_LAZY_INLINE void Optimizer::zero_grad() {
  parameters_.for_each_type([](auto& entries) {
    for (auto& entry : entries) entry.parameter.clear_grad();
  });
}

LSTMLIB_LAZY_INLINE void Optimizer::step(StepOptions o) {
  lstmlib::detail::require_positive("StepOptions", "divisor", o.divisor);
  check_options();
  for (const auto& group : groups_) check_group(*group);
  detail::check_members("optimizer", *model_, parameters_);
  note_frozen();
  ++steps_;
  const auto changes = gradient_transforms(o.divisor);
  parameters_.for_each([&](auto& entry) { prepare(entry); });
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const WithGroups numbers(*this, parts_[part]);
    parameters_.for_each_type([&](auto& entries) {
      if (const auto chosen = detail::trainable(entries, part); !chosen.empty())
        update(changes[part], std::span(chosen));
    });
  }
}

LSTMLIB_LAZY_INLINE Device Optimizer::device() {
  std::optional<Device> found;
  parameters_.for_each_type([&](auto& entries) {
    if (!found) found = entries.front().parameter.device();
  });
  return found.value_or(Device::cpu());
}

LSTMLIB_LAZY_INLINE void Optimizer::note_frozen() {
  parameters_.for_each_type([&](auto& entries) {
    for (const auto& entry : entries) saves_frozen_ = saves_frozen_ || entry.is_frozen();
  });
}

LSTMLIB_INLINE void RuleOptimizer::update(std::span<const math::GradientTransform> changes,
                                          std::span<Entry<float>* const> entries) {
  detail::update_kernels(entries).update(rule(), changes, detail::items(entries));
}

LSTMLIB_INLINE void RuleOptimizer::update(std::span<const math::GradientTransform> changes,
                                          std::span<Entry<double>* const> entries) {
  detail::update_kernels(entries).update(rule(), changes, detail::items(entries));
}

LSTMLIB_LAZY_INLINE void Optimizer::check_group(const GroupOptions& group) {
  group.check();
  if ((group.learning_rate || group.learning_rate_factor != 1) && !learning_rate_option())
    fail<ValueError>("GroupOptions: this optimizer has no learning rate");
  if (group.weight_decay && !weight_decay_option())
    fail<ValueError>(
        "GroupOptions: weight_decay, but this optimizer has no decoupled decay; decay_factor multiplies the "
        "rates of hooks");
}

LSTMLIB_LAZY_INLINE GroupOptions& Optimizer::add_group(GroupOptions given) {
  check_group(given);
  std::size_t count = 0;
  const std::size_t number = groups_.size();
  const auto part_with_group = [&](std::size_t part) {
    auto groups = parts_[part].groups;
    groups.push_back(number);
    const auto found =
        std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) { return p.groups == groups; });
    if (found != parts_.end()) return static_cast<std::size_t>(found - parts_.begin());
    parts_.push_back({std::move(groups)});
    return parts_.size() - 1;
  };
  parameters_.for_each_type([&](auto& entries) {
    for (auto& entry : entries)
      if (detail::has(given, entry)) entry.part = part_with_group(entry.part), ++count;
  });
  if (count == 0) detail::fail_empty_group(given, parameters_);
  return *groups_.emplace_back(std::make_unique<GroupOptions>(std::move(given)));
}

/// The hooks as gradient transforms of each part, which kernels apply while they update.
LSTMLIB_LAZY_INLINE Optimizer::Changes Optimizer::gradient_transforms(double divisor) {
  using Kind = math::GradientTransform::Kind;
  Changes changes(parts_.size());
  const auto add_to_all = [&](math::GradientTransform change) {
    for (auto& of_part : changes) of_part.push_back(change);
  };
  const auto add_decay = [&](Kind kind, double rate) {
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      double of_part = rate;
      for (const std::size_t group : parts_[part].groups) of_part *= groups_[group]->decay_factor;
      changes[part].push_back({kind, of_part});
    }
  };
  if (divisor != 1) add_to_all({Kind::scale, 1 / divisor});
  for (const auto& hook : hooks_) {
    switch (hook.kind_) {
      case Hook::Kind::weight_decay: add_decay(Kind::decay, hook.a_); break;
      case Hook::Kind::l1_decay: add_decay(Kind::l1_decay, hook.a_); break;
      case Hook::Kind::clip_value: add_to_all({Kind::clip, hook.a_, hook.b_}); break;
      case Hook::Kind::clip_norm: add_to_all(clip_norm(hook.a_, changes, &hook - hooks_.data())); break;
      case Hook::Kind::user: run_user_hook(*hook.function_, changes);
    }
  }
  return changes;
}

/// The factor is computed on the device and stays there, so the host does not wait.
LSTMLIB_LAZY_INLINE math::GradientTransform Optimizer::clip_norm(double threshold, const Changes& changes,
                                                                 Index which) {
  const Device device = this->device();
  const auto hooks = static_cast<Index>(hooks_.size());
  if (!clipping_ || clipping_.shape()[0] != hooks || clipping_.device() != device)
    clipping_ = Tensor<double>::uninitialized({hooks, 2}, device);
  Tensor<double> numbers = clipping_.rows(which, 1);
  numbers.clear();
  double *sum = numbers.mutable_view().data, *factor = sum + 1;
  for (std::size_t part = 0; part < parts_.size(); ++part)
    parameters_.for_each_type([&]<Real T>(std::vector<Entry<T>>& entries) {
      const auto chosen = detail::trainable(entries, part);
      if (chosen.empty()) return;
      const std::span<Entry<T>* const> all(chosen);
      detail::update_kernels(all).add_squared_norm(changes[part], detail::items(all), sum);
    });
  kernels("clip", numbers).update.clip_factor(threshold, sum, factor);
  return {math::GradientTransform::Kind::scale, 1, 0, factor};
}

/// The user's function gets dense gradients with all earlier hooks applied.
LSTMLIB_LAZY_INLINE void Optimizer::run_user_hook(const UserHook& hook, Changes& changes) {
  parameters_.for_each([&]<Real T>(Entry<T>& entry) {
    auto& gradient = entry.parameter.mutable_grad();
    if (!gradient) gradient = Tensor<T>::zeros(entry.parameter.shape(), entry.parameter.device());
    kernels("hook", gradient)
        .update.apply(changes[entry.part], entry.parameter.view(), gradient.mutable_view());
  });
  for (auto& of_part : changes) of_part.clear();
  hook(parameters_);
}

LSTMLIB_LAZY_INLINE void Optimizer::serialize(io::Serializer& serializer) {
  serializer.value("t", steps_);
  if (serializer.loading() && steps_ < 0)
    fail<FormatError>("optimizer: t is ", steps_, ", expected 0 or more");
  note_frozen();
  const bool flags = saves_frozen_;
  parameters_.for_each_type([&](auto& entries) {
    for (auto& entry : entries) serialize_entry(serializer, entry, flags);
  });
}

template <Real T>
void Optimizer::serialize_entry(io::Serializer& serializer, Entry<T>& entry, bool flags) {
  const auto serialize_as = [&](const std::vector<std::string>& names) {
    const Index rows = entry.parameter.shape().rows() / static_cast<Index>(names.size());
    for (std::size_t block = 0; block < names.size(); ++block)
      serializer.scope(names[block], [&](io::Serializer& part) {
        Index t = steps_;  // Chainer counts the steps per parameter
        part.value("t", t);
        bool frozen = entry.is_frozen();
        if (part.saving() ? flags : part.has("frozen")) part.value("frozen", frozen);
        for (std::size_t s = 0; s < entry.state.size(); ++s) {
          auto rows_of_block =
              entry.state[s].rows(static_cast<Index>(block) * rows, rows);  // shares the memory
          part.value(state_names()[s], rows_of_block);
        }
      });
  };
  // The state of a shared parameter is saved under all its names, and loaded from the first one in the file.
  const auto* names = &entry.names;
  for (const auto& other : entry.other_names)
    if (serializer.loading() && !serializer.has(names->front() + "/t")) names = &other;
  if (serializer.loading()) {
    const std::string key = names->front() + "/frozen";
    bool frozen = entry.frozen_before_load.value_or(entry.is_frozen());
    if (serializer.has(key)) {
      if (!entry.frozen_before_load) entry.frozen_before_load = frozen;
      serializer.value(key, frozen);
      saves_frozen_ = true;
    }
    entry.parameter.state()->requires_grad = !frozen;
    // The states of a frozen parameter are optional.
    if (entry.is_frozen() && !state_names().empty() &&
        !serializer.has(names->front() + "/" + std::string(state_names().front())))
      entry.state.clear();
    else prepare(entry);
  } else {
    if (!entry.is_frozen()) prepare(entry);
    for (const auto& other : entry.other_names) serialize_as(other);
  }
  serialize_as(*names);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
