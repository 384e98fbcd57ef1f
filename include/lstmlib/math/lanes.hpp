// SPDX-License-Identifier: MIT
#pragma once
// A vector of numbers for the formulas of formula.hpp, in the extensions of g++ and clang. All functions are
// inlined, so they become instructions of the set that their caller is compiled for.

#include "lstmlib/math/formula.hpp"

#include <cstdint>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI::formula {

/// `bytes` / sizeof(T) numbers. The copy constructor is written out, so that functions return vectors by
/// memory whatever instruction set they are compiled for; inlining removes the memory.
template <std::floating_point T, int bytes>
class Lanes {
 public:
  using Element = T;
  using Integer = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
  typedef T Raw __attribute__((vector_size(bytes)));
  typedef Integer Bits __attribute__((vector_size(bytes)));
  static constexpr int count = bytes / int{sizeof(T)};

  /// Which of the numbers a condition holds for.
  struct Mask {
    Bits bits;
    [[gnu::always_inline]] explicit Mask(const Bits& b) : bits(b) {}
    [[gnu::always_inline]] Mask(const Mask& other) : bits(other.bits) {}
    [[gnu::always_inline]] friend Mask operator&(const Mask& a, const Mask& b) {
      return Mask(a.bits & b.bits);
    }
    [[gnu::always_inline]] friend Mask operator|(const Mask& a, const Mask& b) {
      return Mask(a.bits | b.bits);
    }
  };

  [[gnu::always_inline]] Lanes() : raw{} {}
  [[gnu::always_inline]] Lanes(const Lanes& other) : raw(other.raw) {}
  [[gnu::always_inline]] explicit Lanes(const Raw& x) : raw(x) {}
  /// All equal.
  template <class Number>
  requires std::is_arithmetic_v<Number>
  [[gnu::always_inline]] Lanes(Number x) : raw(static_cast<T>(x) - Raw{}) {}  // minus: plus turns -0 into 0
  [[gnu::always_inline]] Lanes& operator=(const Lanes& other) {
    raw = other.raw;
    return *this;
  }

  [[gnu::always_inline]] static Lanes load(const T* from) {
    const Raw x = *reinterpret_cast<const InMemory*>(from);
    return Lanes(x);
  }
  [[gnu::always_inline]] void store(T* to) const { *reinterpret_cast<InMemory*>(to) = raw; }

  [[gnu::always_inline]] friend Lanes operator+(const Lanes& a, const Lanes& b) {
    return Lanes(a.raw + b.raw);
  }
  [[gnu::always_inline]] friend Lanes operator-(const Lanes& a, const Lanes& b) {
    return Lanes(a.raw - b.raw);
  }
  [[gnu::always_inline]] friend Lanes operator*(const Lanes& a, const Lanes& b) {
    return Lanes(a.raw * b.raw);
  }
  [[gnu::always_inline]] friend Lanes operator/(const Lanes& a, const Lanes& b) {
    return Lanes(a.raw / b.raw);
  }
  [[gnu::always_inline]] friend Lanes operator-(const Lanes& a) { return Lanes(-a.raw); }
  [[gnu::always_inline]] Lanes& operator+=(const Lanes& b) { return *this = *this + b; }
  [[gnu::always_inline]] Lanes& operator-=(const Lanes& b) { return *this = *this - b; }
  [[gnu::always_inline]] Lanes& operator*=(const Lanes& b) { return *this = *this * b; }
  [[gnu::always_inline]] Lanes& operator/=(const Lanes& b) { return *this = *this / b; }
  [[gnu::always_inline]] friend Mask operator<(const Lanes& a, const Lanes& b) { return Mask(a.raw < b.raw); }
  [[gnu::always_inline]] friend Mask operator>(const Lanes& a, const Lanes& b) { return Mask(a.raw > b.raw); }
  [[gnu::always_inline]] friend Mask operator<=(const Lanes& a, const Lanes& b) {
    return Mask(a.raw <= b.raw);
  }
  [[gnu::always_inline]] friend Mask operator>=(const Lanes& a, const Lanes& b) {
    return Mask(a.raw >= b.raw);
  }

