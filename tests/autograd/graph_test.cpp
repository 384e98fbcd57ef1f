// SPDX-License-Identifier: MIT
// The graph: leaves, scopes, several uses of a value, errors, long chains, gradients of rows.
#include "lstmlib/core.hpp"

#include "support.hpp"

using namespace lstmlib;

namespace {
Variable<double> leaf(std::initializer_list<double> values) {
  return Variable<double>(Tensor<double>::from(values, {static_cast<Index>(values.size())}), true);
}
}  // namespace

TEST_CASE("graph: the gradients of a value used twice are added") {
  const auto x = leaf({1, 2, 3});
  ops::sum(x * x + 3.0 * x).backward();
  CHECK(x.grad().values()[0] == 5);
  CHECK(x.grad().values()[1] == 7);
  CHECK(x.grad().values()[2] == 9);
}

TEST_CASE("graph: a value's gradient is complete before it is passed on, however long its branches are") {
  const auto x = leaf({2});
  const auto y = x * x;
  const auto longer = 3.0 * (2.0 * y);
  ops::sum(longer + y * 5.0).backward();  // 11 x^2
  CHECK(x.grad().values()[0] == 44);
}

TEST_CASE("graph: a leaf is reported once, when its gradient is complete") {
  const auto x = leaf({2}), once = leaf({5});
  std::vector<std::pair<const void*, double>> reported;
  const auto note = [&](const void* of) {
    const auto& value = of == x.state().get() ? x : once;
    reported.emplace_back(of, value.grad().values()[0]);
  };
  backward(ops::sum((x * once + 3.0 * x) * x), 1.0, note);  // 5 x^2 + 3 x^2
  REQUIRE(reported.size() == 2);
  for (const auto& [of, gradient] : reported) CHECK(gradient == (of == x.state().get() ? 32 : 4));
  CHECK(reported[0].first != reported[1].first);
}

TEST_CASE("graph: backward adds to what leaves have until it is cleared") {
  auto x = leaf({1});
  ops::sum(2.0 * x).backward();
  ops::sum(2.0 * x).backward();
  CHECK(x.grad().values()[0] == 4);
  x.clear_grad();
  CHECK_FALSE(x.grad());
  ops::sum(2.0 * x).backward();
  CHECK(x.grad().values()[0] == 2);
}

TEST_CASE("graph: backward throws for a matrix, for what needs no gradient, and a second time") {
  const auto x = leaf({1, 2});
  CHECK_THROWS_AS((2.0 * x).backward(), GradientError);
  CHECK_THROWS_AS(ops::sum(Variable<double>(Tensor<double>::zeros({2}))).backward(), GradientError);
  const auto y = ops::sum(x);
  y.backward();
  CHECK_THROWS_WITH_AS(y.backward(), doctest::Contains("second time"), GradientError);
}

TEST_CASE("graph: NoGrad needs_graph nothing, and ends with its scope") {
  const auto x = leaf({1});
  {
    const NoGrad scope;
    CHECK_FALSE(ops::sum(x).requires_grad());
    CHECK(is_training());
  }
  {
    const Inference scope;
    CHECK_FALSE(ops::sum(x).requires_grad());
    CHECK_FALSE(is_training());
  }
  CHECK(is_training());
  CHECK(ops::sum(x).requires_grad());
}

TEST_CASE("graph: a chain of 200,000 nodes is walked and destroyed without recursion") {
  const auto x = leaf({1});
  auto y = x;
  for (int i = 0; i < 200'000; ++i) y = y + x;
  ops::sum(y).backward();
  CHECK(x.grad().values()[0] == 200'001);
}

TEST_CASE("graph: an operation of the user's own is one call of record") {
  const auto x = leaf({2, 3});
  auto cube = Tensor<double>::from({8, 27}, {2});
  const auto y = record("cube", cube, {x}, [x = x.value()](auto d_y, auto d_x) {
    const auto d = d_x[0].view();
    for (std::size_t i = 0; i < 2; ++i) d.data[i] += d_y[0].values()[i] * 3 * x.values()[i] * x.values()[i];
  });
  ops::sum(y).backward();
  CHECK(x.grad().values()[0] == 12);
  CHECK(x.grad().values()[1] == 27);
}

TEST_CASE(
    "graph: a table's gradient has the rows that were used, and becomes whole when something else adds") {
  const Variable<double> table(Tensor<double>::from({1, 2, 3, 4, 5, 6}, {3, 2}), true);
  const auto ids = Tensor<std::int32_t>::from({2, 0, 2}, {3});
  ops::sum(ops::embedding(ids, table)).backward();
  REQUIRE(table.sparse_grad());
  CHECK(table.sparse_grad().indices.shape() == Shape{2});
  CHECK(table.sparse_grad().indices.values()[0] == 0);
  CHECK(table.sparse_grad().indices.values()[1] == 2);
  CHECK(table.sparse_grad().values.values()[0] == 1);
  CHECK(table.sparse_grad().values.values()[2] == 2);

  ops::sum(10.0 * table).backward();
  CHECK_FALSE(table.sparse_grad());
  const double expected[] = {11, 11, 10, 10, 12, 12};
  for (std::size_t i = 0; i < 6; ++i) CHECK(table.grad().values()[i] == expected[i]);
}

TEST_CASE("graph: a table used by two lookups gets both gradients") {
  const Variable<double> table(Tensor<double>::zeros({3, 1}), true);
  const auto first = Tensor<std::int32_t>::from({0, 1}, {2}),
             second = Tensor<std::int32_t>::from({1, 2}, {2});
  ops::sum(ops::add(ops::embedding(first, table), ops::embedding(second, table))).backward();
  CHECK(table.grad().values()[0] == 1);
  CHECK(table.grad().values()[1] == 2);
  CHECK(table.grad().values()[2] == 1);
}

TEST_CASE("check_gradient: finds a wrong gradient") {
  const auto wrong = [](auto inputs) {
    auto y = inputs[0].value().clone();
    return ops::sum(record("wrong", y, {inputs[0]},
                           [](auto d_y, auto d_x) { d_x[0].view().data[0] += 1.01 * d_y[0].values()[0]; }));
  };
  CHECK_THROWS_AS(check_gradient(wrong, {Tensor<double>::from({1.0}, {1})}), GradientError);
}
