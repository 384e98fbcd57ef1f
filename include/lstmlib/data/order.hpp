// SPDX-License-Identifier: MIT
#pragma once
// The order of the examples of an epoch, a function of the seed and the epoch's number. So there is no
// generator state to save.

#include "lstmlib/base/error.hpp"
#include "lstmlib/tensor/random.hpp"

#include <span>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// 0, 1, ..., count - 1. Throws ValueError for a negative count.
std::vector<Index> rising_order(Index count);

/// Shuffles the items in place [Fisher and Yates]; fewer than 2^32 items.
template <class Item>
void shuffle(std::span<Item> items, math::RandomKey key) {
  for (std::size_t i = items.size(); i > 1; --i) {
    const std::uint64_t word = math::random_word(key, i);
    std::swap(items[i - 1], items[static_cast<std::size_t>((word * i) >> 32)]);  // floor(i * word / 2^32)
  }
}

/// A random order of `count` examples for epoch `epoch`, counted from 0.
std::vector<Index> shuffled_order(Index count, std::uint64_t seed, Index epoch);

/// Like shuffled_order, but batches hold examples of similar length, which run faster. Examples are sorted by
/// length (ties in random order) and cut into batches, and the batches are shuffled.
///
/// The first `missing` examples fill up the last batch of the previous epoch. They and the examples left over
/// at the end are the shortest, because they share a batch with examples of other epochs. Throws ValueError
/// for a batch size below 1 or a negative `missing`.
std::vector<Index> bucketed_order(std::span<const Index> lengths, Index batch_size, Index missing,
                                  std::uint64_t seed, Index epoch);

}  // namespace lstmlib::data

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/data/order.inl"
#endif
