// SPDX-License-Identifier: MIT
#pragma once
// Conversion between float32 and bfloat16. A thread handles two neighbours, so that it writes whole 32-bit
// words.

#include "lstmlib/backend/cuda/kernels/for_each.cuh"

#include <cstdint>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The bits of a bfloat16.
struct Bf16 {
  std::uint16_t bits;
};

namespace detail {

struct ToBf16Body {
  const float* from;
  Bf16* to;
  Index count, room;
  __device__ float value(Index i) const { return i < count ? from[i] : 0.0f; }
  __device__ void operator()(Index pair) const {
    const Index i = 2 * pair;
    const std::uint32_t both = simt::pack_bf16(value(i), value(i + 1));
    if (i + 1 < room) *reinterpret_cast<std::uint32_t*>(to + i) = both;
    else to[i].bits = static_cast<std::uint16_t>(both);
  }
};
struct SplitBody {
  const float* from;
  Bf16 *high, *high_again, *low;
  __device__ void operator()(Index i) const {
    const float value = from[i];
    const std::uint32_t rounded = simt::pack_bf16(value, 0.0f);
    high[i].bits = high_again[i].bits = static_cast<std::uint16_t>(rounded);
    low[i].bits = static_cast<std::uint16_t>(simt::pack_bf16(value - simt::bf16_low(rounded), 0.0f));
  }
};
struct FromBf16Body {
  const Bf16* from;
  float* to;
  Index count;
  __device__ void operator()(Index pair) const {
    const Index i = 2 * pair;
    if (i + 1 < count) {
      const std::uint32_t both = *reinterpret_cast<const std::uint32_t*>(from + i);
      to[i] = simt::bf16_low(both);
      to[i + 1] = simt::bf16_high(both);
    } else {
      to[i] = simt::bf16_low(from[i].bits);
    }
  }
};
struct SumBf16Body {
  const std::uint32_t* terms;  ///< [count, pairs]
  std::uint32_t* sum;          ///< [pairs]
  Index count, pairs;
  __device__ void operator()(Index pair) const {
    float low = 0, high = 0;
    for (Index term = 0; term < count; ++term) {
      const std::uint32_t both = terms[term * pairs + pair];
      low += simt::bf16_low(both);
      high += simt::bf16_high(both);
    }
    sum[pair] = simt::pack_bf16(low, high);
  }
};

}  // namespace detail

/// to = from, rounded to nearest, ties to even. If `to` is longer, the rest is zeros.
inline void round_to_bf16(Stream& stream, View<const float> from, View<Bf16> to) {
  for_each(stream, (to.size() + 1) / 2, detail::ToBf16Body{from.data, to.data, from.size(), to.size()});
}
/// A matrix split into two bfloat16 matrices, high + low, which keep 16 bits of each number. They are stacked
/// by rows, with one part repeated. One product over all rows of both factors then gives the three terms that
/// matter.
struct SplitMatrix {
  enum class Side : std::uint8_t { left, right };
  View<Bf16> high, low;
  View<Bf16> stacked;  ///< left factor: high, low, high; right factor: high, high, low

  /// `room` [3 rows, columns]: memory for the stacked matrix.
  SplitMatrix(View<Bf16> room, Side side) : stacked(room) {
    const Index rows = room.shape.rows() / 3, place = side == Side::left ? 1 : 2;
    high = {room.data, room.shape.with_rows(rows)};
    low = {room.data + place * high.size(), high.shape};
    again_ = room.data + (3 - place) * high.size();
  }
  SplitMatrix() = default;
  explicit operator bool() const { return static_cast<bool>(stacked); }

  void fill(Stream& stream, View<const float> from) const {
    for_each(stream, from.size(), detail::SplitBody{from.data, high.data, again_, low.data});
  }

 private:
  Bf16* again_ = nullptr;
};
/// to = the first elements of from
inline void widen_bf16(Stream& stream, View<const Bf16> from, View<float> to) {
  for_each(stream, (to.size() + 1) / 2, detail::FromBf16Body{from.data, to.data, to.size()});
}
/// sum [n] = sum of the rows of terms [.., n] in order, added in float32 and rounded once. n must be even.
inline void sum_bf16(Stream& stream, View<const Bf16> terms, View<Bf16> sum) {
  const Index pairs = sum.size() / 2;
  for_each(stream, pairs,
           detail::SumBf16Body{reinterpret_cast<const std::uint32_t*>(terms.data),
                               reinterpret_cast<std::uint32_t*>(sum.data), terms.shape.rows(), pairs});
}

}  // namespace lstmlib::cuda
