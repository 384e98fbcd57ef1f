// SPDX-License-Identifier: MIT
// What is particular to AVX-512: vectors of 64 bytes. The forms with a mask, of all elements, because g++ 12
// warns of uninitialised values inside the others.

[[gnu::always_inline]] inline Lanes<float> square_root(Lanes<float> x) {
  return (Lanes<float>)_mm512_maskz_sqrt_ps(0xffff, (__m512)x);
}
[[gnu::always_inline]] inline Lanes<double> square_root(Lanes<double> x) {
  return (Lanes<double>)_mm512_maskz_sqrt_pd(0xff, (__m512d)x);
}
[[gnu::always_inline]] inline WideLanes multiply_low_words(WideLanes a, WideLanes b) {
  return (WideLanes)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);
}
[[gnu::always_inline]] inline Lanes<std::int32_t> sum_of_half_products(Lanes<std::int32_t> a,
                                                                       Lanes<std::int32_t> b) {
  return (Lanes<std::int32_t>)_mm512_maskz_madd_epi16(0xffff, (__m512i)a, (__m512i)b);
}
// Division is slow for vectors this wide: 14 bits by the processor, the rest by one step of Newton's method.
[[gnu::always_inline]] inline Lanes<float> reciprocal(Lanes<float> x) {
  const Lanes<float> y = (Lanes<float>)_mm512_maskz_rcp14_ps(0xffff, (__m512)x);
  return y + y * (splat<Lanes<float>>(1) - x * y);
}
[[gnu::always_inline]] inline Lanes<double> reciprocal(Lanes<double> x) {
  return splat<Lanes<double>>(1) / x;
}
