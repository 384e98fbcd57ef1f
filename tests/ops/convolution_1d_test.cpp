// SPDX-License-Identifier: MIT
// Convolution over time: gradients, arguments, and what sequences do not see.
#include "lstmlib/ops/convolution_1d.hpp"
#include "arguments.hpp"

using namespace lstmlib;
using ops::Padding;

namespace {
Variable<double> convolved(const Variable<double>& x, const Variable<double>& w, const Variable<double>& b,
                           const std::vector<Index>& lengths, const ops::Convolution1dOptions& options) {
  return ops::convolution_1d(make_ragged(x, lengths), w, b, options).values;
}
}  // namespace

TEST_CASE("gradients of convolution_1d") {
  set_seed(5);
  const std::vector<Index> lengths{3, 7, 5};
  for (const Padding padding : {Padding::none, Padding::same, Padding::causal})
    for (const auto& [stride, dilation, groups, filters] : std::vector<std::array<Index, 4>>{
             {1, 1, 1, 2}, {2, 1, 2, 6}, {3, 2, 1, 3}, {1, 2, 4, 4}, {1, 1, 4, 8}}) {
      const Index window = padding == Padding::none && dilation == 2 ? 2 : 3;
      const ops::Convolution1dOptions options{stride, dilation, groups, padding};
      const auto loss = [&](auto in) {
        return ops::sum(ops::tanh(convolved(in[0], in[1], in[2], lengths, options)));
      };
      CHECK(check_gradient(
                loss, {random_normal<double>({15, 4}), random_normal<double>({filters, 4 / groups, window}),
                       random_normal<double>({filters})}) < 1e-6);
    }
}

TEST_CASE("convolution_1d of a batch is that of each sequence alone") {
  set_seed(6);
  const Variable<double> x(random_normal<double>({12, 3})), w(random_normal<double>({2, 3, 4})), none;
  for (const Padding padding : {Padding::none, Padding::same, Padding::causal}) {
    const ops::Convolution1dOptions options{.stride = 2, .padding = padding};
    const auto all = ops::convolution_1d(make_ragged(x, {5, 7}), w, none, options);
    const auto first = convolved(x.rows(0, 5), w, none, {5}, options),
               second = convolved(x.rows(5, 7), w, none, {7}, options);
    for (Index s = 0; s < 2; ++s) {
      const auto ours = all.sequence(s).value(), alone = (s == 0 ? first : second).value();
      REQUIRE(ours.shape() == alone.shape());
      for (std::size_t i = 0; i < ours.values().size(); ++i) CHECK(ours.values()[i] == alone.values()[i]);
    }
  }
}

TEST_CASE("convolution_1d refuses wrong arguments") {
  for (const Index groups : {1, 2, 4})
    test::check_arguments<float>("convolution_1d",
                                 {{"input", {9, 4}},
                                  {"weight", {4, 4 / groups, 3}, {"axis 2 longer", "axis 2 shorter"}},
                                  {"bias", {4}, {"absent"}}},
                                 [&](const auto& in) {
                                   return ops::convolution_1d({in[0], test::layout_of({5, 4})}, in[1], in[2],
                                                              {.groups = groups})
                                       .values;
                                 });
  const auto x = make_ragged(Variable<float>(Tensor<float>::zeros({5, 6})), {3, 2});
  const Variable<float> w(Tensor<float>::zeros({4, 3, 2}));
  CHECK_THROWS_WITH_AS(
      ops::convolution_1d(x, w),
      "convolution_1d: input [5, 6], weight [4, 3, 2] in 1 group; expected [rows, features], "
      "[filters, features / groups, window]",
      ShapeError);
  CHECK_NOTHROW(ops::convolution_1d(x, w, {}, {.groups = 2}));
  CHECK_THROWS_AS(ops::convolution_1d(x, w, {}, {.groups = 4}), ShapeError);
  CHECK_THROWS_AS(ops::convolution_1d(x, w, {}, {.groups = 0}), ValueError);
  CHECK_THROWS_AS(ops::convolution_1d(x, w, {}, {.stride = Index{1} << 40, .groups = 2}), ValueError);
  CHECK_THROWS_AS(ops::convolution_1d({x.values, nullptr}, w, {}, {.groups = 2}), ShapeError);
}
