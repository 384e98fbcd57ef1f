// SPDX-License-Identifier: MIT
// Elementary functions of vectors, for all numbers: exp overflows to infinity, the logarithm of 0 is -infinity,
// and NaN stays NaN. Tests bound the error. Polynomials of Cephes [Moshier 1989].

template <class V>
struct Format;  // of the numbers in a vector
template <>
struct Format<Lanes<float>> {
  static constexpr int fraction_bits = 23, bias = 127;
  static constexpr std::int32_t fraction = 0x7fffff, one_half = 0x3f000000;
  static constexpr double shift = 12582912;  // 1.5 2^23, see nonlinear.inl
  static constexpr std::int32_t shift_bits = 0x4b400000;
  static constexpr double least_normal = 1.17549435e-38, to_normal = 33554432;  // 2^25
  static constexpr int to_normal_exponent = 25;
  static constexpr double log_of_least = -104, log_of_most = 89;
};
template <>
struct Format<Lanes<double>> {
  static constexpr int fraction_bits = 52, bias = 1023;
  static constexpr std::int64_t fraction = 0xfffffffffffff, one_half = 0x3fe0000000000000;
  static constexpr double shift = 6755399441055744;  // 1.5 2^52
  static constexpr std::int64_t shift_bits = 0x4338000000000000;
  static constexpr double least_normal = 2.2250738585072014e-308, to_normal = 18014398509481984;  // 2^54
  static constexpr int to_normal_exponent = 54;
  static constexpr double log_of_least = -746, log_of_most = 710;
};
template <class V>
using BitsOf = typename VectorTraits<V>::Bits;
// 2^n for whole n in the range of normal numbers.
template <class V>
[[gnu::always_inline]] inline V power_of_two(BitsOf<V> n) {
  return (V)((n + Format<V>::bias) << Format<V>::fraction_bits);
}
template <class V>
[[gnu::always_inline]] inline V infinity() {
  return splat<V>(__builtin_inf());
}

template <class V>
[[gnu::always_inline]] inline V absolute(V x) {
  using F = Format<V>;
  return (V)((BitsOf<V>)x & (((BitsOf<V>{} + (2 * F::bias + 1)) << F::fraction_bits) | F::fraction));
}

template <class V>
[[gnu::always_inline]] inline V exp_of(V x) {
  using F = Format<V>;
  // NaN passes: both functions return their first argument for it.
  const V limited = maximum(minimum(x, splat<V>(F::log_of_most)), splat<V>(F::log_of_least));
  V shifted;
  const V p = exp_fraction(limited, shifted);
  // 2^n itself may be out of range where the result is not: multiply by two factors.
  const BitsOf<V> n = (BitsOf<V>)shifted - F::shift_bits, half = n >> 1;
  return p * power_of_two<V>(half) * power_of_two<V>(n - half);
}

