// SPDX-License-Identifier: MIT
// Products of bfloat16 and of bytes, and rounding: against single numbers, and bit by bit between instruction
// sets.
#include "lstmlib/backend/cpu/kernel_sets.hpp"

#include "settings.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

using namespace lstmlib;

namespace {

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

std::vector<float> numbers(std::mt19937& random, Index count) {
  std::vector<float> v(static_cast<std::size_t>(count));
  for (auto& x : v) x = std::uniform_real_distribution<float>(-1, 1)(random);
  return v;
}

/// A product of any shape: rows one after another or anywhere, an inner dimension in parts, a left matrix as
/// it is or transposed.
template <class Sum, class Packed>
struct Case {
  Index rows, depth, parts, lanes, width;
  int vectors;
  bool add, with_bias, transposed;
  std::vector<Index> left_rows, result_rows;  // empty: one after another
  std::vector<Packed> left, right;            // [rows][parts][depth] or transposed, [parts][depth][width]
  std::vector<Sum> bias, before;
  Index columns;

  explicit Case(std::mt19937& random) : lanes(cpu::kernel_table<float>().lanes) {
    const auto one_to = [&](Index max) { return std::uniform_int_distribution<Index>(1, max)(random); };
    rows = one_to(random() % 2 ? 20 : 70), depth = one_to(80), parts = one_to(3),
    vectors = static_cast<int>(one_to(cpu::panel_vectors)), add = random() % 2, with_bias = random() % 2,
    transposed = random() % 4 == 0;
    width = vectors * lanes;
    columns = random() % 2 ? width : width - one_to(lanes) + 1;
    for (auto* numbers : {&left_rows, &result_rows}) {
      if (random() % 2) continue;
      for (Index row = 0; row < rows; ++row) numbers->push_back(row);
      // Some stay neighbours.
      if (random() % 2) std::shuffle(numbers->begin(), numbers->end(), random);
      else std::swap(numbers->front(), numbers->back());
    }
    for (auto* operands : {&left, &right}) {
      operands->resize(static_cast<std::size_t>(parts * depth * (operands == &left ? rows : width)));
      for (auto& element : *operands) element = random_packed(random);
    }
    for (auto* sums : {&bias, &before}) {
      sums->resize(static_cast<std::size_t>(sums == &bias ? width : rows * width));
      for (auto& sum : *sums) sum = static_cast<Sum>(static_cast<int>(random() % 2000) - 1000) / 16;
    }
  }
  static Packed random_packed(std::mt19937& random) {
    if constexpr (std::is_same_v<Packed, cpu::Int8Quad>) return {static_cast<std::uint32_t>(random())};
    else {
      Packed pair{};
      const auto x = numbers(random, 2);
      cpu::bf16_kernel_table<float>().round_pairs(&x[0], &x[1], 1, &pair);
      return pair;
    }
  }
  std::vector<Sum> run() const {
    auto result = before;
    cpu::Product<Sum, Packed> p{};
    p.left = left.data(), p.left_row = transposed ? 1 : parts * depth, p.left_step = transposed ? rows : 1;
    p.left_part = depth * p.left_step, p.left_rows = left_rows.empty() ? nullptr : left_rows.data();
    p.right = right.data(), p.right_step = width;
    p.depth = depth, p.parts = parts;
    p.result = result.data(), p.result_row = width;
    p.result_rows = result_rows.empty() ? nullptr : result_rows.data();
    p.bias = with_bias ? bias.data() : nullptr;
    p.add = add, p.rows = rows, p.vectors = vectors, p.columns = columns;
    if constexpr (std::is_same_v<Packed, cpu::Int8Quad>) cpu::inference_kernel_table<float>().product_int8(p);
    else cpu::bf16_kernel_table<float>().product(p);
    return result;
  }
  /// Element (row of the product, column) by single numbers.
  double expected(Index row, Index column) const {
    const double old = static_cast<double>(before[at(place(row, column))]);
    if (column >= columns) return old;
    double sum = with_bias ? static_cast<double>(bias[at(column)]) : 0;
    const Index left_row = left_rows.empty() ? row : left_rows[at(row)];
    for (Index step = 0; step < parts * depth; ++step) {
      const std::uint32_t a = left[at(transposed ? step * rows + left_row : left_row * parts * depth + step)]
                                  .bits,
                          b = right[at(step * width + column)].bits;
      if constexpr (std::is_same_v<Packed, cpu::Int8Quad>)
        for (int i = 0; i < 32; i += 8)
          sum +=
              static_cast<std::uint8_t>(a >> i) * static_cast<std::int8_t>(static_cast<std::uint8_t>(b >> i));
      else
        for (int i = 0; i < 32; i += 16)
          sum += static_cast<double>(from_bf16(static_cast<std::uint16_t>(a >> i))) *
                 static_cast<double>(from_bf16(static_cast<std::uint16_t>(b >> i)));
    }
    return add ? old + sum : sum;
  }
  /// Where it stands.
  Index place(Index row, Index column) const {
    return (result_rows.empty() ? row : result_rows[at(row)]) * width + column;
  }
  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
};

template <class Sum, class Packed>
void check_products(double tolerance) {
  test::with_each_instruction_set([&] {
    std::mt19937 random(3);
    for (int i = 0; i < 200; ++i) {
      const Case<Sum, Packed> one(random);
      const auto result = one.run();
      double worst = 0;
      for (Index row = 0; row < one.rows; ++row)
        for (Index column = 0; column < one.width; ++column)
          worst = std::max(worst, std::fabs(static_cast<double>(result[one.at(one.place(row, column))]) -
                                            one.expected(row, column)));
      CHECK(worst <= tolerance);
    }
  });
}

}  // namespace

