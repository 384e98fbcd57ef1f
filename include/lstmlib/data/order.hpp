// SPDX-License-Identifier: MIT
#pragma once
// The order of the examples of an epoch, a function of the seed and the epoch's number. So there is no
// generator state to save.

#include "lstmlib/base/error.hpp"
#include "lstmlib/tensor/random.hpp"

#include <algorithm>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// 0, 1, ..., count - 1. Throws ValueError for a negative count.
inline std::vector<Index> rising_order(Index count) {
  if (count < 0) fail<ValueError>("order: ", count, " examples, expected at least 0");
  std::vector<Index> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), Index{0});
  return order;
}

/// Shuffles the items in place [Fisher and Yates]; fewer than 2^32 items.
template <class Item>
void shuffle(std::span<Item> items, math::RandomKey key) {
  for (std::size_t i = items.size(); i > 1; --i) {
    const std::uint64_t word = math::random_word(key, i);
    std::swap(items[i - 1], items[static_cast<std::size_t>((word * i) >> 32)]);  // floor(i * word / 2^32)
  }
}

/// A random order of `count` examples for epoch `epoch`, counted from 0.
inline std::vector<Index> shuffled_order(Index count, std::uint64_t seed, Index epoch) {
  auto order = rising_order(count);
  shuffle(std::span(order), shuffle_key(seed, epoch));
  return order;
}

/// Like shuffled_order, but batches hold examples of similar length, which run faster. Examples are sorted by
/// length (ties in random order) and cut into batches, and the batches are shuffled.
///
/// The first `missing` examples fill up the last batch of the previous epoch. They and the examples left over
/// at the end are the shortest, because they share a batch with examples of other epochs. Throws ValueError
/// for a batch size below 1 or a negative `missing`.
inline std::vector<Index> bucketed_order(std::span<const Index> lengths, Index batch_size, Index missing,
                                         std::uint64_t seed, Index epoch) {
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

}  // namespace lstmlib::data
