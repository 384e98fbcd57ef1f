// SPDX-License-Identifier: MIT
#pragma once
// Argument checks of operations. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/ops/check.hpp"

namespace lstmlib::inline LSTMLIB_ABI::ops::detail {

LSTMLIB_INLINE Shape without_axis(const Shape& shape, int axis) {
  std::vector<Index> sizes(shape.sizes().begin(), shape.sizes().end());
  sizes.erase(sizes.begin() + axis);
  return Shape(sizes);
}

LSTMLIB_INLINE void require_tokens(const char* op, const Tokens& tokens) {
  require(op, "the input", tokens.values);
  if (!tokens.layout || tokens.values.shape() != Shape{tokens.layout->rows()})
    fail<ShapeError>(op, ": ", tokens.values.shape(), " words for sentences of ",
                     tokens.layout ? tokens.layout->rows() : 0);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops::detail
