// SPDX-License-Identifier: MIT
#pragma once
// The parameters of a model as optimizers hold them.

#include "lstmlib/base/linkage.hpp"
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
    if (auto& entries = std::get<0>(entries_); !entries.empty()) use(entries);
    if (auto& entries = std::get<1>(entries_); !entries.empty()) use(entries);
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

/// Adds the parameters of a module.
LSTMLIB_LAZY void collect(nn::Module& model, ParameterList& parameters);

/// Throws Error if the module, where it still exists, has a parameter that is not in the list.
LSTMLIB_LAZY void check_members(const char* owner, const nn::ModulePlace& place, ParameterList& parameters);

}  // namespace detail

}  // namespace lstmlib::inline LSTMLIB_ABI::optim

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/optim/parameter_list.inl"
#endif
