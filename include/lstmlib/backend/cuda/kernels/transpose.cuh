// SPDX-License-Identifier: MIT
#pragma once
// Transposes through tiles in shared memory, so that both matrices are accessed along their rows.

#include "lstmlib/backend/cuda/kernels/elementwise.cuh"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

inline constexpr int transpose_tile = 32;
/// One more than the tile, so that columns are in different banks.
inline constexpr int transpose_row = transpose_tile + 1;

/// y [columns, rows] = or += xᵀ. A block handles one tile at a time, a thread four of its elements.
template <class T>
__global__ void __launch_bounds__(default_threads)
    transpose_kernel(const T* x, T* y, Index rows, Index columns, OutputMode how) {
  const simt::SharedArray<T> tile{0};
  const int i = simt::thread_index() % transpose_tile, first = simt::thread_index() / transpose_tile;
  constexpr int step = default_threads / transpose_tile;
  const Index tiles_across = (columns + transpose_tile - 1) / transpose_tile;
  const Index tiles = tiles_across * ((rows + transpose_tile - 1) / transpose_tile);
  for (Index number = simt::block_index(); number < tiles; number += simt::grid_blocks()) {
    const Index row = number / tiles_across * transpose_tile, column = number % tiles_across * transpose_tile;
    for (int j = first; j < transpose_tile; j += step)
      if (row + j < rows && column + i < columns)
        tile.store(j * transpose_row + i, x[(row + j) * columns + column + i]);
    simt::sync_block();
    for (int j = first; j < transpose_tile; j += step)
      if (column + j < columns && row + i < rows)
        write(how, y[(column + j) * rows + row + i], tile.load(i * transpose_row + j));
    simt::sync_block();
  }
}
template <class T>
void transpose(Context& context, Index rows, Index columns, const T* x, T* y, OutputMode how) {
  if (rows * columns == 0) return;
  const Index tiles =
      ((rows + transpose_tile - 1) / transpose_tile) * ((columns + transpose_tile - 1) / transpose_tile);
  launch(context.stream,
         {.blocks = blocks_for(tiles, 1),
          .threads = default_threads,
          .shared_bytes = transpose_tile * transpose_row * static_cast<int>(sizeof(T))},
         transpose_kernel<T>, x, y, rows, columns, how);
}

}  // namespace lstmlib::cuda
