// SPDX-License-Identifier: MIT
#pragma once
// The base class of layers and models. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/nn/module.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::nn {

LSTMLIB_INLINE MemberVisitor& MemberVisitor::operator()(std::string_view name, Module& child) {
  enter(name);
  child.visit_members(*this);
  leave();
  return *this;
}

namespace detail {  // local classes cannot have member templates
struct Mover final : TypedMemberVisitor<Mover> {
  explicit Mover(Device to) : device(to) {}
  template <Real T>
  void parameter(Names, Parameter<T>& p) {
    p.mutable_value() = p.mutable_value().to(device);
    p.clear_grad();
  }
  template <Element T>
  void tensor(std::string_view, Tensor<T>& t) {
    t = t.to(device);
  }

  Device device;
};

/// Lists the parameters of a module.
struct Lister final : TypedMemberVisitor<Lister> {
  /// Visiting changes nothing, so it may be const.
  explicit Lister(const Module& module) { const_cast<Module&>(module).visit_members(*this); }
  template <Real T>
  void parameter(Names names, Parameter<T>& p) {
    NamedParameter& one = listed.emplace_back();
    for (const auto name : names) one.names.push_back(path.of(name));
    one.path = path_of(one.names);
    one.shape = p.shape();
    one.dtype = element_name<T>;
    one.frozen = p.is_frozen();
    const auto known = std::find(states.begin(), states.end(), p.state().get());
    if (known != states.end()) one.tied_to = listed[static_cast<std::size_t>(known - states.begin())].path;
    states.push_back(p.state().get());
    if constexpr (std::same_as<T, float>) floats.push_back(&p), doubles.push_back(nullptr);
    else floats.push_back(nullptr), doubles.push_back(&p);
  }
  void enter(std::string_view name) override { path.enter(name); }
  void leave() override { path.leave(); }

  MemberPath path;
  std::vector<NamedParameter> listed;
  std::vector<const void*> states;        // of each in `listed`
  std::vector<Parameter<float>*> floats;  // the same; null for the other type
  std::vector<Parameter<double>*> doubles;
};

}  // namespace detail

LSTMLIB_INLINE void Module::to(Device device) {
  detail::Mover mover(device);
  visit_members(mover);
}

LSTMLIB_INLINE std::vector<NamedParameter> Module::named_parameters() const {
  return detail::Lister(*this).listed;
}

template <Real T>
void Module::find_typed(std::string_view path, Parameter<T>*& found) {
  const detail::Lister all(*this);
  for (std::size_t i = 0; i < all.listed.size(); ++i) {
    if (all.listed[i].path != path) continue;
    if constexpr (std::same_as<T, float>) found = all.floats[i];
    else found = all.doubles[i];
    if (!found)
      fail<DtypeError>("parameter: ", path, " is ", all.listed[i].dtype, ", asked for as ", element_name<T>,
                       "; write parameter<", std::same_as<T, float> ? "double" : "float", ">");
    return;
  }
  detail::fail_no_path("parameter", path, all.listed, false);
}
LSTMLIB_INLINE void Module::find(std::string_view path, Parameter<float>*& found) { find_typed(path, found); }
LSTMLIB_INLINE void Module::find(std::string_view path, Parameter<double>*& found) {
  find_typed(path, found);
}

LSTMLIB_INLINE Index Module::count(bool trainable) const {
  Index sum = 0;
  for (const auto& one : named_parameters())
    if (one.tied_to.empty() && !(trainable && one.frozen)) sum += one.count();
  return sum;
}

LSTMLIB_INLINE void Module::set_trainable(std::string_view op, std::string_view path, bool trainable) {
  const detail::Lister all(*this);
  bool found = false;
  const auto set = [&](auto* parameter) {
    if (!parameter) return;
    if (trainable) parameter->unfreeze();
    else parameter->freeze();
  };
  for (std::size_t i = 0; i < all.listed.size(); ++i) {
    if (!detail::is_below(all.listed[i].path, path)) continue;
    set(all.floats[i]);
    set(all.doubles[i]);
    found = true;
  }
  if (!found && !path.empty()) detail::fail_no_path(op, path, all.listed, true);
}

LSTMLIB_INLINE std::string Module::summary() const {
  const auto all = named_parameters();
  std::vector<std::array<std::string, 4>> lines{{"parameter", "shape", "elements", ""}};
  for (const auto& one : all)
    lines.push_back({one.path, to_string(one.shape), std::to_string(one.count()),
                     !one.tied_to.empty() ? "tied to " + one.tied_to
                     : one.frozen         ? "frozen"
                                          : ""});
  lines.push_back(
      {"all", "", std::to_string(parameter_count()), message(trainable_parameter_count(), " trainable")});
  std::array<std::size_t, 3> width{};
  for (const auto& line : lines)
    for (std::size_t k = 0; k < width.size(); ++k) width[k] = (std::max)(width[k], line[k].size());
  std::string table;
  for (const auto& line : lines) {
    table += line[0] + std::string(width[0] - line[0].size() + 2, ' ');
    table += line[1] + std::string(width[1] - line[1].size() + 2, ' ');
    table += std::string(width[2] - line[2].size(), ' ') + line[2];
    if (!line[3].empty()) table += "  " + line[3];
    table += '\n';
  }
  return table;
}

LSTMLIB_INLINE std::shared_ptr<const ModulePlace> Module::place() {
  if (!place_) place_ = std::make_shared<ModulePlace>();
  place_->module_ = this;
  return place_;
}

LSTMLIB_INLINE void Module::take_place(Module& other) {
  auto taken = std::exchange(other.place_, nullptr);
  if (!taken) return;
  if (place_) {
    taken->moved_into_ = place_;
  } else {
    place_ = std::move(taken);
    place_->module_ = this;
  }
}

}  // namespace lstmlib::inline LSTMLIB_ABI::nn
