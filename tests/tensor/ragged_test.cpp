// SPDX-License-Identifier: MIT
#include "lstmlib/tensor/ragged.hpp"
#include "arguments.hpp"
#include "lstmlib/core.hpp"

#include <doctest/doctest.h>

#include <array>
#include <limits>

namespace lstmlib::test {
namespace {
using Lists = std::vector<std::vector<float>>;

TEST_CASE("a ragged batch is made from rows and lengths, and shares their memory") {
  auto rows = Tensor<float>::from({1, 2, 3, 4, 5, 6}, {3, 2});
  auto batch = make_ragged(rows, {2, 1});
  CHECK(batch.sequences() == 2);
  CHECK(to_string(batch.sequence(0)) == to_string(rows.rows(0, 2)));
  batch.sequence(1).mutable_values()[0] = 50;
  CHECK(rows.values()[4] == 50);
  const auto& unchangeable = batch;
  CHECK_THROWS_AS((void)unchangeable.sequence(1).mutable_values(), Error);
  const std::vector<Index> lengths{1, 2};
  CHECK(make_ragged(Tensor<std::int32_t>::from({1, 2, 3}, {3}), lengths).sequence(1).shape() == Shape{2});
}

TEST_CASE("a ragged batch is made from lists of numbers") {
  const Lists readings{{1, 2, 3, 4}, {5, 6}};
  const auto one = make_ragged(readings), two = make_ragged(readings, 2);
  CHECK(one.values.shape() == Shape{6, 1});
  CHECK(one.layout->length(0) == 4);
  CHECK(two.values.shape() == Shape{3, 2});
  CHECK(two.layout->length(0) == 2);
  CHECK(std::ranges::equal(two.sequence(1).values(), readings[1]));
  const std::vector<std::span<const float>> views{readings[1], readings[0]};
  CHECK(std::ranges::equal(make_ragged(views).sequence(1).values(), readings[0]));
  CHECK(make_ragged(std::vector<std::vector<double>>{}).sequences() == 0);
}

TEST_CASE("a ragged batch is made from lists of rows") {
  const std::vector<std::vector<std::array<double, 2>>> paths{{{0, 1}, {2, 3}}, {{4, 5}}};
  const auto batch = make_ragged(paths);
  CHECK(batch.values.shape() == Shape{3, 2});
  CHECK(batch.layout->length(1) == 1);
  CHECK(batch.sequence(1).values()[1] == 5);
  const std::vector<Lists> rows{{{1, 2, 3}}, {{4, 5, 6}, {7, 8, 9}}};
  CHECK(make_ragged(rows).sequence(1).values()[5] == 9);
}

TEST_CASE("the rows of a sequence get a gradient, other rows none") {
  const auto loss = [](auto in) {
    const auto batch = make_ragged(in[0], {2, 1, 2});
    return ops::sum(ops::tanh(batch.sequence(0)) * batch.sequence(2)) + ops::sum(batch.sequence(2));
  };
  CHECK(check_gradient(loss, {nn::normal<double>({5, 3}, 1)}) < 1e-8);
  const auto x = numbers<float>({5, 3});
  ops::sum(make_ragged(x, {2, 1, 2}).sequence(1)).backward();
  CHECK(to_string(x.grad()) == "[[0. 0. 0.]\n [0. 0. 0.]\n [1. 1. 1.]\n [0. 0. 0.]\n [0. 0. 0.]]");
  CHECK(!x.detach().rows(0, 2).requires_grad());
}

TEST_CASE("arguments: ragged batches") {
  const auto rows = Tensor<float>::zeros({3, 2});
  refused("make_ragged", "absent", [] { (void)make_ragged(Tensor<float>(), {1}); });
  refused("make_ragged", "scalar", [] { (void)make_ragged(Tensor<float>::zeros({}), {1}); });
  refused("make_ragged", "absent variable", [] { (void)make_ragged(Variable<float>(), {}); });
  refused("make_ragged", "fewer rows", [&] { (void)make_ragged(rows, {1, 1}); });
  refused("make_ragged", "more rows", [&] { (void)make_ragged(rows, {2, 2}); });
  refused("sequence layout", "an empty sequence", [&] { (void)make_ragged(rows, {0, 3}); });
  refused("sequence layout", "a negative length", [&] { (void)make_ragged(rows, {-1, 4}); });
  for (const Index features : {Index{0}, Index{-1}, std::numeric_limits<Index>::min()})
    CHECK_THROWS_AS((void)make_ragged(Lists{{1, 2}}, features), ValueError);
  CHECK_THROWS_WITH_AS((void)make_ragged(Lists{{1, 2}, {3}}, 2),
                       "make_ragged: sequence 1 has 1 numbers, expected one or more rows of 2", ShapeError);
  CHECK_THROWS_AS((void)make_ragged(Lists{{1, 2}, {}}), ShapeError);
  CHECK_THROWS_AS((void)make_ragged(std::vector<Lists>{{{1, 2}}, {{3}}}), ShapeError);
  CHECK_THROWS_AS((void)make_ragged(std::vector<Lists>{{{}}}), ShapeError);
  CHECK_THROWS_AS((void)make_ragged(std::vector<Lists>{{}}), ShapeError);
  auto batch = make_ragged(rows, {2, 1});
  for (const Index index : {Index{-1}, Index{2}, std::numeric_limits<Index>::max()})
    CHECK_THROWS_AS((void)batch.sequence(index), IndexError);
  CHECK_THROWS_WITH_AS((void)batch.sequence(2), "sequence: 2, expected 0 to 1 of 2 sequences", IndexError);
  batch.values = Tensor<float>::zeros({4, 2});
  CHECK_THROWS_AS((void)batch.sequence(0), ShapeError);
  batch.values = {};
  CHECK_THROWS_AS((void)batch.sequence(0), ShapeError);
  CHECK_THROWS_AS((void)Ragged<Tensor<float>>{}.sequence(0), ShapeError);
  const auto x = numbers<float>({3, 2});
  CHECK_THROWS_AS((void)x.rows(2, 2), ShapeError);
  CHECK_THROWS_AS((void)x.rows(-1, 1), ShapeError);
  CHECK_THROWS_AS((void)Variable<float>().rows(0, 0), ShapeError);
}

}  // namespace
}  // namespace lstmlib::test
