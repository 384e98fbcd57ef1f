// SPDX-License-Identifier: MIT
#pragma once
// Ragged batches and padded tensors. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/ops/padding.hpp"

#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::ops::detail {

LSTMLIB_INLINE PaddedRows::PaddedRows(const char* op, const Shape& shape, bool first)
    : sequences(0), time(0), batch_first(first) {
  if (shape.rank() < 2)
    fail<ShapeError>(op, ": shape ", shape, ", expected ",
                     first ? "[sequences, time, ...]" : "[time, sequences, ...]");
  sequences = shape[first ? 0 : 1];
  time = shape[first ? 1 : 0];
}

LSTMLIB_INLINE Shape replace_axes(const Shape& shape, int axes, const Shape& front) {
  std::vector<Index> sizes(front.sizes().begin(), front.sizes().end());
  sizes.insert(sizes.end(), shape.sizes().begin() + axes, shape.sizes().end());
  return Shape(sizes);
}

LSTMLIB_INLINE std::vector<std::int32_t> row_ids(const char* op, const std::vector<Index>& rows, Index of) {
  if (of > std::numeric_limits<std::int32_t>::max())
    fail<ShapeError>(op, ": ", of, " rows, more than 2147483647");
  return {rows.begin(), rows.end()};
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops::detail
