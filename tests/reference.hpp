// SPDX-License-Identifier: MIT
#pragma once
// Vectors of the reference: named arrays with a tolerance, and comparison with them.

#include "lstmlib/core.hpp"
#include "lstmlib/io/npz.hpp"
#include "support.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

namespace lstmlib::test {

/// One case of gradients/index.json of the kit, or of a fixture of the same form.
class ReferenceCase {
 public:
  ReferenceCase(std::string name, nlohmann::json about, const std::filesystem::path& folder)
      : name_(std::move(name)),
        about_(std::move(about)),
        arrays_(io::read_npz(folder / about_.at("file").get<std::string>())),
        rtol_(about_.at("tolerance").at("rtol").get<double>()),
        atol_(about_.at("tolerance").at("atol").get<double>()) {}

  const std::string& name() const { return name_; }
  const nlohmann::json& about() const { return about_; }
  bool has(const std::string& key) const { return arrays_.find(key) != nullptr; }
  std::vector<std::string> names(const char* list) const {
    return about_.contains(list) ? about_.at(list).get<std::vector<std::string>>()
                                 : std::vector<std::string>{};
  }
  template <Element T>
  Tensor<T> tensor(const std::string& key) const {
    const io::Array& array = arrays_.at(key);
    const auto numbers = array.template as_numbers<T>();
    return Tensor<T>::from(numbers, Shape(std::span<const Index>(array.shape)));
  }
  /// A leaf of the graph.
  template <Real T>
  Variable<T> variable(const std::string& key) const {
    return Variable<T>(tensor<T>(key), true);
  }

  template <Real T>
  void check(const std::string& key, const Tensor<T>& mine) const {
    const auto theirs = tensor<T>(key);
    INFO(name_, ": ", key);
    REQUIRE(mine);
    REQUIRE(mine.size() == theirs.size());
    double worst = 0;
    for (std::size_t i = 0; i < theirs.values().size(); ++i) {
      const double a = mine.values()[i], b = theirs.values()[i];
      worst = std::max(worst, std::abs(a - b) - (atol_ + rtol_ * std::abs(b)));
      if (!(std::abs(a - b) <= atol_ + rtol_ * std::abs(b)))
        FAIL_CHECK("element ", i, ": ", a, ", reference ", b);
    }
    CHECK(worst <= 0);
  }

 private:
  std::string name_;
  nlohmann::json about_;
  io::Archive arrays_;
  double rtol_, atol_;
};

/// Visits the named blocks of a module's parameters: `use(path, values of the block, gradient of the block)`.
template <class Use>
class BlockVisitor final : public nn::TypedMemberVisitor<BlockVisitor<Use>> {
 public:
  explicit BlockVisitor(Use use) : use_(use) {}
  template <Real T>
  void parameter(nn::MemberVisitor::Names names, nn::Parameter<T>& p) {
    const Index rows = p.shape().rows() / static_cast<Index>(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
      const Index first = static_cast<Index>(i) * rows;
      use_(path_.of(names[i]), p.mutable_value().rows(first, rows),
           p.grad() ? p.grad().rows(first, rows) : Tensor<T>());
    }
  }
  void enter(std::string_view name) override { path_.enter(name); }
  void leave() override { path_.leave(); }

 private:
  Use use_;
  nn::MemberPath path_;
};
template <class Use>
void each_block(nn::Module& module, Use use) {
  BlockVisitor<Use> visitor(use);
  module.visit_members(visitor);
}
/// Sets all parameters to the case's arrays `prefix` + path.
template <Real T>
void set_parameters(nn::Module& module, const ReferenceCase& one, const std::string& prefix) {
  each_block(module, [&]<Real U>(const std::string& path, Tensor<U> value, Tensor<U>) {
    if constexpr (std::same_as<T, U>) value.assign(one.tensor<T>(prefix + path).reshape(value.shape()));
  });
}
/// Compares all parameters, or their gradients, with the case's arrays `prefix` + path.
template <Real T>
void check_parameters(nn::Module& module, const ReferenceCase& one, const std::string& prefix,
                      bool gradients) {
  each_block(module, [&]<Real U>(const std::string& path, Tensor<U> value, Tensor<U> gradient) {
    if constexpr (std::same_as<T, U>) one.check(prefix + path, gradients ? gradient : value);
  });
}

/// Calls `use(case, T())` for each case whose name begins with `prefix`; in float for `_f4`, in double for
/// `_f8`. Returns how many there were.
template <class Use>
int for_each_reference(const std::filesystem::path& folder, const std::string& prefix, Use use) {
  std::ifstream file(folder / "index.json");
  const auto index = nlohmann::json::parse(file);
  int count = 0;
  for (const auto& [name, about] : index.items()) {
    if (name.rfind(prefix, 0) != 0 || !about.is_object() || !about.contains("file")) continue;
    const ReferenceCase one(name, about, folder);
    if (name.ends_with("_f4")) use(one, float());
    else use(one, double());
    ++count;
  }
  return count;
}

}  // namespace lstmlib::test
