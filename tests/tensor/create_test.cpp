// SPDX-License-Identifier: MIT
// New tensors: constants, ranges, random numbers; and reading one element.
#include "lstmlib/core.hpp"

#include "support.hpp"

#include <cmath>
#include <set>

using namespace lstmlib;

namespace {
template <Element T>
std::vector<T> numbers_of(const Tensor<T>& x) {
  return {x.values().begin(), x.values().end()};
}
}  // namespace

TEST_CASE("create: constants and ranges") {
  CHECK(numbers_of(full<float>({2}, 1.5F)) == std::vector<float>{1.5F, 1.5F});
  CHECK(numbers_of(ones<std::int64_t>({2})) == std::vector<std::int64_t>{1, 1});
  CHECK(numbers_of(eye<double>(2)) == std::vector<double>{1, 0, 0, 1});
  CHECK(numbers_of(arange<std::int32_t>(2, 9, 3)) == std::vector<std::int32_t>{2, 5, 8});
  CHECK(numbers_of(arange<double>(1, 0, -0.25)) == std::vector<double>{1, 0.75, 0.5, 0.25});
  CHECK(arange<float>(3, 3).size() == 0);
  CHECK(arange<float>(3, 2).size() == 0);
  CHECK_THROWS_AS((void)arange<float>(0, 1, 0), ValueError);
  CHECK_THROWS_AS((void)arange<double>(0, std::nan("")), ValueError);
  CHECK_THROWS_AS((void)eye<float>(-1), ShapeError);
}

TEST_CASE("create: random numbers depend on the seed and have the distribution") {
  set_seed(5);
  const auto first = random_normal<double>({20'000}, {.mean = 3, .deviation = 2});
  const auto uniform = random_uniform<float>({20'000}, 1, 2);
  const auto integers = random_integers<std::int64_t>({20'000}, -2, 3);
  const auto order = random_permutation(100);
  set_seed(5);
  CHECK(numbers_of(random_normal<double>({20'000}, {.mean = 3, .deviation = 2})) == numbers_of(first));
  CHECK(numbers_of(random_normal<double>({20'000}, {.mean = 3, .deviation = 2})) != numbers_of(first));

  const Variable<double> x(first);
  CHECK(ops::mean(x).item() == doctest::Approx(3).epsilon(0.02));
  CHECK(ops::standard_deviation(x).item() == doctest::Approx(2).epsilon(0.02));
  double mean = 0;
  for (const float u : uniform.values()) {
    CHECK_UNARY(u >= 1 && u < 2);
    mean += static_cast<double>(u) / 20'000;
  }
  CHECK(mean == doctest::Approx(1.5).epsilon(0.01));
  std::array<int, 5> counts{};
  for (const auto i : integers.values()) ++counts.at(static_cast<std::size_t>(i + 2));
  for (const int count : counts) CHECK(count == doctest::Approx(4000).epsilon(0.08));
  CHECK(std::set<std::int32_t>(order.values().begin(), order.values().end()).size() == 100);
  CHECK(numbers_of(order) != numbers_of(arange<std::int32_t>(0, 100)));

  CHECK_THROWS_AS((void)random_normal<float>({1}, {.deviation = -1}), ValueError);
  CHECK_THROWS_AS((void)random_normal<float>({1}, {.mean = std::nan("")}), ValueError);
  CHECK_THROWS_AS((void)random_uniform<float>({1}, 2, 1), ValueError);
  CHECK_THROWS_AS((void)random_integers<std::int32_t>({1}, 1, 1), ValueError);
  CHECK_THROWS_AS((void)random_permutation(-1), ValueError);
}

TEST_CASE("create: reading one element") {
  const auto x = Tensor<float>::from({1, 2, 3, 4, 5, 6}, {2, 3});
  CHECK(x.at(1, 0) == 4);
  CHECK(x.rows(1, 1).at(0, 2) == 6);
  CHECK(Variable<float>(x).at(0, 1) == 2);
  CHECK(full<double>({}, 7).at() == 7);
  CHECK_THROWS_WITH_AS((void)x.at(1, 3), "at: no element (1, 3) in shape [2, 3]", IndexError);
  CHECK_THROWS_AS((void)x.at(-1, 0), IndexError);
  CHECK_THROWS_AS((void)x.at(1), IndexError);
  CHECK_THROWS_AS((void)x.at(0, 0, 0), IndexError);
  CHECK_THROWS_AS((void)Tensor<float>().at(0), ShapeError);
}
