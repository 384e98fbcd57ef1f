// SPDX-License-Identifier: MIT
#pragma once
// What trainers, optimizers, iterators, triggers and extensions are saved to and resumed from: one function
// `serialize(Serializer&)` of each serves both directions. Concrete ones are in serialization/archive.hpp.

#include "lstmlib/nn/module.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// Values by path: "updater/optimizer:main/t". When saving, `value` stores; when loading, it overwrites what
/// it is given. A key that is missing or does not fit is noted, and reported with all others when the file
/// has been gone through.
class Serializer {
 public:
  virtual ~Serializer() = default;

  virtual bool loading() const = 0;
  bool saving() const { return !loading(); }
  /// Whether the file that is loaded has this key of the current part. False when saving.
  bool has(std::string_view key) const { return loading() && has_path(path_.of(key)); }

  template <class V>
  void value(std::string_view key, V& v) {
    on_value(path_.of(key), v);
  }
  /// A part with `serialize(Serializer&)`, or a Module, under a name of its own.
  template <class Part>
  void child(std::string_view name, Part& part) {
    path_.enter(name);
    if constexpr (requires { part.serialize(*this); }) part.serialize(*this);
    else on_module(part);
    path_.leave();
  }
  /// The same for parts that are serialized by a function.
  template <class Use>
  void scope(std::string_view name, Use use) {
    path_.enter(name);
    use(*this);
    path_.leave();
  }

 protected:
  virtual bool has_path(const std::string& path) const = 0;
  virtual void on_value(const std::string& path, bool&) = 0;
  virtual void on_value(const std::string& path, std::int64_t&) = 0;
  virtual void on_value(const std::string& path, std::uint64_t&) = 0;
  virtual void on_value(const std::string& path, double&) = 0;
  virtual void on_value(const std::string& path, std::optional<double>&) = 0;
  virtual void on_value(const std::string& path, std::string&) = 0;
  virtual void on_value(const std::string& path, std::vector<std::int64_t>&) = 0;
  virtual void on_value(const std::string& path, Tensor<float>&) = 0;
  virtual void on_value(const std::string& path, Tensor<double>&) = 0;
  virtual void on_value(const std::string& path, Tensor<std::int32_t>&) = 0;
  virtual void on_value(const std::string& path, Tensor<std::int64_t>&) = 0;
  virtual void on_module(nn::Module&) = 0;

  const nn::MemberPath& path() const { return path_; }

 private:
  nn::MemberPath path_;
};

}  // namespace lstmlib::io
