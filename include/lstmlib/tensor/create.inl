// SPDX-License-Identifier: MIT
#pragma once
// New tensors. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/tensor/create.hpp"

#include <limits>

namespace lstmlib::inline LSTMLIB_ABI {

LSTMLIB_INLINE Tensor<std::int32_t> random_permutation(Index count, Device device) {
  if (count < 0 || count > (std::numeric_limits<std::int32_t>::max)())
    fail<ValueError>("random_permutation: count ", count, ", expected 0 to 2147483647");
  auto made = Tensor<std::int32_t>::uninitialized({count});
  const auto values = made.mutable_values();
  const math::RandomKey key = next_random_key();
  for (std::size_t i = 0; i < values.size(); ++i) {  // [Fisher and Yates]
    const auto other = static_cast<std::size_t>(std::uint64_t{math::random_word(key, i)} * (i + 1) >> 32);
    values[i] = values[other];
    values[other] = static_cast<std::int32_t>(i);
  }
  return made.to(device);
}

}  // namespace lstmlib::inline LSTMLIB_ABI