TEST_CASE("products of bfloat16 agree with single numbers") { check_products<float, cpu::Bf16Pair>(1e-4); }
TEST_CASE("products of bytes are exact") { check_products<std::int32_t, cpu::Int8Quad>(0); }

namespace {

/// Of 7 rows of 150 pairs and 16 columns of them.
struct SmallProduct {
  static constexpr Index rows = 7, depth = 150, columns = 16;  // columns: one to four vectors
  std::vector<cpu::Bf16Pair> left = std::vector<cpu::Bf16Pair>(rows * depth),
                             right = std::vector<cpu::Bf16Pair>(depth * columns);

  SmallProduct() {
    std::mt19937 random(11);
    for (auto* operands : {&left, &right})
      for (auto& element : *operands) element = Case<float, cpu::Bf16Pair>::random_packed(random);
  }
  /// In pieces of so many rows.
  std::vector<float> run(Index piece) const {
    std::vector<float> result(rows * columns);
    for (Index row = 0; row < rows; row += piece) {
      cpu::Product<float, cpu::Bf16Pair> p{};
      p.left = left.data() + row * depth, p.left_row = depth, p.left_step = 1;
      p.right = right.data(), p.right_step = columns, p.depth = depth;
      p.result = result.data() + row * columns, p.result_row = columns;
      p.rows = std::min(piece, rows - row);
      p.columns = columns, p.vectors = static_cast<int>(columns / cpu::kernel_table<float>().lanes);
      cpu::bf16_kernel_table<float>().product(p);
    }
    return result;
  }
  /// By the order in which AMX is said to sum: 150 pairs are ten tiles of 15.
  std::vector<float> in_tiles() const {
    std::vector<float> result(rows * columns);
    for (Index i = 0; i < rows * columns; ++i)
      for (Index tile = 0; tile < 10; ++tile) {
        float first = 0, second = 0;
        for (Index step = tile * 15; step < tile * 15 + 15; ++step) {
          const auto a = left[static_cast<std::size_t>(i / columns * depth + step)].bits,
                     b = right[static_cast<std::size_t>(step * columns + i % columns)].bits;
          first = std::fma(from_bf16(static_cast<std::uint16_t>(a)), from_bf16(static_cast<std::uint16_t>(b)),
                           first);
          second = std::fma(from_bf16(static_cast<std::uint16_t>(a >> 16)),
                            from_bf16(static_cast<std::uint16_t>(b >> 16)), second);
        }
        result[static_cast<std::size_t>(i)] += first + second;
      }
    return result;
  }
};

}  // namespace

TEST_CASE(
    "products of bfloat16 have the same bits by each instruction set but AMX, which has its own order") {
  const SmallProduct product;
  std::vector<float> first;
  test::with_each_instruction_set([&] {
    const auto result = product.run(SmallProduct::rows);
    if (first.empty()) first = result;
    CHECK(result == (cpu::instruction_set() == cpu::InstructionSet::amx ? product.in_tiles() : first));
    CHECK(product.run(1) == result);
    CHECK(product.run(3) == result);
  });
}

TEST_CASE("bfloat16 is the nearest, ties to even; infinities and not-a-numbers stay") {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto bits = [](std::uint32_t x) { return std::bit_cast<float>(x); };
  const std::vector<float> x = {1,
                                -2.5f,
                                bits(0x3f808000),
                                bits(0x3f818000),
                                bits(0x3f808001),
                                bits(0xbf807fff),
                                3e38f,
                                infinity,
                                -infinity,
                                bits(0x7f800001),
                                std::numeric_limits<float>::quiet_NaN(),
                                (std::numeric_limits<float>::max)(),
                                0,
                                -0.0f};
  const std::vector<std::uint16_t> expected = {0x3f80, 0xc020, 0x3f80, 0x3f82, 0x3f81, 0xbf80, 0x7f62,
                                               0x7f80, 0xff80, 0,      0,      0x7f80, 0,      0x8000};
  test::with_each_instruction_set([&] {
    std::mt19937 random(5);
    for (const Index padding : {0, 1, 5, 40}) {  // so that each value meets whole and part vectors
      auto all = numbers(random, padding);
      all.insert(all.end(), x.begin(), x.end());
      std::vector<std::uint16_t> rounded(all.size());
      std::vector<cpu::Bf16Pair> pairs(all.size()), alone(all.size());
      const auto& kernels = cpu::bf16_kernel_table<float>();
      kernels.round_to_bf16(all.data(), std::ssize(all), rounded.data());
      kernels.round_pairs(all.data(), all.data(), std::ssize(all), pairs.data());
      kernels.round_pairs(all.data(), nullptr, std::ssize(all), alone.data());
      for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(pairs[i].bits == rounded[i] * 0x10001u);
        CHECK(alone[i].bits == rounded[i]);
        if (i < static_cast<std::size_t>(padding))
          CHECK(std::fabs(from_bf16(rounded[i]) - all[i]) <= std::fabs(all[i]) / 256);
        else if (std::isnan(all[i])) CHECK(std::isnan(from_bf16(rounded[i])));
        else CHECK(rounded[i] == expected[i - static_cast<std::size_t>(padding)]);
      }
    }
  });
}
