// SPDX-License-Identifier: MIT
// Attention, softmax over time, and rows repeated over time: gradients, arguments, and what rows see.
#include "lstmlib/ops/attention.hpp"
#include "arguments.hpp"
#include "lstmlib/ops/over_time.hpp"

#include <cmath>

using namespace lstmlib;

namespace {
Ragged<Variable<double>> ragged(const Variable<double>& x, const std::vector<Index>& lengths) {
  return make_ragged(x, lengths);
}
void check_equal(const Variable<double>& a, const Variable<double>& b, double tolerance = 0) {
  REQUIRE(a.shape() == b.shape());
  double worst = 0;
  for (std::size_t i = 0; i < a.value().values().size(); ++i) {
    const double error = std::abs(a.value().values()[i] - b.value().values()[i]);
    worst = error <= worst ? worst : std::isnan(error) ? INFINITY : error;
  }
  CHECK(worst <= tolerance);
}
}  // namespace

TEST_CASE("gradients of attention and of operations over time") {
  set_seed(7);
  const auto drawn = [](const Shape& shape) { return random_normal<double>(shape); };
  for (const Index heads : {1, 2})
    for (const bool causal : {false, true}) {
      const auto loss = [&](auto in) {
        return ops::sum(
            ops::tanh(ops::scaled_dot_product_attention(ragged(in[0], {3, 1, 4}), ragged(in[1], {3, 1, 4}),
                                                        ragged(in[2], {3, 1, 4}), {heads, causal})
                          .values));
      };
      CHECK(check_gradient(loss, {drawn({8, 4}), drawn({8, 4}), drawn({8, 6})}) < 1e-6);
    }
  const auto other_lengths = [&](auto in) {
    return ops::sum(ops::tanh(ops::scaled_dot_product_attention(ragged(in[0], {2, 3}), ragged(in[1], {4, 1}),
                                                                ragged(in[1], {4, 1}), {.heads = 2})
                                  .values));
  };
  CHECK(check_gradient(other_lengths, {drawn({5, 4}), drawn({5, 4})}) < 1e-6);
  const auto softmax = [&](auto in) {
    return ops::sum(ops::softmax_over_time(ragged(in[0], {3, 1, 4})).values * in[1]);
  };
  CHECK(check_gradient(softmax, {drawn({8, 2}), drawn({8, 2})}) < 1e-6);
  const auto repeated = [&](auto in) {
    return ops::sum(ops::tanh(ops::repeat_over_time(in[0], test::layout_of({3, 1, 4})).values * in[1]));
  };
  CHECK(check_gradient(repeated, {drawn({3, 2}), drawn({8, 2})}) < 1e-6);
}

TEST_CASE("each sequence attends only to itself, and with a mask only to rows that are not later") {
  set_seed(8);
  const Variable<double> x(random_normal<double>({9, 4}));
  const ops::AttentionOptions causal{.heads = 2, .causal = true};
  const auto attend = [](const Ragged<Variable<double>>& rows, const ops::AttentionOptions& options) {
    return ops::scaled_dot_product_attention(rows, rows, rows, options);
  };
  const auto all = attend(ragged(x, {4, 5}), causal);
  for (Index length = 1; length <= 5; ++length)  // what comes later changes nothing
    check_equal(all.sequence(1).rows(0, length), attend(ragged(x.rows(4, length), {length}), causal).values,
                1e-14);
  const auto open = attend(ragged(x, {4, 5}), {.heads = 2});
  check_equal(open.sequence(0), attend(ragged(x.rows(0, 4), {4}), {.heads = 2}).values);
  check_equal(open.values.rows(8, 1), all.values.rows(8, 1), 1e-14);  // the last row sees all others
  const auto none = attend({Variable<double>(Tensor<double>::zeros({0, 4})), test::layout_of({})}, causal);
  CHECK(none.values.shape() == Shape{0, 4});
}

TEST_CASE("softmax_over_time of large numbers") {
  const auto y = ops::softmax_over_time(
      make_ragged(Variable<float>(Tensor<float>::from({1000, 1000, -1000, 5}, {4, 1})), {3, 1}));
  CHECK(y.values.value().values()[0] == 0.5f);
  CHECK(y.values.value().values()[1] == 0.5f);
  CHECK(y.values.value().values()[2] == 0);
  CHECK(y.values.value().values()[3] == 1);
}

TEST_CASE("attention and operations over time refuse wrong arguments") {
  const auto layout = test::layout_of({3, 4});
  test::check_arguments<float>("scaled_dot_product_attention",
                               {{"queries", {7, 4}}, {"keys", {7, 4}}, {"values", {7, 6}}},
                               [&](const auto& in) {
                                 return ops::scaled_dot_product_attention<float>(
                                            {in[0], layout}, {in[1], layout}, {in[2], layout}, {.heads = 2})
                                     .values;
                               });
  test::check_arguments<float>("softmax_over_time", {{"input", {7, 4}, {"axis 1 longer", "axis 1 shorter"}}},
                               [&](const auto& in) {
                                 return ops::softmax_over_time<float>({in[0], layout}).values;
                               });
  test::check_arguments<float>("repeat_over_time", {{"input", {2, 4}, {"axis 1 longer", "axis 1 shorter"}}},
                               [&](const auto& in) { return ops::repeat_over_time(in[0], layout).values; });
  const Variable<float> x(Tensor<float>::zeros({7, 4}));
  CHECK_THROWS_AS(ops::repeat_over_time(x.rows(0, 2), nullptr), ShapeError);
  const Ragged<Variable<float>> a{x, layout}, b{x, test::layout_of({4, 3})}, c{x, test::layout_of({7})};
  const auto attend = [](const auto& q, const auto& k, const auto& v, ops::AttentionOptions options) {
    return ops::scaled_dot_product_attention(q, k, v, options);
  };
  CHECK_NOTHROW(attend(a, b, b, {}));
  CHECK_THROWS_WITH_AS(attend(a, a, b, {}),
                       "scaled_dot_product_attention: keys and values of sequences of different lengths",
                       ShapeError);
  CHECK_THROWS_WITH_AS(
      attend(a, b, b, {.causal = true}),
      "scaled_dot_product_attention: 2 sequences of 7 queries, 2 of 7 keys; expected as many, "
      "of the same lengths",
      ShapeError);
  CHECK_THROWS_AS(attend(a, c, c, {}), ShapeError);
  CHECK_THROWS_AS(attend(a, a, a, {.heads = 3}), ShapeError);
  CHECK_THROWS_AS(attend(a, a, a, {.heads = 0}), ValueError);
}
