// SPDX-License-Identifier: MIT
#pragma once
// How kernels report data errors.

#include "lstmlib/base/index.hpp"
#include "lstmlib/backend/cuda/data_errors.hpp"
#include "lstmlib/backend/cuda/simt.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Reports that `value` at index `place` of a tensor is not in 0 to `bound` - 1. All calls of one kernel have
/// the same kind and bound. Slow, so only threads with a wrong value should call it.
__device__ inline void report(DataErrorWord* word, DataError kind, Index place, std::int32_t value,
                              Index bound) {
  const std::uint64_t mine =
      std::uint64_t{static_cast<std::uint8_t>(kind)} << 56 | static_cast<std::uint64_t>(bound);
  const std::uint64_t first = simt::compare_and_set(&word->kind_and_bound, std::uint64_t{0}, mine);
  if (first != 0 && first != mine) return;
  const std::uint64_t error =
      static_cast<std::uint64_t>(place) << 32 | static_cast<std::uint64_t>(static_cast<std::uint32_t>(value));
  std::uint64_t lowest = ~std::uint64_t{0};
  while (error < lowest) {
    const std::uint64_t seen = simt::compare_and_set(&word->place_and_value, lowest, error);
    if (seen == lowest) return;
    lowest = seen;
  }
}

}  // namespace lstmlib::cuda
