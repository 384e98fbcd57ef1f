// SPDX-License-Identifier: MIT
#pragma once
// Kernels that run a body for each element, or for each element of each row. A body is a functor of plain
// pointers and numbers, called once per element.

#include "lstmlib/base/index.hpp"
#include "lstmlib/backend/cuda/context.hpp"
#include "lstmlib/backend/cuda/launch.hpp"
#include "lstmlib/backend/cuda/simt.hpp"

#include <algorithm>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

inline constexpr int default_threads = 256;
/// Enough to fill any device several times. Further blocks would only start later, so blocks loop instead.
inline constexpr Index max_blocks = 8192;

/// Number of blocks for `count` items if a block handles `a_block` at a time.
inline int blocks_for(Index count, Index a_block) {
  return static_cast<int>(std::min(max_blocks, (count + a_block - 1) / a_block));
}

template <class Body>
__global__ void __launch_bounds__(default_threads) for_each_kernel(const Body body, Index count) {
  const Index step = Index{simt::grid_blocks()} * default_threads;
  for (Index i = Index{simt::block_index()} * default_threads + simt::thread_index(); i < count; i += step)
    body(i);
}
/// Calls body(i) for i from 0 to count - 1.
template <class Body>
void for_each(Stream& stream, Index count, const Body& body) {
  if (count <= 0) return;
  launch(stream, {.blocks = blocks_for(count, default_threads), .threads = default_threads},
         for_each_kernel<Body>, body, count);
}

template <class Body>
void for_each(Context& context, Index count, const Body& body) {
  for_each(context.stream, count, body);
}

/// A block handles `columns_at_once` columns of default_threads / columns_at_once rows at a time. Blocks with
/// different y share the columns of the same rows.
template <class Body>
__global__ void __launch_bounds__(default_threads)
    for_each_in_rows_kernel(const Body body, Index rows, Index columns, int columns_at_once, int blocks_y) {
  const int thread = simt::thread_index(), rows_at_once = default_threads / columns_at_once;
  const Index row_step = Index{simt::grid_blocks()} * rows_at_once;
  const Index column_step = Index{blocks_y} * columns_at_once;
  const Index first_column = Index{simt::block_index_y()} * columns_at_once + thread % columns_at_once;
  for (Index row = Index{simt::block_index()} * rows_at_once + thread / columns_at_once; row < rows;
       row += row_step)
    for (Index column = first_column; column < columns; column += column_step) body(row, column);
}
/// Calls body(row, column) for all elements. Adjacent threads handle adjacent columns.
template <class Body>
void for_each_in_rows(Context& context, Index rows, Index columns, const Body& body) {
  if (rows <= 0 || columns <= 0) return;
  int columns_at_once = 1;  // a power of two that leaves few threads idle
  while (columns_at_once < default_threads && columns_at_once < columns) columns_at_once *= 2;
  if (columns_at_once > 32 && columns % columns_at_once > 0 &&
      columns % columns_at_once <= columns_at_once / 2)
    columns_at_once /= 2;
  const int blocks = blocks_for(rows, default_threads / columns_at_once);
  // With few blocks, one column per thread: a thread that loops waits for memory each time.
  const auto blocks_y =
      static_cast<int>(std::min((columns + columns_at_once - 1) / columns_at_once, max_blocks / blocks));
  launch(context.stream, {.blocks = blocks, .blocks_y = blocks_y, .threads = default_threads},
         for_each_in_rows_kernel<Body>, body, rows, columns, columns_at_once, blocks_y);
}

}  // namespace lstmlib::cuda
