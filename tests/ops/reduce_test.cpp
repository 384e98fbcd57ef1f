// SPDX-License-Identifier: MIT
#include "lstmlib/ops/reduce.hpp"

#include "backend/settings.hpp"

#include <cmath>
#include <vector>

using namespace lstmlib;

TEST_CASE("ops: sums of short and long lines equal those of double precision, for any number of threads") {
  const test::KeepThreads keep;
  for (const Index size : {1, 7, 63, 64, 65, 1000, 16384, 40001}) {
    CAPTURE(size);
    const Index lines = 3;
    std::vector<float> values(static_cast<std::size_t>(lines * size));
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1 + static_cast<float>(i % 97) / 97;
    const Variable<float> x(Tensor<float>::from(values, {lines, size}), true);
    cpu::set_threads(1);
    const auto alone = ops::sum(x, 1), all = ops::sum(x), mean = ops::mean(x, 1);
    cpu::set_threads(3);
    const auto together = ops::sum(x, 1);
    double total = 0;
    for (Index line = 0; line < lines; ++line) {
      double expected = 0;
      for (Index i = 0; i < size; ++i) expected += values[static_cast<std::size_t>(line * size + i)];
      total += expected;
      const auto at = static_cast<std::size_t>(line);
      CHECK(std::abs(alone.value().values()[at] - expected) <= 3e-7 * expected);
      CHECK(together.value().values()[at] == alone.value().values()[at]);
      CHECK(mean.value().values()[at] == doctest::Approx(expected / static_cast<double>(size)).epsilon(1e-6));
    }
    CHECK(std::abs(all.value().values()[0] - total) <= 3e-7 * total);

    ops::mean(x).backward();
    const double share = 1 / static_cast<double>(lines * size);
    double furthest = 0;
    for (const float d : x.grad().values()) furthest = std::max(furthest, std::abs(d - share));
    CHECK(furthest <= 1e-6 * share);
  }
}

TEST_CASE("ops: sums over an empty axis and over its neighbours") {
  const Variable<float> x(Tensor<float>::zeros({2, 3, 0}), true), y(Tensor<float>::zeros({2, 0}), true);
  const auto beside = ops::sum(x, 1);
  CHECK(beside.shape() == Shape{2, 0});
  ops::sum(beside).backward();
  const auto over = ops::sum(y, 1);
  CHECK(over.value().values()[1] == 0);
  ops::sum(over).backward();
  CHECK(ops::sum(x).value().values()[0] == 0);
}
