// SPDX-License-Identifier: MIT
#pragma once
// Windows over sequences and images, and their gradients. A thread gathers the terms of one element in the
// order in which the CPU adds them.

#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/cuda/sequence_layout.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// columns [windows, features, window]. The body's column is (feature, offset).
template <class T>
struct UnfoldTimeBody {
  SequenceLayoutView layout;
  Index window, features;
  const T* x;
  T* columns;
  LSTMLIB_HOST_DEVICE void operator()(Index at, Index column) const {
    const Index sequence = layout.sequence_of_window(at, window);
    const Index feature = column / window, offset = column % window;
    const Index row =
        at - layout.first_window(sequence, window) - (window - 1) + offset;  // index in the sequence
    const bool inside = row >= 0 && row < layout.length(sequence);
    columns[at * features * window + column] =
        inside ? x[(layout.offsets[sequence] + row) * features + feature] : T(0);
  }
};
template <class T>
struct UnfoldTimeBackwardBody {
  SequenceLayoutView layout;
  Index window, features;
  const T* d_columns;
  T* d_x;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index feature) const {
    const Index sequence = layout.sequence_of(row);
    // The first window that contains the row has it at its end.
    const Index first = layout.first_window(sequence, window) + row - layout.offsets[sequence];
    T sum = d_x[row * features + feature];
    for (Index i = 0; i < window; ++i)
      sum += d_columns[((first + i) * features + feature) * window + window - 1 - i];
    d_x[row * features + feature] = sum;
  }
};

/// Geometry with the size of the result, for kernels.
struct ImageWindows {
  explicit ImageWindows(const Convolution2d& c)
      : geometry(c), out_height(c.out_height()), out_width(c.out_width()) {}
  Convolution2d geometry;
  Index out_height, out_width;
};

/// columns [out_height out_width, channels kernel_height kernel_width]
template <class T>
struct UnfoldImageBody {
  ImageWindows windows;
  const T* image;
  T* columns;
  LSTMLIB_HOST_DEVICE void operator()(Index place, Index column) const {
    const Convolution2d& c = windows.geometry;
    const Index kernel = c.kernel_height * c.kernel_width, channel = column / kernel,
                in_kernel = column % kernel;
    const Index y = place / windows.out_width * c.stride_height +
                    in_kernel / c.kernel_width * c.dilate_height - c.pad_height;
    const Index x = place % windows.out_width * c.stride_width + in_kernel % c.kernel_width * c.dilate_width -
                    c.pad_width;
    const bool inside = y >= 0 && y < c.height && x >= 0 && x < c.width;
    columns[place * c.channels * kernel + column] =
        inside ? image[(channel * c.height + y) * c.width + x] : T(0);
  }
};
/// Index along one axis of the result that uses image position `at` for this kernel position; -1 if none.
LSTMLIB_HOST_DEVICE inline Index place_in_result(Index at, Index in_kernel, Index pad, Index dilate,
                                                 Index stride, Index size) {
  const Index from = at + pad - in_kernel * dilate;
  return from >= 0 && from % stride == 0 && from / stride < size ? from / stride : -1;
}
/// The body's row is (channel, y), its column x.
template <class T>
struct UnfoldImageBackwardBody {
  ImageWindows windows;
  const T* d_columns;
  T* d_image;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index x) const {
    const Convolution2d& c = windows.geometry;
    const Index channel = row / c.height, y = row % c.height, kernel = c.kernel_height * c.kernel_width;
    T sum = d_image[row * c.width + x];
    // Kernel positions from last to first give results from first to last.
    for (Index ky = c.kernel_height - 1; ky >= 0; --ky) {
      const Index oy =
          place_in_result(y, ky, c.pad_height, c.dilate_height, c.stride_height, windows.out_height);
      for (Index kx = c.kernel_width - 1; oy >= 0 && kx >= 0; --kx) {
        const Index ox =
            place_in_result(x, kx, c.pad_width, c.dilate_width, c.stride_width, windows.out_width);
        if (ox < 0) continue;
        const Index place = oy * windows.out_width + ox;
        sum += d_columns[(place * c.channels + channel) * kernel + ky * c.kernel_width + kx];
      }
    }
    d_image[row * c.width + x] = sum;
  }
};

}  // namespace lstmlib::cuda
