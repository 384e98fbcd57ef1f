// SPDX-License-Identifier: MIT
#pragma once
// Stands for the compiler's header where the kernels of AVX-512 are run on a machine that has none: what each
// intrinsic that they use does, in plain loops over a vector's elements. Whatever is not here is not used, or
// does not compile.

#pragma GCC system_header  // it goes on to the real one, and takes some of its macros' place
#include_next <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace lstmlib_model {

template <class T, class Vector>
inline constexpr int count = sizeof(Vector) / sizeof(T);

/// A vector whose element i is use(i).
template <class T, class Vector, class Use>
inline Vector make(Use use) {
  T elements[count<T, Vector>];
  for (int i = 0; i < count<T, Vector>; ++i) elements[i] = use(i);
  Vector made;
  std::memcpy(&made, elements, sizeof made);
  return made;
}
template <class T, class Vector>
struct Elements {
  T at[count<T, Vector>];
  explicit Elements(Vector x) { std::memcpy(at, &x, sizeof x); }
  T operator[](int i) const { return at[i]; }
};

/// Reads only the elements whose bit is set, the others are zeros.
template <class T, class Vector>
inline Vector load(std::uint64_t mask, const void* from) {
  return make<T, Vector>([&](int i) {
    T x{};
    if (mask >> i & 1) std::memcpy(&x, static_cast<const char*>(from) + i * sizeof(T), sizeof x);
    return x;
  });
}
template <class T, class Vector>
inline void store(void* to, std::uint64_t mask, Vector x) {
  const Elements<T, Vector> elements(x);
  for (int i = 0; i < count<T, Vector>; ++i)
    if (mask >> i & 1) std::memcpy(static_cast<char*>(to) + i * sizeof(T), &elements.at[i], sizeof(T));
}
template <class T, class Vector, class Use>
inline Vector each(std::uint64_t mask, Vector a, Vector b, Use use) {
  const Elements<T, Vector> x(a), y(b);
  return make<T, Vector>([&](int i) { return mask >> i & 1 ? static_cast<T>(use(x[i], y[i])) : T{}; });
}

inline float without_subnormal(float x) {
  return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x;
}
/// The instructions of AVX512_BF16 count subnormal numbers as zeros, and round to the nearest even.
inline std::uint16_t to_bf16(float x) {
  std::uint32_t bits;
  const float whole = without_subnormal(x);
  std::memcpy(&bits, &whole, sizeof bits);
  if (std::isnan(x)) return static_cast<std::uint16_t>(bits >> 16 | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}
inline float from_bf16(std::uint16_t half) {
  const std::uint32_t bits = std::uint32_t{half} << 16;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return without_subnormal(x);
}
/// sum + a b, rounded once; subnormal results are zeros.
inline float add_product(float sum, float a, float b) {
  return without_subnormal(std::fma(a, b, without_subnormal(sum)));
}

inline __m512 dpbf16(__m512 sum, __m512bh a, __m512bh b) {
  const Elements<float, __m512> before(sum);
  const Elements<std::uint16_t, __m512bh> x(a), y(b);
  return make<float, __m512>([&](int i) {
    const float odd = add_product(before[i], from_bf16(x[2 * i + 1]), from_bf16(y[2 * i + 1]));
    return add_product(odd, from_bf16(x[2 * i]), from_bf16(y[2 * i]));
  });
}
/// Of the left operand bytes without a sign, of the right one with.
inline __m512i dpbusd(__m512i sum, __m512i a, __m512i b) {
  const Elements<std::int32_t, __m512i> before(sum);
  const Elements<std::uint8_t, __m512i> x(a);
  const Elements<std::int8_t, __m512i> y(b);
  return make<std::int32_t, __m512i>([&](int i) {
    std::int32_t all = before[i];
    for (int k = 4 * i; k < 4 * i + 4; ++k) all += std::int32_t{x[k]} * std::int32_t{y[k]};
    return all;
  });
}
inline __m256i cvtneps(__m512 x) {
  const Elements<float, __m512> from(x);
  return make<std::uint16_t, __m256i>([&](int i) { return to_bf16(from[i]); });
}
inline __m512i cvtne2ps(__m512 upper, __m512 lower) {
  const Elements<float, __m512> first(lower), second(upper);
  return make<std::uint16_t, __m512i>([&](int i) { return to_bf16(i < 16 ? first[i] : second[i - 16]); });
}
inline __m512i permute(std::uint64_t mask, __m512i order, __m512i x) {
  const Elements<std::uint16_t, __m512i> places(order), from(x);
  return make<std::uint16_t, __m512i>(
      [&](int i) { return mask >> i & 1 ? from[places[i] & 31] : std::uint16_t{0}; });
}
inline __m512i madd(std::uint64_t mask, __m512i a, __m512i b) {
  const Elements<std::int16_t, __m512i> x(a), y(b);
  return make<std::int32_t, __m512i>([&](int i) {
    return mask >> i & 1 ? x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1] : 0;
  });
}
inline __m512i mul_low(std::uint64_t mask, __m512i a, __m512i b) {
  return each<std::uint64_t>(mask, a, b, [](std::uint64_t x, std::uint64_t y) {
    return (x & 0xFFFFFFFF) * (y & 0xFFFFFFFF);
  });
}
/// The second operand where one of them is not a number, or both are zeros.
template <class T, class Vector>
inline Vector least(std::uint64_t mask, Vector a, Vector b) {
  return each<T>(mask, a, b, [](T x, T y) { return x < y ? x : y; });
}
template <class T, class Vector>
inline Vector most(std::uint64_t mask, Vector a, Vector b) {
  return each<T>(mask, a, b, [](T x, T y) { return x > y ? x : y; });
}
template <class T, class Vector>
inline Vector root(std::uint64_t mask, Vector a) {
  return each<T>(mask, a, a, [](T x, T) { return std::sqrt(x); });
}
/// Wrong by nearly the 2^-14 that the processor may be wrong by.
inline __m512 rcp14(std::uint64_t mask, __m512 a) {
  return each<float>(mask, a, a, [](float x, float) {
    const float exact = 1 / x;
    return std::isfinite(exact) ? exact * (1 - 0.9f / 16384) : exact;
  });
}
/// Control 9: what is above the next lower whole number.
inline __m512 reduce(std::uint64_t mask, __m512 a, int control) {
  if (control != 9) __builtin_trap();
  return each<float>(mask, a, a, [](float x, float) { return std::isinf(x) ? 0.0f : x - std::floor(x); });
}
inline __m512 scalef(std::uint64_t mask, __m512 a, __m512 b) {
  return each<float>(mask, a, b, [](float x, float power) {
    if (std::isnan(power)) return power;
    const float whole = std::fmax(std::fmin(std::floor(power), 2000.0f), -2000.0f);
    return static_cast<float>(std::ldexp(static_cast<double>(x), static_cast<int>(whole)));
  });
}

}  // namespace lstmlib_model

