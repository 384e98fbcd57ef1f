// SPDX-License-Identifier: MIT
// float32 to bfloat16 with the instructions of AVX512_BF16. Replaces rounding.inl. Subnormal numbers become
// zeros, which is how the products of these instruction sets treat them anyway.

// Stores as many 16-bit numbers as a vector has floats.
[[gnu::always_inline]] inline void store_bf16(std::uint16_t* to, Lanes<float> x) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh((__m512)x));
}

[[gnu::always_inline]] inline __m512 load_numbers(const float* from, Index count) {
  const __mmask16 some = static_cast<__mmask16>(count < 16 ? (1u << count) - 1 : 0xffff);
  return _mm512_maskz_loadu_ps(some, from);
}

inline void round_to_bf16(const float* from, Index count, std::uint16_t* to) {
  for (Index i = 0; i < count; i += 32) {
    const Index rest = count - i;
    const __m512 first = load_numbers(from + i, rest),
                 second = rest > 16 ? load_numbers(from + i + 16, rest - 16) : __m512{};
    const __mmask32 some = rest < 32 ? (__mmask32{1} << rest) - 1 : ~__mmask32{0};
    _mm512_mask_storeu_epi16(to + i, some, (__m512i)_mm512_cvtne2ps_pbh(second, first));
  }
}

inline void round_pairs(const float* first, const float* second, Index count, Bf16Pair* to) {
  // Interleaves: element 0 of `first`, element 0 of `second`, element 1 of `first`, and so on.
  alignas(64) static constexpr std::uint16_t halves[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                           21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                           11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i order = _mm512_load_si512(halves);
  for (Index i = 0; i < count; i += 16) {
    const Index rest = count - i;
    const __m512 lower = load_numbers(first + i, rest),
                 upper = second ? load_numbers(second + i, rest) : __m512{};
    const __mmask16 some = static_cast<__mmask16>(rest < 16 ? (1u << rest) - 1 : 0xffff);
    const __m512i rounded = (__m512i)_mm512_cvtne2ps_pbh(upper, lower);
    _mm512_mask_storeu_epi32(to + i, some, _mm512_maskz_permutexvar_epi16(~__mmask32{0}, order, rounded));
  }
}
