// SPDX-License-Identifier: MIT
#pragma once
// Dropout with the very bits and rounding of the CPU.

#include "lstmlib/cuda/kernels/elementwise.cuh"
#include "lstmlib/cuda/segments.hpp"
#include "lstmlib/math/philox.hpp"

namespace lstmlib::cuda {

/// A call has four neighbours of a row, which share one counter of the random numbers.
template <class T>
struct DropoutBody {
  math::RandomKey key;
  std::uint32_t threshold;
  T scale;
  bool in_sequences;  ///< else row r is position 0 of sentence r
  SegmentsView segments;
  std::uint64_t first_sentence;
  Index columns;
  const T* x;
  T* y;
  Write how;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index block) const {
    const Index sentence = in_sequences ? segments.sequence_of(row) : row;
    const Index position = in_sequences ? row - segments.firsts[sentence] : 0;
    const math::Philox4 words =
        math::dropout_words(key, static_cast<std::uint64_t>(sentence) + first_sentence,
                            static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(block));
    for (int i = 0; i < 4; ++i) {
      const Index column = 4 * block + i;
      if (column >= columns) return;
      const Index at = row * columns + column;
      write(how, y[at], x[at] * (words.word[i] >= threshold ? scale : T(0)));
    }
  }
};

}  // namespace lstmlib::cuda
