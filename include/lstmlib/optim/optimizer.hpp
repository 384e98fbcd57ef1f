// SPDX-License-Identifier: MIT
#pragma once
// The base classes of optimizers: parameters, groups, hooks, and state saved by name.

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/optim/group.hpp"
#include "lstmlib/optim/hook.hpp"
#include "lstmlib/optim/update_items.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// Options of one step.
struct StepOptions {
  /// Gradients are divided by it before the hooks: the number of batches, examples or tokens whose losses
  /// were added, where their mean is wanted.
  double divisor = 1;
};

/// Base class of optimizers. It holds the parameters of a model and checks before each step that the model
/// still has them. The model may be moved or destroyed. All parameters must be on one device.
///
///     adam.add_hook(optim::ClipGradNorm{5});
///     for (const auto& batch : batches) {
///       adam.zero_grad();
///       compute_loss(model, batch).backward();
///       adam.step();
///     }
class Optimizer {
 public:
  explicit Optimizer(nn::Module& model) : model_(model.place()) {
    detail::Collector collector(parameters_);
    model.visit_members(collector);
    note_frozen();
  }
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Adds a hook; hooks run in the order in which they were added. Throws ValueError for a negative rate, a
  /// threshold that is not positive, or lower > upper.
  void add_hook(Hook hook) {
    detail::check_hook(hook);
    hooks_.push_back(std::move(hook));
  }
  void add_hook(UserHook hook) { add_hook(Hook(std::make_shared<const UserHook>(std::move(hook)))); }
  /// Gives some parameters a learning rate or decay of their own. A parameter of several groups gets all
  /// their factors, and the learning rate and decay of the last one that has them. The result stays valid; its
  /// numbers may be changed between steps. Throws ValueError for numbers out of range, for a number that this
  /// optimizer does not have, and if `match` is true for no parameter; IndexError if nothing is at `path`.
  ///
  ///     adam.add_group({.path = "encoder", .learning_rate_factor = 0.1});
  ///     adam.add_group({.match = [](const nn::NamedParameter& p) { return p.shape.rank() == 1; },
  ///                     .decay_factor = 0});
  GroupOptions& add_group(GroupOptions group);
  /// Removes all gradients.
  void zero_grad() {
    parameters_.for_each_type([](auto& entries) {
      for (auto& entry : entries) entry.parameter.clear_grad();
    });
  }
  /// Updates every parameter that is not frozen: hooks first, then the rule. A missing gradient counts as
  /// zeros, which hooks may change. Throws ValueError for options out of range and ShapeError for a gradient
  /// that does not match its parameter. Throws Error if a member of the model now has another parameter.
  void step(StepOptions o = {}) {
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
  /// Number of steps so far.
  Index steps() const { return steps_; }
  /// The device of the parameters; the CPU if there are none.
  Device device() {
    std::optional<Device> found;
    parameters_.for_each_type([&](auto& entries) {
      if (!found) found = entries.front().parameter.device();
    });
    return found.value_or(Device::cpu());
  }
  ParameterList& parameters() { return parameters_; }
  /// Name of state number `s` of an entry in files: "m".
  std::string_view state_name(std::size_t s) const { return state_names()[s]; }

  /// Saves or loads the step count, and the rule's states by parameter ("encoder/encoder/0/w0/m"). A frozen
  /// parameter has states only if it was trained before. Once a parameter was frozen, also saves which are.
  void serialize(io::Serializer& serializer);

 protected:
  /// Throws ValueError for options out of range. Called before each step.
  virtual void check_options() const {}
  /// Updates values and states of `entries` in step number `steps()`, counted from 1. `changes` are to be made
  /// to each gradient first.
  virtual void update(std::span<const math::GradientTransform> changes,
                      std::span<Entry<float>* const> entries) = 0;
  virtual void update(std::span<const math::GradientTransform> changes,
                      std::span<Entry<double>* const> entries) = 0;
  /// Names of the rule's states in files: {"m", "v"}.
  virtual std::span<const std::string_view> state_names() const = 0;
  /// Value of every element of state number `s` before the first step.
  virtual double initial_state(std::size_t) const { return 0; }
  /// The options that groups change while their parameters are updated; null if there are none.
  virtual double* learning_rate_option() { return nullptr; }
  virtual double* weight_decay_option() { return nullptr; }

 private:
  using Changes = std::vector<std::vector<math::GradientTransform>>;  // of each part
  struct Part {
    std::vector<std::size_t> groups;  // of its parameters, in order
  };
  /// Options have the groups' numbers while this exists.
  class WithGroups {
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

  /// Makes missing states, and moves them to the parameter's device, which may have changed.
  template <Real T>
  void prepare(Entry<T>& entry) {
    const Device device = entry.parameter.device();
    while (entry.state.size() < state_names().size()) {
      auto state = Tensor<T>::uninitialized(entry.parameter.shape(), device);
      kernels("optimizer", state)
          .tensor.fill(static_cast<T>(initial_state(entry.state.size())), state.mutable_view());
      entry.state.push_back(std::move(state));
    }
    for (auto& tensor : entry.state) {
      if (tensor.shape() != entry.parameter.shape())
        fail<ShapeError>("optimizer: ", entry.names.front(), " is ", entry.parameter.shape(),
                         ", its state is ", tensor.shape(),
                         "; after a change of shape, make a new optimizer");
      tensor = tensor.to(device);
    }
  }
  void note_frozen() {
    parameters_.for_each_type([&](auto& entries) {
      for (const auto& entry : entries) saves_frozen_ = saves_frozen_ || entry.is_frozen();
    });
  }
  void check_group(const GroupOptions& group);
  Changes gradient_transforms(double divisor);
  math::GradientTransform clip_norm(double threshold, const Changes& changes, Index which);
  void run_user_hook(const UserHook& hook, Changes& changes);
  template <Real T>
  void serialize_entry(io::Serializer& serializer, Entry<T>& entry, bool flags);

  std::shared_ptr<const nn::ModulePlace> model_;
  ParameterList parameters_;
  std::vector<std::unique_ptr<GroupOptions>> groups_;
  std::vector<Part> parts_{Part{}};  // the first has the parameters without a group
  std::vector<Hook> hooks_;
  Index steps_ = 0;
  bool saves_frozen_ = false;  // whether a parameter was frozen at some time
  Tensor<double> clipping_;    ///< [hooks, 2]: squared norm and factor of each ClipGradNorm
};

/// Base class of optimizers whose formula is one of math::UpdateRule, which every back end has.
class RuleOptimizer : public Optimizer {
 public:
  using Optimizer::Optimizer;

 protected:
  /// The numbers of step number `steps()`, counted from 1.
  virtual math::UpdateRule rule() const = 0;

 private:
  void update(std::span<const math::GradientTransform> changes,
              std::span<Entry<float>* const> entries) final {
    detail::update_kernels(entries).update(rule(), changes, detail::items(entries));
  }
  void update(std::span<const math::GradientTransform> changes,
              std::span<Entry<double>* const> entries) final {
    detail::update_kernels(entries).update(rule(), changes, detail::items(entries));
  }
};

inline void Optimizer::check_group(const GroupOptions& group) {
  group.check();
  if ((group.learning_rate || group.learning_rate_factor != 1) && !learning_rate_option())
    fail<ValueError>("GroupOptions: this optimizer has no learning rate");
  if (group.weight_decay && !weight_decay_option())
    fail<ValueError>(
        "GroupOptions: weight_decay, but this optimizer has no decoupled decay; decay_factor multiplies the "
        "rates of hooks");
}

inline GroupOptions& Optimizer::add_group(GroupOptions given) {
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
inline Optimizer::Changes Optimizer::gradient_transforms(double divisor) {
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
    if (const auto* decay = std::get_if<WeightDecay>(&hook)) add_decay(Kind::decay, decay->rate);
    else if (const auto* l1_decay = std::get_if<L1Decay>(&hook)) add_decay(Kind::l1_decay, l1_decay->rate);
    else if (const auto* value = std::get_if<ClipGradValue>(&hook))
      add_to_all({Kind::clip, value->lower, value->upper});
    else if (const auto* clip = std::get_if<ClipGradNorm>(&hook)) {
      add_to_all(clip_norm(clip->threshold, changes, &hook - hooks_.data()));
    } else {
      run_user_hook(*std::get<std::shared_ptr<const UserHook>>(hook), changes);
    }
  }
  return changes;
}

/// The factor is computed on the device and stays there, so the host does not wait.
inline math::GradientTransform Optimizer::clip_norm(double threshold, const Changes& changes, Index which) {
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
inline void Optimizer::run_user_hook(const UserHook& hook, Changes& changes) {
  parameters_.for_each([&]<Real T>(Entry<T>& entry) {
    auto& gradient = entry.parameter.mutable_grad();
    if (!gradient) gradient = Tensor<T>::zeros(entry.parameter.shape(), entry.parameter.device());
    kernels("hook", gradient)
        .update.apply(changes[entry.part], entry.parameter.view(), gradient.mutable_view());
  });
  for (auto& of_part : changes) of_part.clear();
  hook(parameters_);
}

inline void Optimizer::serialize(io::Serializer& serializer) {
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