#undef _mm512_maskz_reduce_ps
#define _mm512_maskz_loadu_ps(mask, from) ::lstmlib_model::load<float, __m512>(mask, from)
#define _mm512_maskz_loadu_pd(mask, from) ::lstmlib_model::load<double, __m512d>(mask, from)
#define _mm512_maskz_loadu_epi32(mask, from) ::lstmlib_model::load<std::int32_t, __m512i>(mask, from)
#define _mm512_load_si512(from) ::lstmlib_model::load<std::int32_t, __m512i>(0xFFFF, from)
#define _mm512_mask_storeu_ps(to, mask, x) ::lstmlib_model::store<float, __m512>(to, mask, x)
#define _mm512_mask_storeu_pd(to, mask, x) ::lstmlib_model::store<double, __m512d>(to, mask, x)
#define _mm512_mask_storeu_epi16(to, mask, x) ::lstmlib_model::store<std::int16_t, __m512i>(to, mask, x)
#define _mm512_mask_storeu_epi32(to, mask, x) ::lstmlib_model::store<std::int32_t, __m512i>(to, mask, x)
#define _mm512_storeu_si512(to, x) ::lstmlib_model::store<std::int32_t, __m512i>(to, 0xFFFF, x)
#define _mm512_dpbf16_ps(sum, a, b) ::lstmlib_model::dpbf16(sum, a, b)
#define _mm512_dpbusd_epi32(sum, a, b) ::lstmlib_model::dpbusd(sum, a, b)
#define _mm512_cvtneps_pbh(x) ::lstmlib_model::cvtneps(x)
#define _mm512_cvtne2ps_pbh(upper, lower) ::lstmlib_model::cvtne2ps(upper, lower)
#define _mm512_maskz_permutexvar_epi16(mask, order, x) ::lstmlib_model::permute(mask, order, x)
#define _mm512_maskz_madd_epi16(mask, a, b) ::lstmlib_model::madd(mask, a, b)
#define _mm512_maskz_mul_epu32(mask, a, b) ::lstmlib_model::mul_low(mask, a, b)
#define _mm512_maskz_min_ps(mask, a, b) ::lstmlib_model::least<float>(mask, a, b)
#define _mm512_maskz_min_pd(mask, a, b) ::lstmlib_model::least<double>(mask, a, b)
#define _mm512_maskz_max_ps(mask, a, b) ::lstmlib_model::most<float>(mask, a, b)
#define _mm512_maskz_max_pd(mask, a, b) ::lstmlib_model::most<double>(mask, a, b)
#define _mm512_maskz_sqrt_ps(mask, x) ::lstmlib_model::root<float>(mask, x)
#define _mm512_maskz_sqrt_pd(mask, x) ::lstmlib_model::root<double>(mask, x)
#define _mm512_maskz_rcp14_ps(mask, x) ::lstmlib_model::rcp14(mask, x)
#define _mm512_maskz_reduce_ps(mask, x, control) ::lstmlib_model::reduce(mask, x, control)
#define _mm512_maskz_scalef_ps(mask, x, power) ::lstmlib_model::scalef(mask, x, power)
