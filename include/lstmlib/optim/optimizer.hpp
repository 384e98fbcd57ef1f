// SPDX-License-Identifier: MIT
#pragma once
// What optimizers have in common: the list of parameters, hooks, and state that is saved by name.

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/nn/serializer.hpp"

#include <functional>
#include <optional>
#include <tuple>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// One parameter of a model, whole: its names matter to files only.
template <Real T>
struct Entry {
  std::vector<std::string> names;  ///< of its equal blocks of rows, as paths
  Variable<T> parameter;
  std::vector<Tensor<T>> state;  ///< of the rule, each as the parameter; made when needed
};

/// All parameters of a model, of either element type.
class ParameterList {
 public:
  /// Calls `use(entry)` for each, in the order of `fields`; `use` takes `auto& entry`.
  template <class Use>
  void for_each(Use use) {
    for_each_type([&](auto& entries) {
      for (auto& entry : entries) use(entry);
    });
  }
  /// Calls `use(entries)` for the entries of each element type that has some; `use` takes `auto& entries`.
  template <class Use>
  void for_each_type(Use use) {
    std::apply([&](auto&... entries) { ((entries.empty() ? void() : use(entries)), ...); }, entries_);
  }
  template <Real T>
  void add(Entry<T> entry) {
    std::get<std::vector<Entry<T>>>(entries_).push_back(std::move(entry));
  }

 private:
  std::tuple<std::vector<Entry<float>>, std::vector<Entry<double>>> entries_;
};

/// gradient += rate * parameter
struct WeightDecay {
  double rate;
};
/// gradient += rate * sign(parameter)
struct Lasso {
  double rate;
};
/// All gradients together are scaled so that their norm is at most `threshold`.
struct ClipNorm {
  double threshold;
};
/// Each element of a gradient is limited to [lower, upper].
struct ClipValue {
  double lower, upper;
};

/// What is done to the gradients before a step, for every parameter. As data, so that a step can do it while
/// it streams over a parameter; a function of the user sees all gradients, made whole.
using UserHook = std::function<void(ParameterList&)>;
using Hook = std::variant<WeightDecay, Lasso, ClipNorm, ClipValue, std::shared_ptr<const UserHook>>;

namespace detail {
struct Collector final : nn::FieldVisitor<Collector> {
  explicit Collector(ParameterList& list) : parameters(list) {}
  template <Real T>
  void parameter(Names names, nn::Parameter<T>& p) {
    Entry<T> entry{{}, p, {}};
    for (const auto name : names) entry.names.push_back(path.of(name));
    parameters.add(std::move(entry));
  }
  void enter(std::string_view name) override { path.enter(name); }
  void leave() override { path.leave(); }

  ParameterList& parameters;
  nn::FieldPath path;
};

template <Real T>
GradientView<T> gradient_view(const Variable<T>& parameter) {
  const RowGradient<T>& part = parameter.grad_rows();
  if (part) return {{}, part.ids.view(), part.rows.view()};
  return {parameter.grad().view(), {}, {}};
}
/// The parameters as kernels read them. Throws DeviceError unless they are on one device.
template <Real T>
std::vector<UpdateItem<T>> items(std::vector<Entry<T>>& entries) {
  std::vector<UpdateItem<T>> all;
  all.reserve(entries.size());
  for (auto& entry : entries) {
    UpdateItem<T>& item = all.emplace_back();
    auto& value = entry.parameter.mutable_value();
    kernels("optimizer", entries.front().parameter.value(), value);
    item.gradient = gradient_view(entry.parameter);
    item.value = value.mutable_view();
    for (std::size_t i = 0; i < entry.state.size(); ++i) item.state[i] = entry.state[i].mutable_view();
  }
  return all;
}
template <Real T>
UpdateKernels<T>& update_kernels(const std::vector<Entry<T>>& entries) {
  return kernels("optimizer", entries.front().parameter.value()).update;
}
}  // namespace detail

/// Holds the parameters, not the module, which may be moved. All are on one device.
class Optimizer {
 public:
  explicit Optimizer(nn::Module& model) {
    detail::Collector collector(parameters_);
    model.fields(collector);
  }
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Hooks work in the order in which they are added.
  void add_hook(Hook hook) { hooks_.push_back(std::move(hook)); }
  void add_hook(UserHook hook) { hooks_.push_back(std::make_shared<const UserHook>(std::move(hook))); }
  /// Forgets the gradients.
  void zero_grad() {
    parameters_.for_each([](auto& entry) { entry.parameter.clear_grad(); });
  }
  /// Hooks, then the rule, for every parameter; one without a gradient has a gradient of zeros, which hooks
  /// may change.
  void step() {
    ++steps_;
    const auto changes = gradient_steps();
    const math::UpdateRule chosen = rule();
    parameters_.for_each([&](auto& entry) { prepare(entry); });
    parameters_.for_each_type([&](auto& entries) {
      detail::update_kernels(entries).update(chosen, changes, detail::items(entries));
    });
  }
  Index steps() const { return steps_; }
  /// Where the parameters are.
  Device device() {
    std::optional<Device> found;
    parameters_.for_each([&](auto& entry) {
      if (!found) found = entry.parameter.device();
    });
    return found.value_or(Device::cpu());
  }
  ParameterList& parameters() { return parameters_; }
  /// What files call state number `s` of an entry: "m".
  std::string_view state_name(std::size_t s) const { return state_names()[s]; }

