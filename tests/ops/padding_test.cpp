// SPDX-License-Identifier: MIT
#include "lstmlib/ops/padding.hpp"
#include "arguments.hpp"
#include "lstmlib/core.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace lstmlib::test {
namespace {
using Ids = Tensor<std::int32_t>;

Tensor<double> counted(Shape shape) {
  auto made = Tensor<double>::uninitialized(shape);
  double next = 1;
  for (double& value : made.mutable_values()) value = next++;
  return made;
}

TEST_CASE("rows of a padded tensor become a ragged batch") {
  const auto padded = counted({2, 3, 2});  // [sequences, time, features]
  const auto batch = ops::from_padded(padded, {2, 3});
  CHECK(to_string(batch.values) == "[[ 1.  2.]\n [ 3.  4.]\n [ 7.  8.]\n [ 9. 10.]\n [11. 12.]]");
  CHECK(batch.layout->length(0) == 2);
  const auto by_time =
      ops::from_padded(padded, {2, 1, 1}, {.batch_first = false});  // [time, sequences, features]
  CHECK(to_string(by_time.values) == "[[1. 2.]\n [7. 8.]\n [3. 4.]\n [5. 6.]]");
  CHECK(ops::from_padded(padded).values.shape() == Shape{6, 2});
  CHECK(ops::from_padded(padded).sequences() == 2);
  const auto ids = ops::from_padded(Ids::from({1, 2, -9, 3, -9, -9}, {2, 3}), {2, 1});
  CHECK(to_string(ids.values) == "[1 2 3]");
}

TEST_CASE("a mask may have its padding anywhere") {
  const auto padded = counted({2, 3, 1});
  const auto batch = ops::from_padded(padded, Ids::from({0, 1, 1, 1, 0, 1}, {2, 3}));
  CHECK(to_string(batch.values) == "[[2.]\n [3.]\n [4.]\n [6.]]");
  const auto by_time =
      ops::from_padded(padded, Ids::from({0, 1, 1, 1, 0, 1}, {2, 3}), {.batch_first = false});
  CHECK(to_string(by_time.values) == "[[4.]\n [2.]\n [3.]\n [6.]]");
  CHECK(by_time.layout->length(0) == 1);
}

TEST_CASE("a ragged batch becomes a padded tensor, and comes back") {
  const auto batch = make_ragged(counted({3, 2}), {1, 2});
  const auto padded = ops::to_padded(batch, {.value = -1});
  CHECK(to_string(padded.values) == "[[[ 1.  2.]\n  [-1. -1.]]\n\n [[ 3.  4.]\n  [ 5.  6.]]]");
  CHECK(to_string(padded.mask) == "[[1 0]\n [1 1]]");
  CHECK(padded.lengths == std::vector<Index>{1, 2});
  const auto by_time = ops::to_padded(batch, {.batch_first = false, .time_steps = 3});
  CHECK(by_time.values.shape() == Shape{3, 2, 2});
  CHECK(to_string(by_time.mask) == "[[1 1]\n [0 1]\n [0 0]]");
  CHECK(to_string(ops::from_padded(padded.values, padded.lengths).values) == to_string(batch.values));
  CHECK(to_string(ops::from_padded(by_time.values, by_time.mask, {.batch_first = false}).values) ==
        to_string(batch.values));
  const Variable<double> x(batch.values, true);
  const auto with_graph = ops::to_padded(batch.with(x), {.value = -1});
  CHECK(to_string(with_graph.values) == to_string(padded.values));
  CHECK(to_string(ops::from_padded(with_graph.values, {1, 2}).values) == to_string(batch.values));
  const auto infinite = ops::to_padded(batch.with(x), {.value = INFINITY});
  CHECK(infinite.values.value().values()[2] == INFINITY);
  const auto words =
      ops::to_padded(make_tokens(std::vector<std::vector<std::int32_t>>{{7}, {8, 9}}), {.value = -2});
  CHECK(to_string(words.values) == "[[ 7 -2]\n [ 8  9]]");
  const auto none = ops::to_padded(make_ragged(Tensor<float>::zeros({0, 2}), {}));
  CHECK(none.values.shape() == Shape{0, 0, 2});
}

TEST_CASE("gradients of padding and its removal agree with differences") {
  for (const bool batch_first : {true, false}) {
    const auto weight = nn::normal<double>(batch_first ? Shape{2, 3, 2} : Shape{3, 2, 2}, 1);
    const auto there = [&](auto in) {
      const auto batch = make_ragged(in[0], {1, 3});
      const auto padded = ops::to_padded(batch, {.batch_first = batch_first, .value = 2});
      return ops::sum(ops::tanh(padded.values) * Variable<double>(weight));
    };
    CHECK(check_gradient(there, {nn::normal<double>({4, 2}, 1)}) < 1e-8);
    const auto back = [&](auto in) {
      const auto batch = ops::from_padded(in[0], {2, 3}, {.batch_first = batch_first});
      return ops::sum(ops::tanh(batch.values) * batch.values);
    };
    CHECK(check_gradient(back, {weight}) < 1e-8);
  }
}

TEST_CASE("arguments: padding") {
  const auto padded = counted({2, 3, 2});
  const std::string from = "from_padded", to = "to_padded";
  refused(from, "absent", [] { (void)ops::from_padded(Tensor<float>(), {1}); });
  refused(from, "absent variable", [] { (void)ops::from_padded(Variable<float>(), {1}); });
  refused(from, "one axis", [] { (void)ops::from_padded(counted({3}), {3}); });
  refused(from, "fewer lengths", [&] { (void)ops::from_padded(padded, {3}); });
  refused(from, "more lengths", [&] { (void)ops::from_padded(padded, {3, 3, 3}); });
  for (const Index wrong : {Index{0}, Index{-1}, Index{4}, std::numeric_limits<Index>::max()})
    refused(from, "a length", [&] { (void)ops::from_padded(padded, {3, wrong}); });
  refused(from, "absent mask", [&] { (void)ops::from_padded(padded, Ids()); });
  refused(from, "mask of other axes", [&] {
    (void)ops::from_padded(padded, Ids::from({1, 1, 1, 1, 1, 1}, {3, 2}));
  });
  refused(from, "an empty sequence", [&] {
    (void)ops::from_padded(padded, Ids::from({1, 1, 1, 0, 0, 0}, {2, 3}));
  });
  refused(from, "other numbers", [&] {
    (void)ops::from_padded(padded, Ids::from({1, 1, 2, 1, 0, 0}, {2, 3}));
  });
  const auto batch = make_ragged(padded.reshape({6, 2}), {2, 4});
  refused(to, "absent", [&] { (void)ops::to_padded(Ragged<Tensor<double>>{{}, batch.layout}); });
  refused(to, "without layout", [&] { (void)ops::to_padded(Ragged<Tensor<double>>{padded, nullptr}); });
  refused(to, "other rows", [&] { (void)ops::to_padded(batch.with(padded)); });
  for (const Index steps : {Index{-1}, Index{3}})
    refused(to, "steps", [&] { (void)ops::to_padded(batch, {.time_steps = steps}); });
  const auto words = make_tokens(std::vector<std::vector<std::int32_t>>{{7}, {8, 9}});
  for (const double value : {0.5, 3e9, double{NAN}, double{INFINITY}})
    CHECK_THROWS_AS((void)ops::to_padded(words, {.value = value}), ValueError);
}

}  // namespace
}  // namespace lstmlib::test
