// SPDX-License-Identifier: MIT
#pragma once
// The base classes of optimizers: parameters, groups, hooks, and state saved by name.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/math/update_rules.hpp"
#include "lstmlib/optim/group.hpp"
#include "lstmlib/optim/hook.hpp"
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
  LSTMLIB_LAZY explicit Optimizer(nn::Module& model);
  LSTMLIB_INLINE virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Adds a hook; hooks run in the order in which they were added. Throws ValueError for a negative rate, a
  /// threshold that is not positive, or lower > upper.
  LSTMLIB_LAZY void add_hook(Hook hook);
  LSTMLIB_LAZY void add_hook(UserHook hook);
  /// Gives some parameters a learning rate or decay of their own. A parameter of several groups gets all
  /// their factors, and the learning rate and decay of the last one that has them. The result stays valid; its
  /// numbers may be changed between steps. Throws ValueError for numbers out of range, for a number that this
  /// optimizer does not have, and if `match` is true for no parameter; IndexError if nothing is at `path`.
  ///
  ///     adam.add_group({.path = "encoder", .learning_rate_factor = 0.1});
  ///     adam.add_group({.match = [](const nn::NamedParameter& p) { return p.shape.rank() == 1; },
  ///                     .decay_factor = 0});
  LSTMLIB_LAZY GroupOptions& add_group(GroupOptions group);
  /// Removes all gradients.
  LSTMLIB_LAZY void zero_grad();
  /// Updates every parameter that is not frozen: hooks first, then the rule. A missing gradient counts as
  /// zeros, which hooks may change. Throws ValueError for options out of range and ShapeError for a gradient
  /// that does not match its parameter. Throws Error if a member of the model now has another parameter.
  LSTMLIB_LAZY void step(StepOptions o = {});
  /// Number of steps so far.
  Index steps() const { return steps_; }
  /// The device of the parameters; the CPU if there are none.
  LSTMLIB_LAZY Device device();
  ParameterList& parameters() { return parameters_; }
  /// Name of state number `s` of an entry in files: "m".
  std::string_view state_name(std::size_t s) const { return state_names()[s]; }

  /// Saves or loads the step count, and the rule's states by parameter ("encoder/encoder/0/w0/m"). A frozen
  /// parameter has states only if it was trained before. Once a parameter was frozen, also saves which are.
  LSTMLIB_LAZY void serialize(io::Serializer& serializer);

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
  class WithGroups;
  /// Makes missing states, and moves them to the parameter's device, which may have changed.
  template <Real T>
  void prepare(Entry<T>& entry);
  LSTMLIB_LAZY void note_frozen();
  LSTMLIB_LAZY void check_group(const GroupOptions& group);
  LSTMLIB_LAZY Changes gradient_transforms(double divisor);
  LSTMLIB_LAZY math::GradientTransform clip_norm(double threshold, const Changes& changes, Index which);
  LSTMLIB_LAZY void run_user_hook(const UserHook& hook, Changes& changes);
  template <Real T>
  void serialize_entry(io::Serializer& serializer, Entry<T>& entry, bool flags);

  std::shared_ptr<const nn::ModulePlace> model_;
  ParameterList parameters_;
  std::vector<std::unique_ptr<GroupOptions>> groups_;
  std::vector<Part> parts_;  // the first has the parameters without a group
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
  LSTMLIB_INLINE void update(std::span<const math::GradientTransform> changes,
                             std::span<Entry<float>* const> entries) final;
  LSTMLIB_INLINE void update(std::span<const math::GradientTransform> changes,
                             std::span<Entry<double>* const> entries) final;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/optim/optimizer.inl"
#endif