  [[gnu::always_inline]] friend Lanes where(const Mask& condition, const Lanes& yes, const Lanes& no) {
    return Lanes(condition.bits ? yes.raw : no.raw);
  }
  // If a number is NaN, these return the first argument.
  [[gnu::always_inline]] friend Lanes minimum(const Lanes& a, const Lanes& b) {
    return Lanes(b.raw < a.raw ? b.raw : a.raw);
  }
  [[gnu::always_inline]] friend Lanes maximum(const Lanes& a, const Lanes& b) {
    return Lanes(a.raw < b.raw ? b.raw : a.raw);
  }
  [[gnu::always_inline]] friend Lanes abs(const Lanes& x) { return maximum(x, -x); }

  [[gnu::always_inline]] friend Lanes exp(const Lanes& x) {
    // The ends of the range: beyond them, the result is 0 or infinite.
    const Lanes limited = minimum(maximum(x, Lanes(-largest)), Lanes(largest));
    Bits power;
    const Lanes rest = of_rest(limited, power);
    const Bits half = power >> 1;  // in two parts: a whole one may have no exponent
    return rest * two_to(half) * two_to(power - half);
  }
  [[gnu::always_inline]] friend Lanes sigmoid(const Lanes& x) {
    return Lanes(1) / (Lanes(1) + bounded_exp(-x));
  }
  [[gnu::always_inline]] friend Lanes tanh(const Lanes& x) {
    const Lanes size = abs(x), outer = Lanes(1) - Lanes(2) / (Lanes(1) + bounded_exp(size + size));
    return where(size < Lanes(0.625), inner_tanh(x), where(x < Lanes(0), -outer, outer));
  }
  /// Of numbers above 0; 0 gives -infinity, and negative numbers NaN.
  [[gnu::always_inline]] friend Lanes log(const Lanes& x) {
    constexpr int digits = sizeof(T) == 4 ? 23 : 52, bias = sizeof(T) == 4 ? 127 : 1023;
    constexpr T tiny = sizeof(T) == 4 ? T(1.17549435e-38) : T(2.2250738585072014e-308),
                inf = T(__builtin_inf());
    const Mask subnormal = x < Lanes(tiny);
    const Lanes scaled = where(subnormal, x * Lanes(T(Integer{1} << digits)), x);
    // x = 2^e m, m from sqrt(1/2) to sqrt(2); log m = 2 artanh((m - 1) / (m + 1))
    const Bits bits = (Bits)scaled.raw;
    Bits e = ((bits >> digits) & (2 * bias + 1)) - bias;
    Lanes m = Lanes((Raw)((bits & ((Integer{1} << digits) - 1)) | (Integer{bias} << digits)));
    const Mask high = m > Lanes(1.41421356237309505);
    m = where(high, m * Lanes(0.5), m);
    e = e - high.bits + (subnormal.bits & -Integer{digits});
    const Lanes s = (m - Lanes(1)) / (m + Lanes(1)), square = s * s;
    constexpr int terms = sizeof(T) == 4 ? 5 : 11;
    Lanes sum(1.0 / (2 * terms + 1));
#pragma GCC unroll 11
    for (int k = terms - 1; k >= 0; --k) sum = sum * square + Lanes(1.0 / (2 * k + 1));
    const Lanes exponent(__builtin_convertvector(e, Raw));
    const Lanes result = exponent * Lanes(ln2_high) + (Lanes(2) * s * sum + exponent * Lanes(ln2_low));
    return where(x > Lanes(0), where(x < Lanes(inf), result, x),
                 where(x < Lanes(0), Lanes(T(__builtin_nan(""))), where(x >= Lanes(0), Lanes(-inf), x)));
  }
  [[gnu::always_inline]] friend Lanes sqrt(const Lanes& x) {
    Lanes y;
#pragma GCC unroll 16
    for (int i = 0; i < count; ++i)
      y.raw[i] = sizeof(T) == 4 ? __builtin_sqrtf(float(x.raw[i])) : T(__builtin_sqrt(x.raw[i]));
    return y;
  }

 private:
  typedef T InMemory __attribute__((vector_size(bytes), aligned(alignof(T)), may_alias));
  static constexpr T largest = sizeof(T) == 4 ? T(105) : T(746), bounded = sizeof(T) == 4 ? T(87) : T(700);
  // ln 2 in two parts, the first with zeros at its end.
  static constexpr double ln2_high = sizeof(T) == 4 ? 0.693359375 : 6.93145751953125e-1,
                          ln2_low = sizeof(T) == 4 ? -2.12194440e-4 : 1.42860682030941723212e-6;

