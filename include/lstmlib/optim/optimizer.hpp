// SPDX-License-Identifier: MIT
#pragma once
// The base class of optimizers: the list of parameters, hooks, and state saved by name.

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/base/option.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <functional>
#include <optional>
#include <tuple>
#include <variant>

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// One parameter of a model. Members that share a parameter (tied weights) have one entry. Names matter only
/// in files.
template <Real T>
struct Entry {
  std::vector<std::string> names;                     ///< paths of its equal blocks of rows
  std::vector<std::vector<std::string>> other_names;  ///< names by other members that share it
  Variable<T> parameter;
  std::vector<Tensor<T>> state;  ///< states of the rule, shaped like the parameter; made when needed
};

/// All parameters of a model, float and double.
class ParameterList {
 public:
  /// Calls `use(entry)` for each parameter; `use` takes `auto& entry`.
  template <class Use>
  void for_each(Use use) {
    for_each_type([&](auto& entries) {
      for (auto& entry : entries) use(entry);
    });
  }
  /// Calls `use(entries)` for each element type that has entries; `use` takes `auto& entries`.
  template <class Use>
  void for_each_type(Use use) {
    std::apply([&](auto&... entries) { ((entries.empty() ? void() : use(entries)), ...); }, entries_);
  }
  template <Real T>
  void add(Entry<T> entry) {
    auto& entries = std::get<std::vector<Entry<T>>>(entries_);
    for (auto& known : entries)
      if (known.parameter.state() == entry.parameter.state()) {
        known.other_names.push_back(std::move(entry.names));
        return;
      }
    entries.push_back(std::move(entry));
  }

 private:
  template <class T>
  using List = std::vector<Entry<T>>;
  lstmlib::detail::RealTypes::TupleOf<List> entries_;
};

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

struct Collector final : nn::TypedMemberVisitor<Collector> {
  explicit Collector(ParameterList& list) : parameters(list) {}
  template <Real T>
  void parameter(Names names, nn::Parameter<T>& p) {
    Entry<T> entry{{}, {}, p, {}};
    for (const auto name : names) entry.names.push_back(path.of(name));
    parameters.add(std::move(entry));
  }
  void enter(std::string_view name) override { path.enter(name); }
  void leave() override { path.leave(); }

  ParameterList& parameters;
  nn::MemberPath path;
};

/// Checks that a module still has the parameters that an optimizer was made with.
struct Comparer final : nn::TypedMemberVisitor<Comparer> {
  explicit Comparer(ParameterList& list) : parameters(list) {}
  template <Real T>
  void parameter(Names names, nn::Parameter<T>& p) {
    bool known = false;
    parameters.for_each_type([&]<class Known>(const std::vector<Known>& entries) {
      if constexpr (std::same_as<Known, Entry<T>>)
        for (std::size_t i = 0; i < entries.size() && !known; ++i)  // usually in the same order
          known = entries[(i + next) % entries.size()].parameter.state() == p.state();
    });
    ++next;
    if (!known && unknown.empty()) unknown = path.of(names.empty() ? "" : names.front());
  }
  void enter(std::string_view name) override { path.enter(name); }
  void leave() override { path.leave(); }

  ParameterList& parameters;
  nn::MemberPath path;
  std::size_t next = 0;
  std::string unknown;  ///< path of the first member that the optimizer does not know; else empty
};

/// Throws ShapeError if a gradient does not match its parameter, and DeviceError if it is on another device.
template <Real T>
void check_gradient_of(const Entry<T>& entry) {
  const Variable<T>& parameter = entry.parameter;
  if (const SparseGradient<T>& part = parameter.sparse_grad()) {
    const Shape& shape = parameter.shape();
    if (!part.values || shape.rank() < 1 || part.indices.shape().rank() != 1 ||
        part.values.shape() != shape.with_rows(part.indices.size()))
      fail<ShapeError>("optimizer: the gradient of ", entry.names.front(), " ", shape, " has ids ",
                       part.indices.shape(), " and rows ", part.values.shape());
    kernels("optimizer", parameter.value(), part.values, part.indices);
  } else if (const Tensor<T>& whole = parameter.grad()) {
    if (whole.shape() != parameter.shape())
      fail<ShapeError>("optimizer: the gradient of ", entry.names.front(), " is ", whole.shape(),
                       ", expected ", parameter.shape());
    kernels("optimizer", parameter.value(), whole);
  }
}

