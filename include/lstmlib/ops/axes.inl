// SPDX-License-Identifier: MIT
#pragma once
// The axes over which an operation reduces. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/ops/axes.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::ops {

namespace detail {

LSTMLIB_INLINE int checked_axis(const char* op, const Shape& shape, int axis) {
  const int from_front = axis < 0 ? axis + shape.rank() : axis;
  if (from_front < 0 || from_front >= shape.rank())
    fail<IndexError>(op, ": axis ", axis, " of shape ", shape, ", which has ", shape.rank(), " axes");
  return from_front;
}

LSTMLIB_INLINE AxisView adjacent_axes(const Shape& shape, int first, int last) {
  Index outer = 1, size = 1, inner = 1;
  for (int axis = 0; axis < shape.rank(); ++axis)
    (axis < first ? outer : axis <= last ? size : inner) *= shape[axis];
  return AxisView({outer, size, inner}, 1);
}

LSTMLIB_INLINE Shape reduced_shape(const Shape& shape, const std::vector<int>& axes, bool keepdim) {
  std::vector<Index> sizes;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const bool reduced = std::find(axes.begin(), axes.end(), axis) != axes.end();
    if (!reduced) sizes.push_back(shape[axis]);
    else if (keepdim) sizes.push_back(1);
  }
  return Shape(sizes);
}

}  // namespace detail

LSTMLIB_INLINE std::vector<int> Axes::of(const char* op, const Shape& shape) const {
  std::vector<int> axes;
  if (all_)
    for (int axis = 0; axis < shape.rank(); ++axis) axes.push_back(axis);
  for (const int axis : axes_) axes.push_back(detail::checked_axis(op, shape, axis));
  std::sort(axes.begin(), axes.end());
  const auto twice = std::adjacent_find(axes.begin(), axes.end());
  if (twice != axes.end()) fail<IndexError>(op, ": axis ", *twice, " of shape ", shape, " is named twice");
  return axes;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
