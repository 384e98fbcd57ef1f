// SPDX-License-Identifier: MIT
#pragma once
// Broadcasting. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/ops/broadcast.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::ops {

LSTMLIB_INLINE Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  if (a == b) return a;
  std::array<Index, Shape::max_rank> sizes{};
  const int rank = std::max(a.rank(), b.rank());
  for (int back = 1; back <= rank; ++back) {
    const Index from_a = back <= a.rank() ? a[a.rank() - back] : 1;
    const Index from_b = back <= b.rank() ? b[b.rank() - back] : 1;
    if (from_a != from_b && from_a != 1 && from_b != 1)
      fail<ShapeError>(op, ": shapes ", a, " and ", b, " do not broadcast: axis ", -back, " has ", from_a,
                       " and ", from_b, ", expected equal sizes or 1");
    sizes[static_cast<std::size_t>(rank - back)] = from_a == 1 ? from_b : from_a;
  }
  return Shape(std::span<const Index>(sizes.data(), static_cast<std::size_t>(rank)));
}

}  // namespace lstmlib::inline LSTMLIB_ABI::ops
