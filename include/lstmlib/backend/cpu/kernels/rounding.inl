// SPDX-License-Identifier: MIT
// float32 to bfloat16: rounds to nearest, ties to even; NaN stays NaN.

// In the lower half of each element.
[[gnu::always_inline]] inline Lanes<std::uint32_t> bf16_bits(Lanes<float> x) {
  using Bits = Lanes<std::uint32_t>;
  const Bits bits = (Bits)x;
  const Bits rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return x == x ? rounded : (bits >> 16) | 0x40;
}

typedef std::uint16_t HalfLanes __attribute__((vector_size(vector_bytes / 2), aligned(2), may_alias));

// Stores as many 16-bit numbers as a vector has floats.
[[gnu::always_inline]] inline void store_bf16(std::uint16_t* to, Lanes<float> x) {
  *reinterpret_cast<HalfLanes*>(to) = __builtin_convertvector(bf16_bits(x), HalfLanes);
}

inline void round_to_bf16(const float* from, Index count, std::uint16_t* to) {
  constexpr int lanes = lanes_of<float>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) store_bf16(to + i, load(from + i));
  if (i == count) return;
  std::uint16_t part[lanes];
  store_bf16(part, load_part(from + i, count - i));
  for (Index j = i; j < count; ++j) to[j] = part[j - i];
}

inline void round_pairs(const float* first, const float* second, Index count, Bf16Pair* to) {
  constexpr int lanes = lanes_of<float>;
  Index i = 0;
  for (; i + lanes <= count; i += lanes) {
    const Lanes<std::uint32_t> upper = second ? bf16_bits(load(second + i)) : Lanes<std::uint32_t>{};
    store<std::uint32_t>(&to[i].bits, bf16_bits(load(first + i)) | (upper << 16));
  }
  if (i == count) return;
  std::uint32_t part[lanes];
  const Lanes<std::uint32_t> upper =
      second ? bf16_bits(load_part(second + i, count - i)) : Lanes<std::uint32_t>{};
  store<std::uint32_t>(part, bf16_bits(load_part(first + i, count - i)) | (upper << 16));
  for (Index j = i; j < count; ++j) to[j].bits = part[j - i];
}