  [[gnu::always_inline]] static Lanes two_to(const Bits& power) {
    return Lanes((Raw)((power + (sizeof(T) == 4 ? 127 : 1023)) << (sizeof(T) == 4 ? 23 : 52)));
  }
  /// e^x / 2^power. Polynomials and quotients of Cephes [Moshier 1989].
  [[gnu::always_inline]] static Lanes of_rest(const Lanes& x, Bits& power) {
    const Lanes scaled = x * Lanes(1.44269504088896340736);
    const Lanes half = where(scaled < Lanes(0), Lanes(-0.5), Lanes(0.5));
    power = __builtin_convertvector(scaled.raw + half.raw, Bits);
    const Lanes n(__builtin_convertvector(power, Raw));
    const Lanes r = x - n * Lanes(ln2_high) - n * Lanes(ln2_low), square = r * r;
    if constexpr (sizeof(T) == 4) {
      Lanes p = Lanes(1.9875691500e-4) * r + Lanes(1.3981999507e-3);
      p = p * r + Lanes(8.3334519073e-3);
      p = p * r + Lanes(4.1665795894e-2);
      p = p * r + Lanes(1.6666665459e-1);
      p = p * r + Lanes(5.0000001201e-1);
      return p * square + (r + Lanes(1));
    } else {
      const Lanes odd =
          r * ((Lanes(1.26177193074810590878e-4) * square + Lanes(3.02994407707441961300e-2)) * square +
               Lanes(9.99999999999999999910e-1));
      const Lanes even =
          ((Lanes(3.00198505138664455042e-6) * square + Lanes(2.52448340349684104192e-3)) * square +
           Lanes(2.27265548208155028766e-1)) *
              square +
          Lanes(2.00000000000000000005);
      return Lanes(1) + Lanes(2) * odd / (even - odd);
    }
  }
  /// e^x of x limited to where neither it nor its reciprocal overflows.
  [[gnu::always_inline]] static Lanes bounded_exp(const Lanes& x) {
    Bits power;
    const Lanes rest = of_rest(minimum(maximum(x, Lanes(-bounded)), Lanes(bounded)), power);
    return rest * two_to(power);
  }
  /// tanh x for |x| < 0.625, where the quotient of exponentials would lose digits.
  [[gnu::always_inline]] static Lanes inner_tanh(const Lanes& x) {
    const Lanes z = x * x;
    if constexpr (sizeof(T) == 4) {
      Lanes p = Lanes(-5.70498872745e-3) * z + Lanes(2.06390887954e-2);
      p = p * z + Lanes(-5.37397155531e-2);
      p = p * z + Lanes(1.33314422036e-1);
      p = p * z + Lanes(-3.33332819422e-1);
      return p * z * x + x;
    } else {
      const Lanes p = (Lanes(-9.64399179425052238628e-1) * z + Lanes(-9.92877231001918586564e1)) * z +
                      Lanes(-1.61468768441708447952e3);
      const Lanes q = ((z + Lanes(1.12811678491632931402e2)) * z + Lanes(2.23548839060100448583e3)) * z +
                      Lanes(4.84406305325125486048e3);
      return p / q * z * x + x;
    }
  }

  Raw raw;
};

// For calls by a qualified name, as formula::tanh(x), which find no friends.
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> exp(const Lanes<T, bytes>& x) {
  return exp(x);
}
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> log(const Lanes<T, bytes>& x) {
  return log(x);
}
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> sqrt(const Lanes<T, bytes>& x) {
  return sqrt(x);
}
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> abs(const Lanes<T, bytes>& x) {
  return abs(x);
}
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> tanh(const Lanes<T, bytes>& x) {
  return tanh(x);
}
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> sigmoid(const Lanes<T, bytes>& x) {
  return sigmoid(x);
}
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> minimum(const Lanes<T, bytes>& a,
                                                      const std::type_identity_t<Lanes<T, bytes>>& b) {
  return minimum(a, b);
}
template <class T, int bytes>
[[gnu::always_inline]] inline Lanes<T, bytes> maximum(const Lanes<T, bytes>& a,
                                                      const std::type_identity_t<Lanes<T, bytes>>& b) {
  return maximum(a, b);
}

}  // namespace lstmlib::formula
