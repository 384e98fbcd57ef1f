// SPDX-License-Identifier: MIT
#pragma once
// Parameters by path: what lists of them say, and which paths lead to which.

#include "lstmlib/base/shape.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::nn {

/// A parameter, as Module::named_parameters lists it. Its path is its name in files. A stacked parameter has
/// several names, and its path is the first one and the end of the last one: "encoder/0/w0..w3".
struct NamedParameter {
  std::string path;
  std::vector<std::string> names;  ///< in files; several for a stacked parameter
  Shape shape = {};
  std::string_view dtype = {};  ///< "float32" or "float64"
  bool frozen = false;
  std::string tied_to = {};  ///< path of an earlier member that has the same parameter; else empty

  /// Number of elements.
  [[nodiscard]] Index count() const noexcept { return shape.elements(); }
};

namespace detail {

std::string path_of(std::span<const std::string> names);

/// Whether `path` is `place` or below it. Everything is below an empty place.
bool is_below(std::string_view path, std::string_view place);

/// Throws IndexError: no parameter is at `path` or, for functions that take all parameters below a path, below
/// it. The text has the nearest paths.
[[noreturn, gnu::cold]] void fail_no_path(std::string_view op, std::string_view path,
                                          std::span<const NamedParameter> known, bool or_below);

}  // namespace detail

}  // namespace lstmlib::inline LSTMLIB_ABI::nn

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/nn/named_parameter.inl"
#endif
