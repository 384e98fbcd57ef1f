// SPDX-License-Identifier: MIT
#pragma once
// Lists of parameters: how they are made from a module and compared with it. See base/linkage.hpp.

#include "lstmlib/optim/parameter_list.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

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

}  // namespace detail

LSTMLIB_LAZY_INLINE void detail::collect(nn::Module& model, ParameterList& parameters) {
  Collector collector(parameters);
  model.visit_members(collector);
}

LSTMLIB_LAZY_INLINE void detail::check_members(const char* owner, const nn::ModulePlace& place,
                                               ParameterList& parameters) {
  nn::Module* model = place.module();
  if (!model) return;
  Comparer comparer(parameters);
  model->visit_members(comparer);
  if (!comparer.unknown.empty())
    fail<Error>(owner, ": ", comparer.unknown, " is another parameter than when the ", owner,
                " was made, and would not be trained; assign to its mutable_value(), or make a new ", owner);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
