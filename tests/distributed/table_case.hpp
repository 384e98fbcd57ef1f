// SPDX-License-Identifier: MIT
#pragma once
// Gradients of a table, of which each process has rows of its own, against sums in double precision.

#include "lstmlib/core.hpp"
#include "lstmlib/distributed/table_sum.hpp"
#include "support.hpp"

#include <cmath>
#include <map>
#include <vector>

namespace lstmlib::test {

/// Numbers of all sizes and both signs; the same for each who asks.
inline float table_gradient(int rank, Index row, Index column) {
  const auto x = static_cast<float>(1 + rank + 3 * row + 7 * column);
  return std::sin(x) * std::pow(10.0f, static_cast<float>((row + column) % 5 - 2));
}

/// The rows that a process has: some that all have, some of its own, and one process without any.
inline std::vector<std::int32_t> table_rows(int rank, int size) {
  if (size > 2 && rank == 1) return {};
  return {0, 3, 10 + rank, 500, 900 + 2 * rank};
}

/// Sums a table of 1000 rows over the processes. Each element is as near to the exact sum as the rounding of
/// its addends allows, and rows that nobody has are not there. Returns the bits of the sum.
inline std::vector<std::byte> check_sum_of_rows(distributed::Communicator& all,
                                                distributed::GradientCompression compression) {
  constexpr Index width = 5;
  const auto mine = table_rows(all.rank(), all.size());
  std::vector<float> values;
  for (const std::int32_t row : mine)
    for (Index column = 0; column < width; ++column)
      values.push_back(table_gradient(all.rank(), row, column));
  const auto count = static_cast<Index>(mine.size());
  Variable<float> table(Tensor<float>::zeros({1000, width}), true);
  table.set_sparse_grad(
      {Tensor<std::int32_t>::from(mine, {count}), Tensor<float>::from(values, {count, width})});
  const auto sent = distributed::all_reduce_tables<float>(all, {table}, compression, true);
  CHECK(sent.dense == 0);  // so the rows travelled

  struct Sum {
    double exact[width] = {}, sizes[width] = {};
  };
  std::map<std::int32_t, Sum> expected;
  for (int rank = 0; rank < all.size(); ++rank)
    for (const std::int32_t row : table_rows(rank, all.size()))
      for (Index column = 0; column < width; ++column) {
        const double x = table_gradient(rank, row, column);
        expected[row].exact[column] += x;
        expected[row].sizes[column] += std::abs(x);
      }
  const auto& sum = table.sparse_grad();
  const auto ids = sum.indices.values();
  REQUIRE(ids.size() == expected.size());
  std::vector<std::int32_t> rows;
  for (const auto& [row, unused] : expected) rows.push_back(row);
  CHECK(std::ranges::equal(ids, rows));
  const auto got = sum.values.values();
  const bool rounded = compression == distributed::GradientCompression::bf16;
  double error = 0;
  std::size_t at = 0;
  for (const auto& [row, one] : expected)
    for (Index column = 0; column < width; ++column, ++at) {
      const double off = std::abs(static_cast<double>(got[at]) - one.exact[column]);
      error = std::max(error, off);
      // Half a unit of the last of 8 bits, or float32's own rounding.
      CHECK(off <= one.sizes[column] * (rounded ? 1.0 / 256 : 1e-6));
    }
  CHECK((error > 1e-3) == rounded);  // it was rounded where it should be
  const auto bits = std::as_bytes(got);
  return {bits.begin(), bits.end()};
}

}  // namespace lstmlib::test
