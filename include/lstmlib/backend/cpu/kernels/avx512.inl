// SPDX-License-Identifier: MIT
// AVX-512: vectors of 64 bytes. Uses the masked intrinsics with a full mask, because g++ 12 warns about
// uninitialised values in the others.

template <>
[[gnu::always_inline]] inline Lanes<float> load_part<float>(const float* from, Index count) {
  return (Lanes<float>)_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from);
}
template <>
[[gnu::always_inline]] inline Lanes<double> load_part<double>(const double* from, Index count) {
  return (Lanes<double>)_mm512_maskz_loadu_pd(static_cast<__mmask8>((1u << count) - 1), from);
}
template <>
[[gnu::always_inline]] inline void store_part<float>(float* to, Lanes<float> value, Index count) {
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), (__m512)value);
}
template <>
[[gnu::always_inline]] inline void store_part<double>(double* to, Lanes<double> value, Index count) {
  _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1), (__m512d)value);
}
[[gnu::always_inline]] inline Lanes<float> square_root(Lanes<float> x) {
  return (Lanes<float>)_mm512_maskz_sqrt_ps(0xffff, (__m512)x);
}
[[gnu::always_inline]] inline Lanes<double> square_root(Lanes<double> x) {
  return (Lanes<double>)_mm512_maskz_sqrt_pd(0xff, (__m512d)x);
}
// One instruction each; the compiler does not find it for the general form. If an operand is NaN, they return
// the second operand, like the general form with swapped operands.
[[gnu::always_inline]] inline Lanes<float> minimum(Lanes<float> a, Lanes<float> b) {
  return (Lanes<float>)_mm512_maskz_min_ps(0xffff, (__m512)b, (__m512)a);
}
[[gnu::always_inline]] inline Lanes<double> minimum(Lanes<double> a, Lanes<double> b) {
  return (Lanes<double>)_mm512_maskz_min_pd(0xff, (__m512d)b, (__m512d)a);
}
[[gnu::always_inline]] inline Lanes<float> maximum(Lanes<float> a, Lanes<float> b) {
  return (Lanes<float>)_mm512_maskz_max_ps(0xffff, (__m512)b, (__m512)a);
}
[[gnu::always_inline]] inline Lanes<double> maximum(Lanes<double> a, Lanes<double> b) {
  return (Lanes<double>)_mm512_maskz_max_pd(0xff, (__m512d)b, (__m512d)a);
}
[[gnu::always_inline]] inline WideLanes multiply_low_words(WideLanes a, WideLanes b) {
  return (WideLanes)_mm512_maskz_mul_epu32(0xff, (__m512i)a, (__m512i)b);
}
[[gnu::always_inline]] inline Lanes<std::int32_t> sum_of_half_products(Lanes<std::int32_t> a,
                                                                       Lanes<std::int32_t> b) {
  return (Lanes<std::int32_t>)_mm512_maskz_madd_epi16(0xffff, (__m512i)a, (__m512i)b);
}
// Division is slow for vectors this wide. The processor estimates 14 bits; one Newton step gives the rest.
[[gnu::always_inline]] inline Lanes<float> reciprocal(Lanes<float> x) {
  const Lanes<float> y = (Lanes<float>)_mm512_maskz_rcp14_ps(0xffff, (__m512)x);
  return y + y * (splat<Lanes<float>>(1) - x * y);
}
[[gnu::always_inline]] inline Lanes<double> reciprocal(Lanes<double> x) {
  return splat<Lanes<double>>(1) / x;
}
// See inference.inl. Here a polynomial of the fractional part of x, with relative error 7.5e-8 before
// rounding, and one instruction for the whole part. Far below 0 the result is 0.
[[gnu::always_inline]] inline Lanes<float> exp2_approx(Lanes<float> x) {
  using V = Lanes<float>;
  const V limited = minimum(x, splat<V>(126));
  const V r = (V)_mm512_maskz_reduce_ps(0xffff, (__m512)limited, 9);
  V p = splat<V>(1.87757669e-3);
  p = p * r + splat<V>(8.98933969e-3);
  p = p * r + splat<V>(5.58263175e-2);
  p = p * r + splat<V>(2.40153611e-1);
  p = p * r + splat<V>(6.93153083e-1);
  p = p * r + splat<V>(9.99999940e-1);
  return (V)_mm512_maskz_scalef_ps(0xffff, (__m512)p, (__m512)limited);
}
