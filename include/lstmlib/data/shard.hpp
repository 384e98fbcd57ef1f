// SPDX-License-Identifier: MIT
#pragma once
// Shards of a batch, one for each of several processes.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <optional>
#include <span>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::data {

/// The part of a batch that one process takes.
template <class Batch>
struct Shard {
  std::optional<Batch> batch = {};  ///< absent if the shard has no examples
  Index first = 0;                  ///< index of the first example in the whole batch
  Index examples = 0;               ///< examples of this shard
  Index total = 0;                  ///< examples of the whole batch
};

/// Cuts a list of examples into `parts` contiguous parts of similar total cost. Part p is from result[p] to
/// result[p + 1]. No part is empty if there are enough examples. Throws ValueError for fewer than one part or
/// a negative cost.
std::vector<Index> partition_by_cost(std::span<const Index> costs, int parts);

}  // namespace lstmlib::data

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/data/shard.inl"
#endif
