// SPDX-License-Identifier: MIT
#pragma once
// The axes over which an operation reduces.

#include "lstmlib/ops/check.hpp"

#include <algorithm>

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
inline int checked_axis(const char* op, const Shape& shape, int axis) {
  const int from_front = axis < 0 ? axis + shape.rank() : axis;
  if (from_front < 0 || from_front >= shape.rank())
    fail<IndexError>(op, ": axis ", axis, " of shape ", shape, ", which has ", shape.rank(), " axes");
  return from_front;
}
/// [outer, size, inner], of which `size` are adjacent axes of `shape`: `first` to `last`.
inline AxisView adjacent_axes(const Shape& shape, int first, int last) {
  Index outer = 1, size = 1, inner = 1;
  for (int axis = 0; axis < shape.rank(); ++axis)
    (axis < first ? outer : axis <= last ? size : inner) *= shape[axis];
  return AxisView({outer, size, inner}, 1);
}
/// `shape` without these axes, or with size 1.
inline Shape reduced_shape(const Shape& shape, const std::vector<int>& axes, bool keepdim) {
  std::vector<Index> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (!reduced) sizes.push_back(shape[axis]);
    else if (keepdim) sizes.push_back(1);
  }
  return Shape(sizes);
}
}  // namespace detail

inline std::vector<int> Axes::of(const char* op, const Shape& shape) const {
  std::vector<int> axes;
  if (all_)
    for (int axis = 0; axis < shape.rank(); ++axis) axes.push_back(axis);
  for (const int axis : axes_) axes.push_back(detail::checked_axis(op, shape, axis));
  std::sort(axes.begin(), axes.end());
  const auto twice = std::adjacent_find(axes.begin(), axes.end());
  if (twice != axes.end()) fail<IndexError>(op, ": axis ", *twice, " of shape ", shape, " is named twice");
  return axes;
}

}  // namespace lstmlib::ops
