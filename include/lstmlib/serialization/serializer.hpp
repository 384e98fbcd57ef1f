// SPDX-License-Identifier: MIT
#pragma once
// The interface to save and resume trainers, optimizers, iterators, triggers and extensions: their function
// `serialize(Serializer&)` both saves and loads. serialization/archive.hpp has the implementations.

#include "lstmlib/nn/module.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// Saves or loads values by path, such as "updater/optimizer:main/t". When saving, `value` stores its
/// argument; when loading, it overwrites it. Missing or invalid keys are collected, and reported together at
/// the end.
///
///     void serialize(io::Serializer& serializer) {
///       serializer.value("count", count_);
///       serializer.child("optimizer:main", optimizer_);
///     }
class Serializer {
 public:
  virtual ~Serializer() = default;

  virtual bool loading() const = 0;
  bool saving() const { return !loading(); }
  /// Whether the file has this key in the current part. False when saving.
  bool has(std::string_view key) const { return loading() && has_path(path_.of(key)); }

  /// Saves or loads one value under `key`. Types: bool, 64-bit integers, double, optional double, text, lists
  /// of 64-bit integers, tensors.
  template <class V>
  void value(std::string_view key, V& v) {
    on_value(path_.of(key), v);
  }
  /// Saves or loads a Module, or an object with `serialize(Serializer&)`, below `name`.
  template <class Part>
  void child(std::string_view name, Part& part) {
    path_.enter(name);
    if constexpr (requires { part.serialize(*this); }) part.serialize(*this);
    else on_module(part);
    path_.leave();
  }
  /// Calls `use(*this)` with `name` as prefix of all keys.
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
