// SPDX-License-Identifier: MIT
// Layers with headers of their own, on the CUDA part against the CPU.
#include "backends.hpp"

#include "lstmlib/ops/attention.hpp"
#include "lstmlib/ops/convolution_1d.hpp"
#include "lstmlib/ops/over_time.hpp"

using namespace lstmlib;
using test::check_on_both;

TEST_CASE_TEMPLATE("cuda: convolution over time", T, float, double) {
  using In = const std::vector<Variable<T>>&;
  for (const auto padding : {ops::Padding::none, ops::Padding::same, ops::Padding::causal})
    for (const Index groups : {1, 2, 6}) {
      const ops::Convolution1dOptions options{
          .stride = 2, .dilation = 2, .groups = groups, .padding = padding};
      check_on_both<T>(
          "convolution_1d", {{14, 6}, {6, 6 / groups, 3}, {6}},
          [&](In in) {
            return ops::convolution_1d(make_ragged(in[0], {5, 9}), in[1], in[2], options).values;
          },
          32);
    }
}

TEST_CASE_TEMPLATE("cuda: attention and operations over time", T, float, double) {
  using In = const std::vector<Variable<T>>&;
  const auto rows = [](const Variable<T>& x) { return make_ragged(x, {5, 1, 9}); };
  for (const bool causal : {false, true})
    check_on_both<T>(
        "attention", {{15, 6}, {15, 6}, {15, 4}},
        [&](In in) {
          return ops::scaled_dot_product_attention(rows(in[0]), rows(in[1]), rows(in[2]), {2, causal}).values;
        },
        32);
  check_on_both<T>(
      "softmax_over_time", {{15, 3}}, [&](In in) { return ops::softmax_over_time(rows(in[0])).values; }, 32);
  check_on_both<T>(
      "repeat_over_time", {{3, 4}, {15, 1}},
      [&](In in) { return ops::repeat_over_time(in[0], rows(in[1]).layout).values; }, 32);
}
