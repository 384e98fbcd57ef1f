// SPDX-License-Identifier: MIT
#pragma once
// Gathers rows of a table by id, and adds their gradients in the order of the rows. Uses no atomics, and the
// host need not know the number of distinct ids.

#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/backend/cuda/data_errors.cuh"
#include "lstmlib/backend/cuda/kernels/dropout.cuh"
#include "lstmlib/backend/cuda/kernels/for_each.cuh"

#include <limits>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// An id outside the table is reported, and its row becomes zeros.
template <class T>
struct GatherBody {
  const T* table;
  const std::int32_t* ids;
  T* rows;
  Index width, table_rows;
  std::int32_t ignore;
  DataErrorWord* errors;
  __device__ T value(Index row, Index column) const {
    const std::int32_t id = ids[row];
    const bool bad = id != ignore && (id < 0 || id >= table_rows);
    if (bad && column == 0) report(errors, DataError::embedding_id, row, id, table_rows);
    return id == ignore || bad ? T(0) : table[id * width + column];
  }
  __device__ void operator()(Index row, Index column) const {
    rows[row * width + column] = value(row, column);
  }
};
/// The same with dropout.
template <class T>
struct GatherDroppedBody {
  GatherBody<T> gather;
  DropoutMask<T> mask;
  __device__ void operator()(Index row, Index block) const {
    const math::Philox4 words = mask.words(row, block);
    for (int i = 0; i < 4; ++i) {
      const Index column = 4 * block + i;
      if (column >= gather.width) return;
      gather.rows[row * gather.width + column] = gather.value(row, column) * mask.factor(words.word[i]);
    }
  }
};

LSTMLIB_HOST_DEVICE inline std::int32_t count_bits(std::uint32_t word) {
  std::int32_t count = 0;
  for (; word != 0; word &= word - 1) ++count;
  return count;
}

/// Rows sorted by id, then by row. Group g has the entries begin[g] to begin[g + 1] - 1 of `order`.
struct IdGroups {
  std::int32_t* order;     ///< [rows] row of each entry
  std::int32_t* begin;     ///< [rows + 1]
  std::int32_t* distinct;  ///< [rows] ids of the groups in ascending order, then -1
  std::int32_t* count;     ///< [1] number of groups
};

/// Counting sort: a row's position is the number of rows that come before it. A block sorts 32 rows; each of
/// its eight warps counts in an eighth of all rows. Positions are distinct, because no row comes before
/// itself. Rows of `ignore` come last.
[[maybe_unused]] static __global__ void __launch_bounds__(default_threads)
    sort_ids_kernel(const std::int32_t* ids, std::int32_t rows, std::int32_t ignore, std::int32_t* order) {
  const simt::SharedArray<std::int32_t> counts{0};
  const int lane = simt::thread_index() % 32, part = simt::thread_index() / 32;
  constexpr int parts = default_threads / 32;
  const std::int32_t a_part = (rows + parts - 1) / parts;
  for (std::int32_t first = 32 * simt::block_index(); first < rows; first += 32 * simt::grid_blocks()) {
    const std::int32_t row = first + lane, id = row < rows ? ids[row] : ignore;
    std::int32_t before = 0;
    for (std::int32_t other = part * a_part; other < (part + 1) * a_part && other < rows; ++other) {
      const std::int32_t other_id = ids[other];
      const bool comes_before = id == ignore         ? other_id != ignore || other < row
                                : other_id == ignore ? false
                                                     : other_id < id || (other_id == id && other < row);
      before += comes_before ? 1 : 0;
    }
    counts.store(part * 32 + lane, before);
    simt::sync_block();
    if (part == 0 && row < rows) {
      std::int32_t place = 0;
      for (int i = 0; i < parts; ++i) place += counts.load(i * 32 + lane);
      order[place] = row;
    }
    simt::sync_block();
  }
}

