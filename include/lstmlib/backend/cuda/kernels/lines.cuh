// SPDX-License-Identifier: MIT
#pragma once
// Reductions, order and cumulative sums of lines along an axis. The order of each sum depends only on the
// shape, so equal runs give equal bits.

#include "lstmlib/backend/cuda/kernels/elementwise.cuh"
#include "lstmlib/backend/cuda/kernels/reduce.cuh"
#include "lstmlib/math/elementwise.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// How results of a reduction are joined, for reduce.cuh.
template <math::Reduction r>
struct JoinOf {
  template <class T>
  LSTMLIB_HOST_DEVICE static T none() {
    return math::Reduce<r>::template start<T>();
  }
  template <class T>
  LSTMLIB_HOST_DEVICE T operator()(T a, T b) const {
    return math::Reduce<r>::join(a, b);
  }
};

/// For adjacent lines: a thread reduces one piece of one line. y [outer, pieces, inner]; c [outer, inner] or
/// null.
template <class T, math::Reduction r>
struct ReduceAcrossBody {
  const T *x, *c;
  T* y;
  Index size, inner, pieces;
  T factor;
  LSTMLIB_HOST_DEVICE void operator()(Index line, Index column) const {
    const Index outer = line / pieces;
    const Piece part = piece_of(size, line % pieces, pieces);
    const T centre = c ? c[outer * inner + column] : T(0);
    T all = math::Reduce<r>::template start<T>();
    for (Index i = part.first; i < part.last; ++i)
      all = math::Reduce<r>::step(all, x[(outer * size + i) * inner + column], centre);
    y[line * inner + column] = factor * all;
  }
};
/// For contiguous lines: a block reduces one piece of one line. y [lines, pieces].
template <class T, math::Reduction r>
__global__ void __launch_bounds__(default_threads)
    reduce_along_kernel(const T* x, const T* c, T* y, Index lines, Index size, Index pieces, T factor) {
  for (Index line = simt::block_index(); line < lines * pieces; line += simt::grid_blocks()) {
    const Piece part = piece_of(size, line % pieces, pieces);
    const T* from = x + line / pieces * size;
    const T centre = c ? c[line / pieces] : T(0);
    T all = math::Reduce<r>::template start<T>();
    for (Index i = part.first + simt::thread_index(); i < part.last; i += simt::block_threads())
      all = math::Reduce<r>::step(all, from[i], centre);
    all = reduce_block(all, JoinOf<r>{}, simt::SharedArray<T>{0});
    if (simt::thread_index() == 0) y[line] = factor * all;
  }
}
/// y [outer, inner] = factor times the reduction of x [outer, size, inner].
template <math::Reduction r, class T>
void reduce_axis(Context& context, const AxisView& a, T factor, const T* x, const T* c, T* y) {
  if (a.outer * a.inner == 0) return;
  // A few long lines are cut into pieces to use the whole device. Only the shape decides.
  const Index least = a.inner > 1 ? 64 : 4096, most = 64;
  const Index pieces = a.outer * a.inner >= 16 * 1024 ? 1 : std::clamp<Index>(a.size / least, 1, most);
  Scratch scratch(context);
  T* to = pieces == 1 ? y : scratch.take<T>({a.outer * pieces * a.inner}).data;
  const T times = pieces == 1 ? factor : T(1);
  if (a.inner > 1)
    for_each_in_rows(context, a.outer * pieces, a.inner,
                     ReduceAcrossBody<T, r>{x, c, to, a.size, a.inner, pieces, times});
  else
    launch(context.stream,
           {.blocks = blocks_for(a.outer * pieces, 1),
            .threads = threads_for_line(a.size / pieces),
            .shared_bytes = line_shared_bytes},
           reduce_along_kernel<T, r>, x, c, to, a.outer, a.size, pieces, times);
  if (pieces > 1)
    join_axis<JoinOf<r>>(context, a.outer, pieces, a.inner, factor, static_cast<const T*>(to), y);
}
template <class T, math::Reduction r>
struct ReduceBackwardBody {
  const T *x, *c, *d_y;
  T* d_x;
  Index size, inner;
  T factor;
  LSTMLIB_HOST_DEVICE void operator()(Index line, Index column) const {
    const Index from = line * inner + column, to = line / size * inner + column;
    d_x[from] += factor * d_y[to] * math::Reduce<r>::slope(x[from], c ? c[to] : T(0));
  }
};

/// An element and its position. `before`: in the order of the largest or smallest elements, NaN first, and of
/// equal ones the first one first.
template <class T>
struct Ranked {
  T value;
  std::int32_t index;  ///< -1: none, which is behind all others
  LSTMLIB_HOST_DEVICE bool before(const Ranked& other, bool smallest) const {
    if (index < 0 || other.index < 0) return index >= 0;
    const bool nan = value != value, other_nan = other.value != other.value;
    if (nan != other_nan) return nan;
    if (!nan && value != other.value) return smallest ? value < other.value : value > other.value;
    return index < other.index;
  }
};
/// A warp finds the `count` first elements of a line, one after the other: each is the first of those behind
/// the one before. indices [outer, count, inner].
template <class T>
__global__ void __launch_bounds__(32) top_k_kernel(const T* x, std::int32_t* indices, Index lines, Index size,
                                                   Index inner, Index count, bool smallest) {
  for (Index line = simt::block_index(); line < lines; line += simt::grid_blocks()) {
    const T* from = x + line / inner * size * inner + line % inner;
    Ranked<T> last{T(0), -1};
    for (Index k = 0; k < count; ++k) {
      Ranked<T> best{T(0), -1};
      for (Index i = simt::lane(); i < size; i += 32) {
        const Ranked<T> one{from[i * inner], static_cast<std::int32_t>(i)};
        if ((last.index < 0 || last.before(one, smallest)) && one.before(best, smallest)) best = one;
      }
      for (int mask = 16; mask > 0; mask /= 2) {
        const Ranked<T> other{simt::shuffle_xor(best.value, mask), simt::shuffle_xor(best.index, mask)};
        if (other.before(best, smallest)) best = other;
      }
      last = best;
      if (simt::lane() == 0) indices[(line / inner * count + k) * inner + line % inner] = best.index;
    }
  }
}

/// A block per line: each thread sums a piece, adds the sums of the pieces before, and writes.
template <class T>
__global__ void __launch_bounds__(default_threads)
    cumulative_sum_kernel(const T* x, T* y, Index lines, Index size, Index inner, bool reverse,
                          OutputMode how) {
  const simt::SharedArray<T> sums{0};
  const int thread = simt::thread_index(), threads = simt::block_threads();
  for (Index line = simt::block_index(); line < lines; line += simt::grid_blocks()) {
    const Index first = line / inner * size * inner + line % inner;
    const Piece part = piece_of(size, thread, threads);
    T sum = 0;
    for (Index i = part.first; i < part.last; ++i) sum += x[first + (reverse ? size - 1 - i : i) * inner];
    sums.store(thread, sum);
    simt::sync_block();
    sum = 0;
    for (int before = 0; before < thread; ++before) sum += sums.load(before);
    for (Index i = part.first; i < part.last; ++i) {
      const Index at = first + (reverse ? size - 1 - i : i) * inner;
      sum += x[at];
      write(how, y[at], sum);
    }
    simt::sync_block();  // before the next line writes again
  }
}

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
