// SPDX-License-Identifier: MIT
#pragma once
// The axes over which an operation reduces.

#include "lstmlib/ops/check.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops {

/// Axes of a tensor: one, `1`; several, `{0, 2}`; or, by default, all. Negative axes count from the end.
class Axes {
 public:
  Axes() = default;  ///< all axes
  Axes(int axis) : axes_{axis}, all_(false) {}
  Axes(std::initializer_list<int> axes) : axes_(axes), all_(false) {}
  explicit Axes(std::vector<int> axes) : axes_(std::move(axes)), all_(false) {}

  /// The axes of a tensor of this shape, from the front, in rising order. Throws IndexError, naming `op`, if
  /// one does not exist or is named twice.
  [[nodiscard]] std::vector<int> of(const char* op, const Shape& shape) const;

 private:
  std::vector<int> axes_;
  bool all_ = true;
};

/// `keepdim`: the axes that were reduced stay, with size 1, so that the result broadcasts against the input.
struct ReduceOptions {
  bool keepdim = false;
};

namespace detail {
/// Converts a negative axis, which counts from the end. Throws IndexError, naming `op`, if the axis does not
/// exist.
int checked_axis(const char* op, const Shape& shape, int axis);
/// [outer, size, inner], of which `size` are adjacent axes of `shape`: `first` to `last`.
AxisView adjacent_axes(const Shape& shape, int first, int last);
/// `shape` without these axes, or with size 1.
Shape reduced_shape(const Shape& shape, const std::vector<int>& axes, bool keepdim);
}  // namespace detail

}  // namespace lstmlib::ops

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/ops/axes.inl"
#endif
