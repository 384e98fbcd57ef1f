// SPDX-License-Identifier: MIT
#pragma once
// The order of examples. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/data/order.hpp"

#include <algorithm>
#include <numeric>

namespace lstmlib::inline LSTMLIB_ABI::data {

LSTMLIB_INLINE std::vector<Index> rising_order(Index count) {
  if (count < 0) fail<ValueError>("order: ", count, " examples, expected at least 0");
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  return order;
}

LSTMLIB_INLINE std::vector<Index> shuffled_order(Index count, std::uint64_t seed, Index epoch) {
  auto order = rising_order(count);
  shuffle(std::span(order), shuffle_key(seed, epoch));
  return order;
}

LSTMLIB_INLINE std::vector<Index> bucketed_order(std::span<const Index> lengths, Index batch_size,
                                                 Index missing, std::uint64_t seed, Index epoch) {
  if (batch_size < 1 || missing < 0)
    fail<ValueError>("order: batches of ", batch_size, ", of which one lacks ", missing,
                     "; expected at least 1 and at least 0");
  const auto count = static_cast<Index>(lengths.size());
  auto order = shuffled_order(count, seed, epoch);
  const auto shorter = [&](Index a, Index b) {
    return lengths[static_cast<std::size_t>(a)] < lengths[static_cast<std::size_t>(b)];
  };
  std::stable_sort(order.begin(), order.end(), shorter);

  const Index head = std::min(missing, count);
  const Index tail = (count - head) % batch_size;
  auto starts = rising_order((count - head - tail) / batch_size);
  for (Index& start : starts) start = head + tail + start * batch_size;
  const auto key = math::random_key(seed, static_cast<std::uint32_t>(lstmlib::detail::RandomKind::shuffle),
                                    static_cast<std::uint64_t>(epoch), 1);
  shuffle(std::span(starts), key);

  std::vector<Index> result(order.begin(), order.begin() + head);
  for (const Index start : starts)
    result.insert(result.end(), order.begin() + start, order.begin() + start + batch_size);
  result.insert(result.end(), order.begin() + head, order.begin() + head + tail);
  return result;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::data
