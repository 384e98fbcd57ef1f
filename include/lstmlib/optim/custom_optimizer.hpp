// SPDX-License-Identifier: MIT
#pragma once
// Optimizers with a rule of the user's own. Not part of lstmlib.hpp.

#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/base/option.hpp"
#include "lstmlib/math/update_formulas.hpp"
#include "lstmlib/optim/optimizer.hpp"
#include "lstmlib/optim/update_items.hpp"

#include <algorithm>
#include <concepts>

namespace lstmlib::inline LSTMLIB_ABI::optim {

namespace detail {

template <class Rule>
constexpr std::size_t state_count() {
  if constexpr (requires { std::size(Rule::states); }) return std::size(Rule::states);
  else return 0;
}
/// rule(value, gradient, states[0], ...) for numbers of type T.
template <class Rule, class T, std::size_t... k>
constexpr bool is_rule_for_numbers(std::index_sequence<k...>) {
  return std::invocable<const Rule&, T&, T, decltype((void(k), std::declval<T&>()))...>;
}
template <class Rule, class T>
constexpr bool is_rule_for_numbers() {
  return is_rule_for_numbers<Rule, T>(std::make_index_sequence<state_count<Rule>()>());
}
/// rule(value, gradient, states) for whole tensors.
template <class Rule, class T>
constexpr bool is_rule_for_tensors() {
  return std::invocable<const Rule&, Tensor<T>&, const Tensor<T>&, std::span<Tensor<T>>>;
}

/// Calls `use(first, count, gradient or null)` for runs of elements, from `first` to `last` - 1, whose gradients
/// lie side by side.
template <Real T, class Use>
void for_each_run(const GradientView<T>& gradient, Index width, Index first, Index last, Use use) {
  if (!gradient.indices)
    return use(first, last - first, gradient.dense ? gradient.dense.data + first : nullptr);
  const std::int32_t *ids = gradient.indices.data, *end = ids + gradient.indices.size();
  const auto* next = std::lower_bound(ids, end, static_cast<std::int32_t>(first / width));
  for (Index at = first; at < last;) {
    const Index row = at / width, offset = at - row * width;
    const bool has_row = next < end && *next == row;
    const Index until = has_row      ? (std::min)(last, (row + 1) * width)
                        : next < end ? (std::min)(last, Index{*next} * width)
                                     : last;
    use(at, until - at, has_row ? gradient.values.data + (next - ids) * width + offset : nullptr);
    if (has_row) ++next;
    at = until;
  }
}

}  // namespace detail

/// An optimizer whose rule is a struct of the user's own, which holds the options, too. Groups, hooks, frozen
/// parameters and snapshots work as for any other.
///
///     struct SignSgd {
///       double learning_rate = 1e-3, momentum = 0.9;
///       static constexpr std::string_view states[] = {"m"};  // names in files; none if left out
///       template <class T>
///       void operator()(T& p, T g, T& m) const {  // parameter, gradient after the hooks, states
///         m = static_cast<T>(momentum) * m + g;
///         p -= static_cast<T>(learning_rate) * (m > 0 ? T(1) : m < 0 ? T(-1) : T(0));
///       }
///     };
///     optim::CustomOptimizer optimizer(model, SignSgd{.learning_rate = 1e-4});
///
/// The rule may be for whole tensors instead, `(Tensor<T>& p, const Tensor<T>& g, std::span<Tensor<T>> states)`.
/// It then gets dense gradients, on any device. Optional members:
///   `double learning_rate`, `weight_decay`   what groups change
///   `void check() const`                     throws for options out of range; called before each step
///   `Rule at_step(Index step) const`         the rule of a step, counted from 1, as for bias correction
///   `double initial_state(std::size_t) const`  value of a state before the first step, otherwise 0
///
/// A rule for numbers runs on the CPU, on all its threads; with parameters on another device, step() throws
/// DeviceError.
template <class Rule>
class CustomOptimizer : public Optimizer {
 public:
  explicit CustomOptimizer(nn::Module& model, Rule its_options = {})
      : Optimizer(model), options(std::move(its_options)) {
    check_options();
  }

  Rule options;  ///< may be changed between steps

 private:
  static constexpr std::size_t state_count = detail::state_count<Rule>();

