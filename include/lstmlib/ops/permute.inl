// SPDX-License-Identifier: MIT
#pragma once
// Operations that move axes. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/ops/permute.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops::detail {

LSTMLIB_INLINE Loops copy_loops(const Shape& shape, const AxisSteps& steps, bool from_steps) {
  const AxisSteps own = row_major_steps(shape);
  Loops loops;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    if (from_steps) loops.add(shape[axis], {steps[at], own[at], 0});
    else loops.add(shape[axis], {own[at], steps[at], 0});
  }
  return loops;
}

LSTMLIB_INLINE Shape with_axis(const Shape& shape, int axis, Index size) {
  std::vector<Index> sizes(shape.sizes().begin(), shape.sizes().end());
  sizes[static_cast<std::size_t>(axis)] = size;
  return Shape(sizes);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops::detail
