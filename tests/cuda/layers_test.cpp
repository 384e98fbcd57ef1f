// SPDX-License-Identifier: MIT
// Layers with headers of their own, on the CUDA part against the CPU.
#include "backends.hpp"

#include "lstmlib/ops/convolution_1d.hpp"

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
