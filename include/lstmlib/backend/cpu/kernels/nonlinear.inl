// SPDX-License-Identifier: MIT
// exp, sigmoid and tanh of vectors. Tests bound the error for float and double: below 4 ulp for sigmoid,
// below 2 ulp for tanh. Polynomials and rational functions of Cephes [Moshier 1989].

// e^x is 2^n times the result. `shifted` gets the whole number n in its low bits.
[[gnu::always_inline]] inline Lanes<float> exp_fraction(Lanes<float> x, Lanes<float>& shifted) {
  using V = Lanes<float>;
  const V shift = splat<V>(12582912);  // 1.5 2^23: adding it rounds to a whole number in the low bits
  shifted = x * splat<V>(1.44269504088896341) + shift;
  const V n = shifted - shift;
  V r = x - n * splat<V>(0.693359375);
  r = r + n * splat<V>(2.12194440e-4);
  V p = splat<V>(1.9875691500e-4);
  p = p * r + splat<V>(1.3981999507e-3);
  p = p * r + splat<V>(8.3334519073e-3);
  p = p * r + splat<V>(4.1665795894e-2);
  p = p * r + splat<V>(1.6666665459e-1);
  p = p * r + splat<V>(5.0000001201e-1);
  return p * (r * r) + (r + splat<V>(1));
}
[[gnu::always_inline]] inline Lanes<double> exp_fraction(Lanes<double> x, Lanes<double>& shifted) {
  using V = Lanes<double>;
  const V shift = splat<V>(6755399441055744);  // 1.5 2^52
  shifted = x * splat<V>(1.4426950408889634073599) + shift;
  const V n = shifted - shift;
  V r = x - n * splat<V>(6.93145751953125e-1);
  r = r - n * splat<V>(1.42860682030941723212e-6);
  const V square = r * r;
  const V odd =
      r * ((splat<V>(1.26177193074810590878e-4) * square + splat<V>(3.02994407707441961300e-2)) * square +
           splat<V>(9.99999999999999999910e-1));
  const V even =
      ((splat<V>(3.00198505138664455042e-6) * square + splat<V>(2.52448340349684104192e-3)) * square +
       splat<V>(2.27265548208155028766e-1)) *
          square +
      splat<V>(2.00000000000000000005);
  return splat<V>(1) + splat<V>(2) * odd / (even - odd);
}

// e^x. The caller limits |x| to 87 (float) or 700 (double), so nothing overflows.
[[gnu::always_inline]] inline Lanes<float> exponential(Lanes<float> x) {
  Lanes<float> shifted;
  const Lanes<float> p = exp_fraction(x, shifted);
  return p * (Lanes<float>)(((Lanes<std::int32_t>)shifted + 127) << 23);
}
[[gnu::always_inline]] inline Lanes<double> exponential(Lanes<double> x) {
  Lanes<double> shifted;
  const Lanes<double> p = exp_fraction(x, shifted);
  return p * (Lanes<double>)(((Lanes<std::int64_t>)shifted + 1023) << 52);
}

template <class V>
inline constexpr double largest_exponent = 87;
template <>
inline constexpr double largest_exponent<Lanes<double>> = 700;

template <class V>
[[gnu::always_inline]] inline V sigmoid(V x) {
  const V limited = maximum(minimum(x, splat<V>(largest_exponent<V>)), splat<V>(-largest_exponent<V>));
  return reciprocal(splat<V>(1) + exponential(-limited));
}

// x + x^3 P(x^2) for |x| < 0.625, where the quotient of exponentials would lose digits.
[[gnu::always_inline]] inline Lanes<float> small_tanh(Lanes<float> x) {
  using V = Lanes<float>;
  const V z = x * x;
  V p = splat<V>(-5.70498872745e-3);
  p = p * z + splat<V>(2.06390887954e-2);
  p = p * z + splat<V>(-5.37397155531e-2);
  p = p * z + splat<V>(1.33314422036e-1);
  p = p * z + splat<V>(-3.33332819422e-1);
  return p * z * x + x;
}
[[gnu::always_inline]] inline Lanes<double> small_tanh(Lanes<double> x) {
  using V = Lanes<double>;
  const V z = x * x;
  const V p = (splat<V>(-9.64399179425052238628e-1) * z + splat<V>(-9.92877231001918586564e1)) * z +
              splat<V>(-1.61468768441708447952e3);
  const V q = ((z + splat<V>(1.12811678491632931402e2)) * z + splat<V>(2.23548839060100448583e3)) * z +
              splat<V>(4.84406305325125486048e3);
  return p / q * z * x + x;
}

template <class V>
[[gnu::always_inline]] inline V hyperbolic_tangent(V x) {
  const V limited =
      maximum(minimum(x, splat<V>(20)), splat<V>(-20));  // beyond these the result rounds to 1 or -1
  const V magnitude = maximum(limited, -limited);
  const V large = splat<V>(1) - splat<V>(2) * reciprocal(splat<V>(1) + exponential(magnitude + magnitude));
  return magnitude < splat<V>(0.625) ? small_tanh(x) : limited < V{} ? -large : large;
}
