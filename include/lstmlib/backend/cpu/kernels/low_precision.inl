// SPDX-License-Identifier: MIT
// Packed bfloat16 and bytes with instructions that every processor has. Products of two bfloat16 are
// exact in float32, and sums of bytes are exact. So all instruction sets give the same bits, except for
// subnormal numbers.

template <>
struct Arithmetic<Bf16Pair> {
  struct Left {
    float first, second;
  };
  struct Right {
    Lanes<float> first, second;
  };

  [[gnu::always_inline]] static Left left(Bf16Pair x) {
    return {__builtin_bit_cast(float, x.bits << 16), __builtin_bit_cast(float, x.bits & 0xffff0000u)};
  }
  [[gnu::always_inline]] static Right right(const Bf16Pair* from) {
    const Lanes<std::uint32_t> bits = load(&from->bits);
    return {(Lanes<float>)(bits << 16), (Lanes<float>)(bits & 0xffff0000u)};
  }
  // The second product first, in the order of the BF16 instructions.
  [[gnu::always_inline]] static Lanes<float> add(Lanes<float> sum, Left a, Right b) {
    sum = sum + a.second * b.second;
    return sum + a.first * b.first;
  }
};

template <>
struct Arithmetic<Int8Quad> {
  using Bits = Lanes<std::int32_t>;
  struct Left {
    std::int32_t even, odd;  // bytes 0 and 2, and bytes 1 and 3, as 16-bit halves
  };
  struct Right {
    Bits even, odd;
  };

  [[gnu::always_inline]] static Left left(Int8Quad x) {
    return {static_cast<std::int32_t>(x.bits & 0x00ff00ffu),
            static_cast<std::int32_t>((x.bits >> 8) & 0x00ff00ffu)};
  }
  [[gnu::always_inline]] static Right right(const Int8Quad* from) {
    const Halves bytes = (Halves)load(&from->bits);
    return {(Bits)((Halves)(bytes << 8) >> 8), (Bits)(bytes >> 8)};
  }
  [[gnu::always_inline]] static Bits add(Bits sum, Left a, Right b) {
    return sum + sum_of_half_products(a.even + Bits{}, b.even) + sum_of_half_products(a.odd + Bits{}, b.odd);
  }

 private:
  using Halves = Lanes<std::int16_t>;
};