template <Real T>
GradientView<T> gradient_view(const Variable<T>& parameter) {
  const SparseGradient<T>& part = parameter.sparse_grad();
  if (part) return {{}, part.indices.view(), part.values.view()};
  return {parameter.grad().view(), {}, {}};
}
/// The parameters as passed to kernels. Throws DeviceError unless they are on one device.
template <Real T>
std::vector<UpdateItem<T>> items(std::vector<Entry<T>>& entries) {
  std::vector<UpdateItem<T>> all;
  all.reserve(entries.size());
  for (auto& entry : entries) {
    UpdateItem<T>& item = all.emplace_back();
    auto& value = entry.parameter.mutable_value();
    kernels("optimizer", entries.front().parameter.value(), value);
    check_gradient_of(entry);
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
  /// Removes all gradients.
  void zero_grad() {
    parameters_.for_each([](auto& entry) { entry.parameter.clear_grad(); });
  }
  /// Updates every parameter: hooks first, then the rule. A missing gradient counts as zeros, which hooks may
  /// change. Throws ValueError for options out of range and ShapeError for a gradient that does not match its
  /// parameter. Throws Error if a member of the model now has another parameter.
  void step() {
    check_options();
    check_model();
    ++steps_;
    const auto changes = gradient_transforms();
    const math::UpdateRule chosen = rule();
    parameters_.for_each([&](auto& entry) { prepare(entry); });
    parameters_.for_each_type([&](auto& entries) {
      detail::update_kernels(entries).update(chosen, changes, detail::items(entries));
    });
  }
  /// Number of steps so far.
  Index steps() const { return steps_; }
  /// The device of the parameters; the CPU if there are none.
  Device device() {
    std::optional<Device> found;
    parameters_.for_each([&](auto& entry) {
      if (!found) found = entry.parameter.device();
    });
    return found.value_or(Device::cpu());
  }
  ParameterList& parameters() { return parameters_; }
  /// Name of state number `s` of an entry in files: "m".
  std::string_view state_name(std::size_t s) const { return state_names()[s]; }

  /// Saves or loads the step count, and the rule's states by parameter ("encoder/encoder/0/w0/m").
  void serialize(io::Serializer& serializer);

 protected:
  /// Throws ValueError for options out of range. Called before each step.
  virtual void check_options() const {}
  /// The numbers of step number `steps()`, counted from 1.
  virtual math::UpdateRule rule() const = 0;
  /// Names of the rule's states in files: {"m", "v"}.
  virtual std::span<const std::string_view> state_names() const = 0;
  /// Value of every element of state number `s` before the first step.
  virtual double initial_state(std::size_t) const { return 0; }

 private:
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
  void check_model() {
    nn::Module* model = model_->module();
    if (!model) return;
    detail::Comparer comparer(parameters_);
    model->visit_members(comparer);
    if (!comparer.unknown.empty())
      fail<Error>(
          "optimizer: ", comparer.unknown,
          " is another parameter than when the optimizer was made, and would not be trained; assign to "
          "its mutable_value(), or make a new optimizer");
  }
  std::vector<math::GradientTransform> gradient_transforms();
  math::GradientTransform clip_norm(double threshold, std::span<const math::GradientTransform> changes,
                                    Index which);
  void run_user_hook(const UserHook& hook, std::vector<math::GradientTransform>& changes);

  std::shared_ptr<const nn::ModulePlace> model_;
  ParameterList parameters_;
  std::vector<Hook> hooks_;
  Index steps_ = 0;
  Tensor<double> clipping_;  ///< [hooks, 2]: squared norm and factor of each ClipGradNorm
};

/// The hooks as gradient transforms, which kernels apply while they update.
inline std::vector<math::GradientTransform> Optimizer::gradient_transforms() {
  using Kind = math::GradientTransform::Kind;
  std::vector<math::GradientTransform> changes;
  for (const auto& hook : hooks_) {
    if (const auto* decay = std::get_if<WeightDecay>(&hook)) changes.push_back({Kind::decay, decay->rate});
    else if (const auto* l1_decay = std::get_if<L1Decay>(&hook))
      changes.push_back({Kind::l1_decay, l1_decay->rate});
    else if (const auto* value = std::get_if<ClipGradValue>(&hook))
      changes.push_back({Kind::clip, value->lower, value->upper});
    else if (const auto* clip = std::get_if<ClipGradNorm>(&hook)) {
      changes.push_back(clip_norm(clip->threshold, changes, &hook - hooks_.data()));
    } else {
      run_user_hook(*std::get<std::shared_ptr<const UserHook>>(hook), changes);
    }
  }
  return changes;
}

/// The factor is computed on the device and stays there, so the host does not wait.
inline math::GradientTransform Optimizer::clip_norm(double threshold,
                                                    std::span<const math::GradientTransform> changes,
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
  return {math::GradientTransform::Kind::scale, 1, 0, factor};
}

/// The user's function gets dense gradients with all earlier hooks applied.
inline void Optimizer::run_user_hook(const UserHook& hook, std::vector<math::GradientTransform>& changes) {
  parameters_.for_each([&]<Real T>(Entry<T>& entry) {
    auto& gradient = entry.parameter.mutable_grad();
    if (!gradient) gradient = Tensor<T>::zeros(entry.parameter.shape(), entry.parameter.device());
    kernels("hook", gradient).update.apply(changes, entry.parameter.view(), gradient.mutable_view());
  });
  changes.clear();
  hook(parameters_);
}

inline void Optimizer::serialize(io::Serializer& serializer) {
  serializer.value("t", steps_);
  if (serializer.loading() && steps_ < 0)
    fail<FormatError>("optimizer: t is ", steps_, ", expected 0 or more");
  const auto serialize_as = [&](auto& entry, const std::vector<std::string>& names) {
    const Index rows = entry.parameter.shape().rows() / static_cast<Index>(names.size());
    for (std::size_t block = 0; block < names.size(); ++block)
      serializer.scope(names[block], [&](io::Serializer& part) {
        Index t = steps_;  // Chainer counts the steps per parameter
        part.value("t", t);
        for (std::size_t s = 0; s < entry.state.size(); ++s) {
          auto rows_of_block =
              entry.state[s].rows(static_cast<Index>(block) * rows, rows);  // shares the memory
          part.value(state_names()[s], rows_of_block);
        }
      });
  };
  parameters_.for_each([&](auto& entry) {
    prepare(entry);
    // The state of a shared parameter is saved under all its names, and loaded from the first one in the
    // file.
    const auto* names = &entry.names;
    for (const auto& other : entry.other_names) {
      if (serializer.saving()) serialize_as(entry, other);
      else if (!serializer.has(names->front() + "/t")) names = &other;
    }
    serialize_as(entry, *names);
  });
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
