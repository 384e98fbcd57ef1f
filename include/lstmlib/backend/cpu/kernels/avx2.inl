// SPDX-License-Identifier: MIT
// AVX2 with FMA: vectors of 32 bytes.

[[gnu::always_inline]] inline Lanes<float> square_root(Lanes<float> x) {
  return (Lanes<float>)_mm256_sqrt_ps((__m256)x);
}
[[gnu::always_inline]] inline Lanes<double> square_root(Lanes<double> x) {
  return (Lanes<double>)_mm256_sqrt_pd((__m256d)x);
}
[[gnu::always_inline]] inline WideLanes multiply_low_words(WideLanes a, WideLanes b) {
  return (WideLanes)_mm256_mul_epu32((__m256i)a, (__m256i)b);
}
// Treats elements as pairs of signed 16-bit numbers and adds both products.
[[gnu::always_inline]] inline Lanes<std::int32_t> sum_of_half_products(Lanes<std::int32_t> a,
                                                                       Lanes<std::int32_t> b) {
  return (Lanes<std::int32_t>)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}
template <class V>
[[gnu::always_inline]] inline V reciprocal(V x) {
  return splat<V>(1) / x;
}