// log(1 + z) - z for 1 + z from sqrt(1/2) to sqrt(2), without the part of the exponent e.
[[gnu::always_inline]] inline Lanes<float> log_rest(Lanes<float> z, Lanes<float> e) {
  using V = Lanes<float>;
  const V square = z * z;
  V p = splat<V>(7.0376836292e-2);
  p = p * z + splat<V>(-1.1514610310e-1);
  p = p * z + splat<V>(1.1676998740e-1);
  p = p * z + splat<V>(-1.2420140846e-1);
  p = p * z + splat<V>(1.4249322787e-1);
  p = p * z + splat<V>(-1.6668057665e-1);
  p = p * z + splat<V>(2.0000714765e-1);
  p = p * z + splat<V>(-2.4999993993e-1);
  p = p * z + splat<V>(3.3333331174e-1);
  return p * square * z + e * splat<V>(-2.12194440e-4) - splat<V>(0.5) * square;
}
[[gnu::always_inline]] inline Lanes<double> log_rest(Lanes<double> z, Lanes<double> e) {
  using V = Lanes<double>;
  const V square = z * z;
  V p = splat<V>(1.01875663804580931796e-4);
  p = p * z + splat<V>(4.97494994976747001425e-1);
  p = p * z + splat<V>(4.70579119878881725854);
  p = p * z + splat<V>(1.44989225341610930846e1);
  p = p * z + splat<V>(1.79368678507819816313e1);
  p = p * z + splat<V>(7.70838733755885391666);
  V q = z + splat<V>(1.12873587189167450590e1);
  q = q * z + splat<V>(4.52279145837532221105e1);
  q = q * z + splat<V>(8.29875266912776603211e1);
  q = q * z + splat<V>(7.11544750618563894466e1);
  q = q * z + splat<V>(2.31251620126765340583e1);
  return z * (square * p / q) - e * splat<V>(2.121944400546905827679e-4) - splat<V>(0.5) * square;
}
template <class V>
[[gnu::always_inline]] inline V log_of(V x) {
  using F = Format<V>;
  const auto subnormal = x < splat<V>(F::least_normal);
  const V normal = subnormal ? x * splat<V>(F::to_normal) : x;
  const BitsOf<V> bits = (BitsOf<V>)normal;
  V fraction = (V)((bits & F::fraction) | F::one_half);  // 1/2 to 1
  // The exponent as a number: its bits are added to those of a number whose last place is 1.
  V e = (V)((bits >> F::fraction_bits) + (F::shift_bits - (F::bias - 1))) - splat<V>(F::shift);
  e = subnormal ? e - splat<V>(F::to_normal_exponent) : e;
  const auto below = fraction < splat<V>(0.70710678118654752440);
  e = below ? e - splat<V>(1) : e;
  fraction = below ? fraction + fraction : fraction;
  const V z = fraction - splat<V>(1);
  const V y = z + log_rest(z, e) + splat<V>(0.693359375) * e;
  const V above = ((x == infinity<V>()) | (x != x)) ? x : y;
  return x > V{} ? above : x == V{} ? -infinity<V>() : x < V{} ? splat<V>(__builtin_nan("")) : x;
}
// Adds what was lost when 1 + x was rounded.
template <class V>
[[gnu::always_inline]] inline V log1p_of(V x) {
  const V u = splat<V>(1) + x;
  const V y = log_of(u);
  const V corrected = y + (x - (u - splat<V>(1))) / u;
  return ((u > V{}) & (u < infinity<V>())) ? corrected : y;
}
// (u - 1) x / log(u), where u is exp(x) rounded: the errors of u cancel. [Kahan]
template <class V>
[[gnu::always_inline]] inline V expm1_of(V x) {
  const V u = exp_of(x), less = u - splat<V>(1);
  const V y = less * x / log_of(u);
  const V inside = less == splat<V>(-1) ? less : u < infinity<V>() ? y : u;
  return less == V{} ? x : inside;
}

// Functions without a vector form here: one element after the other.
[[gnu::always_inline]] inline float power_of(float x, float exponent) { return __builtin_powf(x, exponent); }
[[gnu::always_inline]] inline double power_of(double x, double exponent) {
  return __builtin_pow(x, exponent);
}
template <class V>
[[gnu::always_inline]] inline V power_of(V x, V exponent) {
  V y = x;
  for (int i = 0; i < vector_bytes / int{sizeof(x[0])}; ++i) y[i] = power_of(x[i], exponent[i]);
  return y;
}
[[gnu::always_inline]] inline float erf_of(float x) { return __builtin_erff(x); }
[[gnu::always_inline]] inline double erf_of(double x) { return __builtin_erf(x); }
[[gnu::always_inline]] inline float sine(float x) { return __builtin_sinf(x); }
[[gnu::always_inline]] inline double sine(double x) { return __builtin_sin(x); }
[[gnu::always_inline]] inline float cosine(float x) { return __builtin_cosf(x); }
[[gnu::always_inline]] inline double cosine(double x) { return __builtin_cos(x); }
template <class V>
[[gnu::always_inline]] inline V erf_of(V x) {
  for (int i = 0; i < vector_bytes / int{sizeof(x[0])}; ++i) x[i] = erf_of(x[i]);
  return x;
}
template <class V>
[[gnu::always_inline]] inline V sine(V x) {
  for (int i = 0; i < vector_bytes / int{sizeof(x[0])}; ++i) x[i] = sine(x[i]);
  return x;
}
template <class V>
[[gnu::always_inline]] inline V cosine(V x) {
  for (int i = 0; i < vector_bytes / int{sizeof(x[0])}; ++i) x[i] = cosine(x[i]);
  return x;
}
