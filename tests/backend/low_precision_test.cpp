// SPDX-License-Identifier: MIT
// Products of bfloat16 and of bytes, and rounding: against single numbers, and bit by bit between instruction
// sets.
#include "lstmlib/backend/cpu/kernel_sets.hpp"

#include "settings.hpp"

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

template <class Sum, class Unit>
struct Case {
  Index rows, steps, lanes;
  int vectors;
  bool add;
  std::vector<Unit> left, right;  // [rows][steps], [steps][vectors lanes]
  std::vector<Sum> start, before;
  Index columns;

  explicit Case(std::mt19937& random) : lanes(cpu::kernel_table<float>().lanes) {
    const auto one_to = [&](Index most) { return std::uniform_int_distribution<Index>(1, most)(random); };
    rows = one_to(20), steps = one_to(80), vectors = static_cast<int>(one_to(cpu::panel_vectors)),
    add = random() % 2;
    const Index width = vectors * lanes;
    columns = random() % 2 ? width : width - one_to(lanes) + 1;
    for (auto* units : {&left, &right}) {
      units->resize(static_cast<std::size_t>(steps * (units == &left ? rows : width)));
      for (auto& unit : *units) unit = random_unit(random);
    }
    for (auto* sums : {&start, &before}) {
      sums->resize(static_cast<std::size_t>(sums == &start ? width : rows * width));
      for (auto& sum : *sums) sum = static_cast<Sum>(static_cast<int>(random() % 2000) - 1000) / 16;
    }
  }
  static Unit random_unit(std::mt19937& random) {
    if constexpr (std::is_same_v<Unit, cpu::Int8Quad>) return {static_cast<std::uint32_t>(random())};
    else {
      Unit pair{};
      const auto x = numbers(random, 2);
      cpu::float_kernel_table().round_pairs(&x[0], &x[1], 1, &pair);
      return pair;
    }
  }
  std::vector<Sum> run() const {
    auto result = before;
    cpu::Product<Sum, Unit> p{};
    p.left = left.data(), p.left_row = steps, p.left_step = 1;
    p.right = right.data(), p.right_step = vectors * lanes;
    p.steps = steps;
    p.result = result.data(), p.result_row = vectors * lanes;
    p.start = start.data(), p.add = add, p.rows = rows, p.vectors = vectors, p.columns = columns;
    if constexpr (std::is_same_v<Unit, cpu::Int8Quad>) cpu::float_kernel_table().product_int8(p);
    else cpu::float_kernel_table().product_bf16(p);
    return result;
  }
  /// Element (row, column) by single numbers.
  double expected(Index row, Index column) const {
    const auto at = [](Index i) { return static_cast<std::size_t>(i); };
    const double old = static_cast<double>(before[at(row * vectors * lanes + column)]);
    if (column >= columns) return old;
    double sum = static_cast<double>(start[at(column)]);
    for (Index step = 0; step < steps; ++step) {
      const std::uint32_t a = left[at(row * steps + step)].bits,
                          b = right[at(step * vectors * lanes + column)].bits;
      if constexpr (std::is_same_v<Unit, cpu::Int8Quad>)
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
};

template <class Sum, class Unit>
void check_products(double tolerance) {
  test::with_each_instruction_set([&] {
    std::mt19937 random(3);
    for (int i = 0; i < 60; ++i) {
      const Case<Sum, Unit> one(random);
      const auto result = one.run();
      double worst = 0;
      for (Index row = 0; row < one.rows; ++row)
        for (Index column = 0; column < one.vectors * one.lanes; ++column)
          worst = std::max(
              worst, std::fabs(static_cast<double>(
                                   result[static_cast<std::size_t>(row * one.vectors * one.lanes + column)]) -
                               one.expected(row, column)));
      CHECK(worst <= tolerance);
    }
  });
}

}  // namespace

TEST_CASE("products of bfloat16 agree with single numbers") { check_products<float, cpu::Bf16Pair>(1e-4); }
TEST_CASE("products of bytes are exact") { check_products<std::int32_t, cpu::Int8Quad>(0); }

TEST_CASE("products of bfloat16 have the same bits by each instruction set") {
  // One row of 16 columns is one to four vectors.
  std::mt19937 random(11);
  const Index rows = 7, steps = 150, columns = 16;
  std::vector<cpu::Bf16Pair> left(static_cast<std::size_t>(rows * steps)),
      right(static_cast<std::size_t>(steps * columns));
  for (auto* units : {&left, &right})
    for (auto& unit : *units) unit = Case<float, cpu::Bf16Pair>::random_unit(random);
  std::vector<float> first;
  test::with_each_instruction_set([&] {
    const Index lanes = cpu::kernel_table<float>().lanes;
    std::vector<float> result(static_cast<std::size_t>(rows * columns));
    cpu::Product<float, cpu::Bf16Pair> p{};
    p.left = left.data(), p.left_row = steps, p.left_step = 1;
    p.right = right.data(), p.right_step = columns, p.steps = steps;
    p.result = result.data(), p.result_row = columns;
    p.rows = rows, p.vectors = static_cast<int>(columns / lanes), p.columns = columns;
    cpu::float_kernel_table().product_bf16(p);
    if (first.empty()) first = result;
    CHECK(result == first);
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
      const auto& kernels = cpu::float_kernel_table();
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
