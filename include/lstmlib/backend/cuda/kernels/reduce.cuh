// SPDX-License-Identifier: MIT
#pragma once
// Sums and maxima over an axis. The order of each sum depends only on the shape, so equal runs give equal
// bits.

#include "lstmlib/backend/view.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/backend/cuda/kernels/for_each.cuh"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

struct Sum {
  template <class T>
  LSTMLIB_HOST_DEVICE static T none() {
    return T(0);
  }
  template <class T>
  LSTMLIB_HOST_DEVICE T operator()(T a, T b) const {
    return a + b;
  }
};
/// The maximum, or NaN if one of them is.
struct Largest {
  template <class T>
  LSTMLIB_HOST_DEVICE static T none() {
    return -static_cast<T>(INFINITY);
  }
  template <class T>
  LSTMLIB_HOST_DEVICE T operator()(T a, T b) const {
    return b > a || b != b ? b : a;
  }
};

/// Reduces the values of all threads of the block; every thread gets the result. The block must consist of
/// whole warps, with one T of shared memory per warp at `shared`. All threads must call it.
template <class T, class Join>
__device__ inline T reduce_block(T value, Join join, simt::SharedArray<T> shared) {
  for (int mask = 16; mask > 0; mask /= 2) value = join(value, simt::shuffle_xor(value, mask));
  const int warps = simt::block_threads() / 32;
  if (warps == 1) return value;
  if (simt::lane() == 0) shared.store(simt::thread_index() / 32, value);
  simt::sync_block();
  T all = shared.load(0);
  for (int warp = 1; warp < warps; ++warp) all = join(all, shared.load(warp));
  simt::sync_block();  // before the next call writes again
  return all;
}

/// Threads of a block for a line of `size` contiguous elements: one warp, or eight if the line is long.
inline int threads_for_line(Index size) { return size <= 1024 ? 32 : default_threads; }
inline constexpr int line_shared_bytes = 32 * static_cast<int>(sizeof(double));  ///< for reduce_block

/// Piece `piece` of `pieces` of a line: elements `first` to `last` - 1.
struct Piece {
  Index first, last;
};
LSTMLIB_HOST_DEVICE inline Piece piece_of(Index size, Index piece, Index pieces) {
  const Index a_piece = (size + pieces - 1) / pieces, first = piece * a_piece;
  const Index end = first + a_piece;
  return {first, end < size ? end : size};
}

/// For adjacent lines: a thread reduces one piece of one line. y [outer, pieces, inner].
template <class T, class Join>
struct JoinAcrossBody {
  const T* x;
  T* y;
  Index size, inner, pieces;
  T factor;
  LSTMLIB_HOST_DEVICE void operator()(Index line, Index column) const {
    const Index outer = line / pieces;
    const Piece part = piece_of(size, line % pieces, pieces);
    T all = Join::template none<T>();
    for (Index i = part.first; i < part.last; ++i) all = Join{}(all, x[(outer * size + i) * inner + column]);
    y[line * inner + column] = factor * all;
  }
};
/// For contiguous lines: a block reduces one piece of one line. y [lines, pieces].
template <class T, class Join>
__global__ void __launch_bounds__(default_threads)
    join_along_kernel(const T* x, T* y, Index lines, Index size, Index pieces, T factor) {
  for (Index line = simt::block_index(); line < lines * pieces; line += simt::grid_blocks()) {
    const Piece part = piece_of(size, line % pieces, pieces);
    const T* from = x + line / pieces * size;
    T all = Join::template none<T>();
    for (Index i = part.first + simt::thread_index(); i < part.last; i += simt::block_threads())
      all = Join{}(all, from[i]);
    all = reduce_block(all, Join{}, simt::SharedArray<T>{0});
    if (simt::thread_index() == 0) y[line] = factor * all;
  }
}

/// y [outer, inner] = factor times the reduction of x [outer, size, inner] over the axis.
template <class Join, class T>
void join_axis(Context& context, Index outer, Index size, Index inner, T factor, const T* x, T* y) {
  if (outer * inner == 0) return;
  const auto stage = [&](Index length, Index pieces, T times, const T* from, T* to) {
    if (inner > 1)
      return for_each_in_rows(context, outer * pieces, inner,
                              JoinAcrossBody<T, Join>{from, to, length, inner, pieces, times});
    launch(context.stream,
           {.blocks = blocks_for(outer * pieces, 1),
            .threads = threads_for_line(length / pieces),
            .shared_bytes = line_shared_bytes},
           join_along_kernel<T, Join>, from, to, outer, length, pieces, times);
  };
  // A few long lines are cut into pieces to use the whole device. Only the shape decides.
  const Index min_piece = inner > 1 ? 64 : 4096, max_pieces = 64;
  const Index pieces = outer * inner >= 16 * 1024 ? 1 : std::clamp<Index>(size / min_piece, 1, max_pieces);
  if (pieces == 1) return stage(size, 1, factor, x, y);
  Scratch scratch(context);
  T* parts = scratch.take<T>({outer * pieces * inner}).data;
  stage(size, pieces, T(1), x, parts);
  stage(pieces, 1, factor, parts, y);
}

/// d_x [outer, size, inner] += factor d_y [outer, inner]
template <class T>
struct SumBackwardBody {
  const T* d_y;
  T* d_x;
  Index size, inner;
  T factor;
  LSTMLIB_HOST_DEVICE void operator()(Index line, Index column) const {
    d_x[line * inner + column] += factor * d_y[line / size * inner + column];
  }
};
template <class T>
struct MaxBackwardBody {
  const T *x, *y, *d_y;
  T* d_x;
  Index size, inner;
  LSTMLIB_HOST_DEVICE void operator()(Index line, Index column) const {
    const Index from = line * inner + column, to = line / size * inner + column;
    if (x[from] == y[to] || (x[from] != x[from] && y[to] != y[to])) d_x[from] += d_y[to];
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