  /// Step count, and the rule's state under the names of the parameters ("encoder/encoder/0/w0/m").
  void serialize(nn::Serializer& serializer);

 protected:
  /// The numbers of step `steps()`, the first being 1.
  virtual math::UpdateRule rule() const = 0;
  /// What files call the rule's states: {"m", "v"}.
  virtual std::span<const std::string_view> state_names() const = 0;
  /// What every element of state number `s` is before the first step.
  virtual double first_state(std::size_t) const { return 0; }

 private:
  /// The first state where there is none yet, on the parameter's device (which may have changed).
  template <Real T>
  void prepare(Entry<T>& entry) {
    const Device device = entry.parameter.device();
    while (entry.state.size() < state_names().size()) {
      auto state = Tensor<T>::uninitialized(entry.parameter.shape(), device);
      kernels("optimizer", state).math.fill(static_cast<T>(first_state(entry.state.size())), state.mutable_view());
      entry.state.push_back(std::move(state));
    }
    for (auto& tensor : entry.state) tensor = tensor.to(device);
  }
  std::vector<math::GradientStep> gradient_steps();
  math::GradientStep clip_norm(double threshold, std::span<const math::GradientStep> changes, Index which);
  void run_user_hook(const UserHook& hook, std::vector<math::GradientStep>& changes);

  ParameterList parameters_;
  std::vector<Hook> hooks_;
  Index steps_ = 0;
  Tensor<double> clipping_;  ///< [hooks, 2]: squared norm and factor of those that clip it
};

/// What the hooks amount to, as steps that the update does while it streams.
inline std::vector<math::GradientStep> Optimizer::gradient_steps() {
  using Kind = math::GradientStep::Kind;
  std::vector<math::GradientStep> changes;
  for (const auto& hook : hooks_) {
    if (const auto* decay = std::get_if<WeightDecay>(&hook)) changes.push_back({Kind::decay, decay->rate});
    else if (const auto* lasso = std::get_if<Lasso>(&hook)) changes.push_back({Kind::lasso, lasso->rate});
    else if (const auto* value = std::get_if<ClipValue>(&hook))
      changes.push_back({Kind::clip, value->lower, value->upper});
    else if (const auto* clip = std::get_if<ClipNorm>(&hook)) {
      changes.push_back(clip_norm(clip->threshold, changes, &hook - hooks_.data()));
    } else {
      run_user_hook(*std::get<std::shared_ptr<const UserHook>>(hook), changes);
    }
  }
  return changes;
}

/// The factor is computed where the parameters are, and stays there: nobody waits for it.
inline math::GradientStep Optimizer::clip_norm(double threshold, std::span<const math::GradientStep> changes,
                                               Index which) {
  const Device device = this->device();
  const auto hooks = static_cast<Index>(hooks_.size());
  if (!clipping_ || clipping_.shape()[0] != hooks || clipping_.device() != device)
    clipping_ = Tensor<double>::uninitialized({hooks, 2}, device);
  Tensor<double> numbers = clipping_.rows(which, 1);
  numbers.clear();
  double *sum = numbers.mutable_view().data, *factor = sum + 1;
  parameters_.for_each_type([&](auto& entries) {
    detail::update_kernels(entries).add_squared_norm(changes, detail::items(entries), sum);
  });
  kernels("clip", numbers).update.clip_factor(threshold, sum, factor);
  return {math::GradientStep::Kind::scale, 1, 0, factor};
}

/// The user's function sees whole gradients with all earlier hooks applied.
inline void Optimizer::run_user_hook(const UserHook& hook, std::vector<math::GradientStep>& changes) {
  parameters_.for_each([&]<Real T>(Entry<T>& entry) {
    auto& gradient = entry.parameter.mutable_grad();
    if (!gradient) gradient = Tensor<T>::zeros(entry.parameter.shape(), entry.parameter.device());
    kernels("hook", gradient).update.apply(changes, entry.parameter.view(), gradient.mutable_view());
  });
  changes.clear();
  hook(parameters_);
}

inline void Optimizer::serialize(nn::Serializer& serializer) {
  serializer.value("t", steps_);
  parameters_.for_each([&](auto& entry) {
    prepare(entry);
    const Index rows = entry.parameter.shape().rows() / static_cast<Index>(entry.names.size());
    for (std::size_t block = 0; block < entry.names.size(); ++block)
      serializer.scope(entry.names[block], [&](nn::Serializer& part) {
        Index t = steps_;  // the reference counts the steps of each parameter
        part.value("t", t);
        for (std::size_t s = 0; s < entry.state.size(); ++s) {
          auto rows_of_block =
              entry.state[s].rows(static_cast<Index>(block) * rows, rows);  // shares the memory
          part.value(state_names()[s], rows_of_block);
        }
      });
  });
}

}  // namespace lstmlib::optim
