// SPDX-License-Identifier: MIT
#pragma once
// The interface through which a module lists its members: parameters, state and children.

#include "lstmlib/nn/parameter.hpp"

#include <string>

namespace lstmlib::inline LSTMLIB_ABI::nn {

class Module;

/// Receives the members of a module, to save, load, move or optimize them. Calls are chained; their order is
/// the order in files. Absent parameters and tensors are skipped.
///
///     void visit_members(nn::MemberVisitor& visit) override { visit("lstm", lstm)("output", output); }
class MemberVisitor {
 public:
  using Names = std::span<const std::string_view>;
  virtual ~MemberVisitor() = default;

  template <Real T>
  MemberVisitor& operator()(std::string_view name, Parameter<T>& whole) {
    return stacked({&name, 1}, whole);
  }
  /// A stacked parameter: each of its equal blocks of rows has a name of its own in files.
  template <Real T>
  MemberVisitor& stacked(Names names, Parameter<T>& stacked) {
    if (stacked) on_parameter(names, stacked);
    return *this;
  }
  template <Element T>
  MemberVisitor& operator()(std::string_view name, Tensor<T>& state) {
    if (state) on_tensor(name, state);
    return *this;
  }
  MemberVisitor& operator()(std::string_view name, Module& child);
  /// Children, named 0, 1, 2, ...
  template <std::derived_from<Module> M>
  MemberVisitor& operator()(std::vector<M>& children) {
    for (std::size_t i = 0; i < children.size(); ++i) (*this)(std::to_string(i), children[i]);
    return *this;
  }

 protected:
  virtual void on_parameter(Names, Parameter<float>&) = 0;
  virtual void on_parameter(Names, Parameter<double>&) = 0;
  virtual void on_tensor(std::string_view, Tensor<float>&) = 0;
  virtual void on_tensor(std::string_view, Tensor<double>&) = 0;
  virtual void on_tensor(std::string_view, Tensor<std::int32_t>&) = 0;
  virtual void on_tensor(std::string_view, Tensor<std::int64_t>&) = 0;
  virtual void enter(std::string_view) {}
  virtual void leave() {}
};

/// A visitor whose functions are templates. Derived overrides `parameter`, `tensor` or both.
template <class Derived>
class TypedMemberVisitor : public MemberVisitor {
 public:
  template <Real T>
  void parameter(Names, Parameter<T>&) {}
  template <Element T>
  void tensor(std::string_view, Tensor<T>&) {}

 private:
  Derived& self() { return static_cast<Derived&>(*this); }
  void on_parameter(Names names, Parameter<float>& p) final { self().parameter(names, p); }
  void on_parameter(Names names, Parameter<double>& p) final { self().parameter(names, p); }
  void on_tensor(std::string_view name, Tensor<float>& t) final { self().tensor(name, t); }
  void on_tensor(std::string_view name, Tensor<double>& t) final { self().tensor(name, t); }
  void on_tensor(std::string_view name, Tensor<std::int32_t>& t) final { self().tensor(name, t); }
  void on_tensor(std::string_view name, Tensor<std::int64_t>& t) final { self().tensor(name, t); }
};

/// The path of the current child, for visitors that need names like "encoder/encoder/0/w0".
class MemberPath {
 public:
  void enter(std::string_view name);
  void leave();
  std::string of(std::string_view name) const;

 private:
  std::vector<std::string> parts_;
};

}  // namespace lstmlib::nn

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/nn/member_visitor.inl"
#endif
