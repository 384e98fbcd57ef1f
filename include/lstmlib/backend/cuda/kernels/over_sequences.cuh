// SPDX-License-Identifier: MIT
#pragma once
// Sums and maxima over the rows of each sequence. A thread handles one column of one sequence and reads its
// rows in order.

#include "lstmlib/backend/cuda/sequence_layout.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

template <class T>
struct SegmentMaxBody {
  SequenceLayoutView layout;
  Index columns;
  const T* x;
  T* y;
  LSTMLIB_HOST_DEVICE void operator()(Index sequence, Index column) const {
    T largest = -static_cast<T>(INFINITY);
    for (Index row = layout.offsets[sequence]; row < layout.offsets[sequence + 1]; ++row) {
      const T value = x[row * columns + column];
      largest = value > largest || value != value ? value : largest;
    }
    y[sequence * columns + column] = largest;
  }
};
template <class T>
struct SegmentMaxBackwardBody {
  SequenceLayoutView layout;
  Index columns;
  const T *x, *y, *d_y;
  T* d_x;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    const Index at = row * columns + column, of_sequence = layout.sequence_of(row) * columns + column;
    if (x[at] == y[of_sequence] || (x[at] != x[at] && y[of_sequence] != y[of_sequence]))
      d_x[at] += d_y[of_sequence];
  }
};

template <class T>
struct SegmentSumBody {
  SequenceLayoutView layout;
  Index columns;
  bool mean;
  const T* x;
  T* y;
  LSTMLIB_HOST_DEVICE void operator()(Index sequence, Index column) const {
    T sum = 0;
    for (Index row = layout.offsets[sequence]; row < layout.offsets[sequence + 1]; ++row)
      sum += x[row * columns + column];
    y[sequence * columns + column] = mean ? sum / static_cast<T>(layout.length(sequence)) : sum;
  }
};
template <class T>
struct SegmentSumBackwardBody {
  SequenceLayoutView layout;
  Index columns;
  bool mean;
  const T* d_y;
  T* d_x;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index column) const {
    const Index sequence = layout.sequence_of(row);
    const T factor = mean ? T(1) / static_cast<T>(layout.length(sequence)) : T(1);
    d_x[row * columns + column] += factor * d_y[sequence * columns + column];
  }
};

}  // namespace lstmlib::inline LSTMLIB_ABI::cuda
