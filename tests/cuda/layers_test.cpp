// SPDX-License-Identifier: MIT
// Layers with headers of their own, on the CUDA part against the CPU.
#include "backends.hpp"

#include "lstmlib/nn/zoneout.hpp"
#include "lstmlib/ops/attention.hpp"
#include "lstmlib/ops/convolution_1d.hpp"
#include "lstmlib/ops/dropout_kinds.hpp"
#include "lstmlib/ops/over_time.hpp"

#include <functional>

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

TEST_CASE_TEMPLATE("cuda: kinds of dropout have the same masks", T, float, double) {
  using In = const std::vector<Variable<T>>&;
  const auto check = [](const char* what, std::function<Variable<T>(In)> function) {
    check_on_both<T>(
        what, {{15, 6}},
        [&](In in) {
          begin_step(3);
          return function(in);
        },
        64);
  };
  const auto rows = [](const Variable<T>& x) { return make_ragged(x, {5, 1, 9}); };
  check("locked", [&](In in) { return ops::locked_dropout(rows(in[0]), 0.4).values; });
  check("words", [&](In in) { return ops::word_dropout(rows(in[0]), 0.4).values; });
  check("weights", [&](In in) { return ops::weight_dropout(in[0], 0.4); });
  check("zoneout", [&](In in) {
    set_seed(1);
    nn::ZoneoutLstm<T> lstm({.input_size = 6, .hidden_size = 4, .hidden = 0.3, .cell = 0.5});
    lstm.to(in[0].device());
    begin_step(3);
    return lstm(rows(in[0])).hidden.values;
  });
}