/// One block finds where groups begin: at entries whose id differs from the one before. It handles as many
/// entries at a time as it has threads. The group of a thread is the number of beginnings before it.
[[maybe_unused]] static __global__ void __launch_bounds__(default_threads)
    find_groups_kernel(const std::int32_t* ids, std::int32_t rows, std::int32_t ignore, IdGroups groups) {
  const simt::SharedArray<std::int32_t> warp_counts{0};
  const int thread = simt::thread_index(), lane = thread % 32, warp = thread / 32;
  constexpr int warps = default_threads / 32;
  std::int32_t found = 0, used = 0;  // groups and rows without `ignore` so far; equal in all threads
  for (std::int32_t first = 0; first < rows; first += default_threads) {
    const std::int32_t place = first + thread;
    const std::int32_t id = place < rows ? ids[groups.order[place]] : ignore;
    const bool begins = id != ignore && (place == 0 || ids[groups.order[place - 1]] != id);
    const std::uint32_t begin_bits = simt::ballot(begins), used_bits = simt::ballot(id != ignore);
    if (lane == 0) {
      warp_counts.store(warp, count_bits(begin_bits));
      warp_counts.store(warps + warp, count_bits(used_bits));
    }
    simt::sync_block();
    std::int32_t group = found + count_bits(begin_bits & ((1u << lane) - 1));
    for (int i = 0; i < warps; ++i) {
      if (i < warp) group += warp_counts.load(i);
      found += warp_counts.load(i);
      used += warp_counts.load(warps + i);
    }
    if (begins) {
      groups.distinct[group] = id;
      groups.begin[group] = place;
    }
    simt::sync_block();
  }
  for (std::int32_t i = found + thread; i < rows; i += default_threads) groups.distinct[i] = -1;
  if (thread == 0) {
    groups.begin[found] = used;
    *groups.count = found;
  }
}

/// A block adds the rows of one group in order, with dropout if `drops`. The sum goes to row g of the result
/// or, if `to_table`, is added to the table row of the group's id. A thread handles one column and loads
/// eight rows before it adds the first: frequent words have many rows, and each load waits for memory.
template <class T, bool drops>
__global__ void __launch_bounds__(default_threads)
    add_groups_kernel(const T* rows, Index width, const DropoutMask<T> mask, IdGroups groups, T* result,
                      bool to_table, Index table_rows, DataErrorWord* errors) {
  constexpr std::int32_t at_once = 8;
  const Index column = Index{simt::block_index_y()} * simt::block_threads() + simt::thread_index();
  if (column >= width) return;
  const auto value_at = [&](std::int32_t place) {
    const Index row = groups.order[place];
    const T value = rows[row * width + column];
    if constexpr (drops)  // rounded before it is added, so that results equal those without fusion
      return simt::product(value, mask.factor(mask.words(row, column / 4).word[column % 4]));
    else return value;
  };
  const std::int32_t count = *groups.count;
  for (std::int32_t group = simt::block_index(); group < count; group += simt::grid_blocks()) {
    const std::int32_t first = groups.begin[group], end = groups.begin[group + 1],
                       id = groups.distinct[group];
    if (to_table && id < 0) continue;
    if (to_table && id >= table_rows) {
      if (column == 0) report(errors, DataError::embedding_id, groups.order[first], id, table_rows);
      continue;
    }
    T& to = result[(to_table ? id : group) * width + column];
    T sum = to_table ? to : T(0);
    for (std::int32_t place = first; place < end; place += at_once) {
      T values[at_once];
#pragma unroll
      for (std::int32_t i = 0; i < at_once; ++i) values[i] = place + i < end ? value_at(place + i) : T(0);
#pragma unroll
      for (std::int32_t i = 0; i < at_once; ++i)
        if (place + i < end) sum += values[i];
    }
    to = sum;
  }
}

/// Sums rows of equal ids: see NnKernels::sum_rows_by_id and scatter_add_rows.
template <class T>
void add_rows_by_id(Context& context, View<const T> rows, View<const std::int32_t> ids, std::int32_t ignore,
                    const RowDropout& dropout, std::int32_t* distinct, T* result, bool to_table,
                    Index table_rows) {
  const Index count = ids.size(), width = count ? rows.size() / count : 0;
  if (count == 0) return;
  if (count >= std::numeric_limits<std::int32_t>::max())
    fail<ShapeError>("embedding: ", count, " ids are too many for a GPU");
  const auto row_count = static_cast<std::int32_t>(count);
  Scratch scratch(context);
  const IdGroups groups{
      scratch.take<std::int32_t>({count}).data, scratch.take<std::int32_t>({count + 1}).data,
      distinct ? distinct : scratch.take<std::int32_t>({count}).data, scratch.take<std::int32_t>({1}).data};
  launch(context.stream,
         {.blocks = blocks_for(count, 32), .threads = default_threads, .shared_bytes = default_threads * 4},
         sort_ids_kernel, ids.data, row_count, ignore, groups.order);
  launch(context.stream, {.threads = default_threads, .shared_bytes = 2 * default_threads / 32 * 4},
         find_groups_kernel, ids.data, row_count, ignore, groups);
  constexpr int columns_of_block = 128;
  launch(context.stream,
         {.blocks = blocks_for(count, 1),
          .blocks_y = static_cast<int>((width + columns_of_block - 1) / columns_of_block),
          .threads = columns_of_block},
         dropout.ratio > 0 ? add_groups_kernel<T, true> : add_groups_kernel<T, false>, rows.data, width,
         mask_of<T>(context, dropout), groups, result, to_table, table_rows, context.errors.word());
}

}  // namespace lstmlib::cuda