  void check_options() const override {
    if constexpr (requires { options.check(); }) options.check();
    if constexpr (requires { options.learning_rate; })
      lstmlib::detail::require_not_negative("CustomOptimizer", "learning_rate", options.learning_rate);
  }
  std::span<const std::string_view> state_names() const override {
    if constexpr (state_count > 0) return Rule::states;
    else return {};
  }
  double initial_state([[maybe_unused]] std::size_t s) const override {
    if constexpr (requires { options.initial_state(s); }) return options.initial_state(s);
    else return 0;
  }
  double* learning_rate_option() override {
    if constexpr (requires { requires std::same_as<decltype(Rule::learning_rate), double>; })
      return &options.learning_rate;
    else return nullptr;
  }
  double* weight_decay_option() override {
    if constexpr (requires { requires std::same_as<decltype(Rule::weight_decay), double>; })
      return &options.weight_decay;
    else return nullptr;
  }
  void update(std::span<const math::GradientTransform> changes,
              std::span<Entry<float>* const> entries) final {
    update_all(changes, entries);
  }
  void update(std::span<const math::GradientTransform> changes,
              std::span<Entry<double>* const> entries) final {
    update_all(changes, entries);
  }
  template <Real T>
  void update_all(std::span<const math::GradientTransform> changes, std::span<Entry<T>* const> entries) {
    const auto of_step = [&] {
      if constexpr (requires { options.at_step(steps()); }) return options.at_step(steps());
      else return options;
    };
    if constexpr (detail::is_rule_for_numbers<Rule, T>()) {
      const Rule rule = of_step();
      if (const Device device = entries.front()->parameter.device(); !device.is_cpu())
        fail<DeviceError>("CustomOptimizer: the parameters are on ", device,
                          ", where a rule for numbers does not run; use a rule for whole tensors, or add the "
                          "rule to the library, see docs/add_an_optimizer.md");
      std::vector<math::GradientTransform> known(changes.begin(), changes.end());
      for (auto& change : known)
        if (change.factor) change.value = *change.factor;
      for (Entry<T>* entry : entries) update_on_cpu(rule, known, *entry);
    } else if constexpr (detail::is_rule_for_tensors<Rule, T>()) {
      const Rule rule = of_step();
      for (Entry<T>* entry : entries) {
        auto& gradient = entry->parameter.mutable_grad();
        auto& value = entry->parameter.mutable_value();
        if (!gradient) gradient = Tensor<T>::zeros(value.shape(), value.device());
        detail::check_gradient_of(*entry);
        kernels("optimizer", gradient).update.apply(changes, value.view(), gradient.mutable_view());
        rule(value, std::as_const(gradient), std::span(entry->state));
      }
    } else {
      static_assert(
          sizeof(T) == 0,
          "the rule is called as rule(T& value, T gradient, T& state, ...) with as many states as it "
          "names, or as rule(Tensor<T>& value, const Tensor<T>& gradient, std::span<Tensor<T>> "
          "states), for T float and double");
    }
  }
  template <Real T>
  static void update_on_cpu(const Rule& rule, std::span<const math::GradientTransform> changes,
                            Entry<T>& entry) {
    detail::check_gradient_of(entry);
    const GradientView<T> gradient = detail::gradient_view(entry.parameter);
    const View<T> value = entry.parameter.mutable_value().mutable_view();
    std::array<T*, state_count> states{};
    for (std::size_t s = 0; s < state_count; ++s) states[s] = entry.state[s].mutable_view().data;
    cpu::parallel_ranges(value.size(), 1, [&](Index from, Index to) {
      detail::for_each_run(
          gradient, value.shape.row_size(), from, to, [&](Index first, Index count, const T* g) {
            for (Index i = 0; i < count; ++i) {
              T& p = value.data[first + i];
              T changed = g ? g[i] : T(0);
              for (const auto& change : changes) changed = math::apply_transform(change, p, changed);
              apply(rule, p, changed, states, first + i, std::make_index_sequence<state_count>());
            }
          });
    });
  }
  template <class T, std::size_t... s>
  static void apply(const Rule& rule, T& p, T g, [[maybe_unused]] const std::array<T*, state_count>& states,
                    [[maybe_unused]] Index i, std::index_sequence<s...>) {
    rule(p, g, states[s][i]...);
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
