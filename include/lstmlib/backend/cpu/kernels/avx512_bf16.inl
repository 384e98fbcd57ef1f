// SPDX-License-Identifier: MIT
// Packed bfloat16 and bytes with the instructions of AVX512_BF16 and AVX512_VNNI. Replaces
// low_precision.inl.

template <>
struct Arithmetic<Bf16Pair> {
  using Left = std::uint32_t;
  using Right = Lanes<std::uint32_t>;

  [[gnu::always_inline]] static Left left(Bf16Pair x) { return x.bits; }
  [[gnu::always_inline]] static Right right(const Bf16Pair* from) { return load(&from->bits); }
  [[gnu::always_inline]] static Lanes<float> add(Lanes<float> sum, Left a, Right b) {
    return (Lanes<float>)_mm512_dpbf16_ps((__m512)sum, (__m512bh)(a + Right{}), (__m512bh)b);
  }
};

template <>
struct Arithmetic<Int8Quad> {
  using Left = std::uint32_t;
  using Right = Lanes<std::uint32_t>;

  [[gnu::always_inline]] static Left left(Int8Quad x) { return x.bits; }
  [[gnu::always_inline]] static Right right(const Int8Quad* from) { return load(&from->bits); }
  [[gnu::always_inline]] static Lanes<std::int32_t> add(Lanes<std::int32_t> sum, Left a, Right b) {
    return (Lanes<std::int32_t>)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)(a + Right{}), (__m512i)b);
  }
};
