// SPDX-License-Identifier: MIT
#pragma once
// Dropout with the same bits and rounding as on the CPU.

#include "lstmlib/backend/kernels/nn.hpp"
#include "lstmlib/backend/cuda/kernels/elementwise.cuh"
#include "lstmlib/backend/cuda/sequence_layout.hpp"
#include "lstmlib/math/philox.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// See RowDropout. Four adjacent elements of a row share one counter of the random numbers.
template <class T>
struct DropoutMask {
  math::RandomKey key;
  std::uint32_t threshold;
  T scale;
  bool in_sequences;  ///< else row r is position 0 of sentence r
  SequenceLayoutView layout;
  std::uint64_t first_sentence;

  LSTMLIB_HOST_DEVICE math::Philox4 words(Index row, Index block) const {
    const Index sentence = in_sequences ? layout.sequence_of(row) : row;
    const Index position = in_sequences ? row - layout.offsets[sentence] : 0;
    return math::dropout_words(key, static_cast<std::uint64_t>(sentence) + first_sentence,
                               static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(block));
  }
  LSTMLIB_HOST_DEVICE T factor(std::uint32_t word) const { return word >= threshold ? scale : T(0); }
};
template <class T>
DropoutMask<T> mask_of(Context& context, const RowDropout& dropout) {
  DropoutMask<T> mask{dropout.key,
                      math::dropout_threshold(dropout.ratio),
                      static_cast<T>(1 / (1 - dropout.ratio)),
                      dropout.places.layout != nullptr,
                      {},
                      dropout.places.first_sentence};
  if (dropout.places.layout) mask.layout = on_device(context, *dropout.places.layout);
  return mask;
}

template <class T>
struct DropoutBody {
  DropoutMask<T> mask;
  Index columns;
  const T* x;
  T* y;
  OutputMode how;
  LSTMLIB_HOST_DEVICE void operator()(Index row, Index block) const {
    const math::Philox4 words = mask.words(row, block);
    for (int i = 0; i < 4; ++i) {
      const Index column = 4 * block + i;
      if (column >= columns) return;
      const Index at = row * columns + column;
      write(how, y[at], x[at] * mask.factor(words.word[i]));
    }
  }
};

}  // namespace lstmlib::cuda
