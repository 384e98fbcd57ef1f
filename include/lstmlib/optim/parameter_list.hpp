// SPDX-License-Identifier: MIT
#pragma once
// The parameters of a model as optimizers hold them.

#include "lstmlib/nn/module.hpp"

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// One parameter of a model. Members that share a parameter (tied weights) have one entry. Names matter only
/// in files.
template <Real T>
struct Entry {
  std::vector<std::string> names;                     ///< paths of its equal blocks of rows
  std::vector<std::vector<std::string>> other_names;  ///< names by other members that share it
  Variable<T> parameter;
  std::vector<Tensor<T>> state;  ///< states of the rule, shaped like the parameter; made when needed
  std::size_t part = 0;          ///< parameters of equal groups are one part, see Optimizer::add_group
  std::optional<bool> frozen_before_load = {};  ///< what a snapshot changed

  [[nodiscard]] bool is_frozen() const noexcept { return !parameter.requires_grad(); }
};

/// All parameters of a model, float and double.
class ParameterList {
 public:
  /// Calls `use(entry)` for each parameter that is not frozen; `use` takes `auto& entry`.
  template <class Use>
  void for_each(Use use) {
    for_each_type([&](auto& entries) {
      for (auto& entry : entries)
        if (!entry.is_frozen()) use(entry);
    });
  }
  /// Calls `use(entries)` for each element type that has entries, frozen ones too; `use` takes `auto& entries`.
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

namespace detail {

struct Collector final : nn::TypedMemberVisitor<Collector> {
  explicit Collector(ParameterList& list) : parameters(list) {}
  template <Real T>
  void parameter(Names names, nn::Parameter<T>& p) {
    Entry<T> entry;
    entry.parameter = p;
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

/// Throws Error if the module, where it still exists, has a parameter that is not in the list.
inline void check_members(const char* owner, const nn::ModulePlace& place, ParameterList& parameters) {
  nn::Module* model = place.module();
  if (!model) return;
  Comparer comparer(parameters);
  model->visit_members(comparer);
  if (!comparer.unknown.empty())
    fail<Error>(owner, ": ", comparer.unknown, " is another parameter than when the ", owner,
                " was made, and would not be trained; assign to its mutable_value(), or make a new ", owner);
}

}  // namespace detail

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
