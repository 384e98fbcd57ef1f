// SPDX-License-Identifier: MIT
// The baseline: vectors of 16 bytes.

#if defined(__x86_64__)
[[gnu::always_inline]] inline Lanes<float> square_root(Lanes<float> x) {
  return (Lanes<float>)_mm_sqrt_ps((__m128)x);
}
[[gnu::always_inline]] inline Lanes<double> square_root(Lanes<double> x) {
  return (Lanes<double>)_mm_sqrt_pd((__m128d)x);
}
[[gnu::always_inline]] inline WideLanes multiply_low_words(WideLanes a, WideLanes b) {
  return (WideLanes)_mm_mul_epu32((__m128i)a, (__m128i)b);
}
[[gnu::always_inline]] inline Lanes<std::int32_t> sum_of_half_products(Lanes<std::int32_t> a,
                                                                       Lanes<std::int32_t> b) {
  return (Lanes<std::int32_t>)_mm_madd_epi16((__m128i)a, (__m128i)b);
}
#else
[[gnu::always_inline]] inline Lanes<float> square_root(Lanes<float> x) {
  return Lanes<float>{__builtin_sqrtf(x[0]), __builtin_sqrtf(x[1]), __builtin_sqrtf(x[2]),
                      __builtin_sqrtf(x[3])};
}
[[gnu::always_inline]] inline Lanes<double> square_root(Lanes<double> x) {
  return Lanes<double>{__builtin_sqrt(x[0]), __builtin_sqrt(x[1])};
}
[[gnu::always_inline]] inline WideLanes multiply_low_words(WideLanes a, WideLanes b) {
  return (a & 0xffffffffu) * (b & 0xffffffffu);
}
[[gnu::always_inline]] inline Lanes<std::int32_t> sum_of_half_products(Lanes<std::int32_t> a,
                                                                       Lanes<std::int32_t> b) {
  return ((a << 16) >> 16) * ((b << 16) >> 16) + (a >> 16) * (b >> 16);
}
#endif
template <class V>
[[gnu::always_inline]] inline V reciprocal(V x) {
  return splat<V>(1) / x;
}
