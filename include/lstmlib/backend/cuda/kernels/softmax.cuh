// SPDX-License-Identifier: MIT
#pragma once
// Softmax and log-softmax over an axis. A contiguous line is handled by a warp or a block. Otherwise each
// thread handles one line, and adjacent threads adjacent lines.

#include "lstmlib/backend/cuda/kernels/reduce.cuh"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The elements of a line that one thread handles: `first`, `first` + `step` and so on, with `stride` in
/// memory.
struct LinePart {
  Index size, stride;
  int first, step;
};
/// How the threads of a line combine their values: `Alone` for one thread, `InBlock` for the threads of a
/// block.
struct Alone {
  template <class T, class Join>
  __device__ T operator()(T value, Join) const {
    return value;
  }
};
struct InBlock {
  template <class T, class Join>
  __device__ T operator()(T value, Join join) const {
    return reduce_block(value, join, simt::SharedArray<T>{0});
  }
};

template <class T>
struct SoftmaxScale {
  T largest, total;  ///< maximum; sum of exp(x - maximum)
};
/// Subtracts the maximum, so that exp cannot overflow.
template <class T, class Together>
__device__ inline SoftmaxScale<T> softmax_scale(const T* x, const LinePart& part, Together together) {
  using std::exp;
  T largest = Largest::none<T>();
  for (Index i = part.first; i < part.size; i += part.step) largest = Largest{}(largest, x[i * part.stride]);
  largest = together(largest, Largest{});
  T total = 0;
  for (Index i = part.first; i < part.size; i += part.step) total += exp(x[i * part.stride] - largest);
  return {largest, together(total, Sum{})};
}

template <class T>
struct Softmax {
  bool logarithm;
  const T* x;
  T* y;
  template <class Together>
  __device__ void operator()(Index at, const LinePart& part, Together together) const {
    using std::exp;
    using std::log;
    const SoftmaxScale<T> scale = softmax_scale(x + at, part, together);
    const T log_total = log(scale.total);
    for (Index i = part.first; i < part.size; i += part.step) {
      const T above = x[at + i * part.stride] - scale.largest;
      y[at + i * part.stride] = logarithm ? above - log_total : exp(above) / scale.total;
    }
  }
};
template <class T>
struct SoftmaxBackward {
  bool logarithm;
  const T *y, *d_y;
  T* d_x;
  template <class Together>
  __device__ void operator()(Index first, const LinePart& part, Together together) const {
    using std::exp;
    T sum = 0;  // of d_y (log-softmax) or d_y y (softmax)
    for (Index i = part.first; i < part.size; i += part.step) {
      const Index at = first + i * part.stride;
      sum += logarithm ? d_y[at] : d_y[at] * y[at];
    }
    sum = together(sum, Sum{});
    for (Index i = part.first; i < part.size; i += part.step) {
      const Index at = first + i * part.stride;
      d_x[at] += logarithm ? d_y[at] - exp(y[at]) * sum : y[at] * (d_y[at] - sum);
    }
  }
};

template <class Body>
__global__ void __launch_bounds__(default_threads)
    along_lines_kernel(const Body body, Index lines, Index size) {
  for (Index line = simt::block_index(); line < lines; line += simt::grid_blocks())
    body(line * size, LinePart{size, 1, simt::thread_index(), simt::block_threads()}, InBlock{});
}
template <class Body>
struct AcrossLinesBody {
  Body body;
  Index size, inner;
  __device__ void operator()(Index outer, Index column) const {
    body(outer * size * inner + column, LinePart{size, inner, 0, 1}, Alone{});
  }
};
/// Calls body(index of the first element, part, together) for each line of [outer, size, inner] along the
/// axis.
template <class Body>
void for_each_line(Context& context, const AxisView& axis, const Body& body) {
  if (axis.outer * axis.inner == 0 || axis.size == 0) return;
  if (axis.inner > 1)
    return for_each_in_rows(context, axis.outer, axis.inner,
                            AcrossLinesBody<Body>{body, axis.size, axis.inner});
  launch(context.stream,
         {.blocks = blocks_for(axis.outer, 1),
          .threads = threads_for_line(axis.size),
          .shared_bytes = line_shared_bytes},
         along_lines_kernel<Body>, body, axis.outer, axis.size);
}

}  // namespace lstmlib::cuda
