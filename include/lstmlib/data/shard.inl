// SPDX-License-Identifier: MIT
#pragma once
// Shards of a batch. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/data/shard.hpp"

#include <algorithm>
#include <numeric>

namespace lstmlib::inline LSTMLIB_ABI::data {

LSTMLIB_INLINE std::vector<Index> partition_by_cost(std::span<const Index> costs, int parts) {
  if (parts < 1) fail<ValueError>("partition_by_cost: ", parts, " parts, expected at least 1");
  for (const Index cost : costs)
    if (cost < 0) fail<ValueError>("partition_by_cost: a cost of ", cost, ", expected at least 0");
  const auto count = static_cast<Index>(costs.size());
  const double all = static_cast<double>(std::accumulate(costs.begin(), costs.end(), Index{0}));
  std::vector<Index> cuts{0};
  Index at = 0, before = 0;  // examples before the cut, and their cost so far
  for (int part = 1; part < parts; ++part) {
    const double target = all * part / parts;
    const Index min_end = std::min<Index>(part, count);  // so that no part is empty
    const Index max_end = std::max(min_end, count - (parts - part));
    const auto next_cost = [&] { return costs[static_cast<std::size_t>(at)]; };
    const auto nearer_with_it = [&] {
      return static_cast<double>(before) + static_cast<double>(next_cost()) / 2 <= target;
    };
    while (at < max_end && (at < min_end || nearer_with_it())) before += next_cost(), ++at;
    cuts.push_back(at);
  }
  cuts.push_back(count);
  return cuts;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::data
