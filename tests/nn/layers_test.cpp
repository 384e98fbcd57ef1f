// SPDX-License-Identifier: MIT
// Layers besides recurrent ones: numbers of PyTorch, options, files, devices.
#include "nn/layer_case.hpp"

#include "lstmlib/nn/attention.hpp"
#include "lstmlib/nn/conv1d.hpp"
#include "lstmlib/nn/highway.hpp"
#include "lstmlib/nn/layer_norm.hpp"

using namespace lstmlib;

TEST_CASE_TEMPLATE("layer normalisation gives PyTorch's numbers", T, float, double) {
  const test::LayerFixtures fixtures;
  fixtures.check<T>("layer_norm", [] { return nn::LayerNorm<T>({.size = 7}); });
  fixtures.check<T>("layer_norm_gain", [] { return nn::LayerNorm<T>({.size = 19, .bias = false}); });
  fixtures.check<T>("layer_norm_plain", [] { return nn::LayerNorm<T>({.size = 5, .affine = false}); });
}

TEST_CASE("options of layer normalisation") {
  CHECK_THROWS_WITH_AS(nn::LayerNorm<float>({.size = 0}),
                       "LayerNormOptions: size is 0, expected at least 1; was it left out?", ValueError);
  CHECK_THROWS_WITH_AS(nn::LayerNorm<float>({.size = 2, .eps = -1}),
                       "LayerNormOptions: eps is -1, expected a finite number of at least 0", ValueError);
  nn::LayerNorm<float> layer({.size = 4});
  CHECK(layer.parameter_count() == 8);
  CHECK(nn::LayerNorm<float>({.size = 4, .bias = false}).parameter_count() == 4);
  CHECK(nn::LayerNorm<float>({.size = 4, .affine = false}).parameter_count() == 0);
  const Variable<float> x(random_normal<float>({2, 3, 4}));
  CHECK(layer(x).shape() == Shape{2, 3, 4});
  // A larger eps makes the result smaller.
  const nn::LayerNorm<float> large({.size = 4, .eps = 100});
  CHECK(std::abs(large(x).value().values()[0]) < 0.5f * std::abs(layer(x).value().values()[0]));
  CHECK_THROWS_WITH_AS(layer(Variable<float>(Tensor<float>::zeros({2, 5}))),
                       "layer_norm: input [2, 5], expected [.., 4]", ShapeError);
  CHECK_THROWS_AS(layer(Variable<float>()), ShapeError);
  CHECK_THROWS_AS(layer(Variable<float>(Tensor<float>::zeros({}))), ShapeError);
}

TEST_CASE_TEMPLATE("convolutions over time give PyTorch's numbers", T, float, double) {
  const test::LayerFixtures fixtures;
  const auto check = [&](const char* name, nn::Conv1dOptions options) {
    fixtures.check<T>(name, [&] { return nn::Conv1d<T>(options); });
  };
  using nn::Padding;
  check("conv_none", {.input_size = 4, .filters = 2, .window = 3});
  check("conv_stride",
        {.input_size = 3, .filters = 2, .window = 3, .stride = 2, .dilation = 2, .bias = false});
  check("conv_same", {.input_size = 3, .filters = 2, .window = 4, .padding = Padding::same});
  check("conv_same_stride",
        {.input_size = 3, .filters = 2, .window = 3, .stride = 2, .dilation = 2, .padding = Padding::same});
  check("conv_causal",
        {.input_size = 3, .filters = 2, .window = 3, .dilation = 2, .padding = Padding::causal});
  check("conv_groups", {.input_size = 4, .filters = 6, .window = 3, .padding = Padding::same, .groups = 2});
  check("conv_depthwise",
        {.input_size = 4, .filters = 4, .window = 3, .stride = 2, .padding = Padding::causal, .groups = 4});
}

TEST_CASE("options of convolutions over time, and short sequences") {
  const nn::Conv1dOptions right{.input_size = 4, .filters = 6, .window = 3};
  const auto refused = [&](const std::string& text, auto change) {
    auto options = right;
    change(options);
    CHECK_THROWS_WITH_AS(nn::Conv1d<float>(options), text.c_str(), ValueError);
  };
  using O = nn::Conv1dOptions;
  refused("Conv1dOptions: window is 0, expected at least 1; was it left out?", [](O& o) { o.window = 0; });
  refused("Conv1dOptions: input_size is -4, expected at least 1", [](O& o) { o.input_size = -4; });
  refused("Conv1dOptions: filters is 0, expected at least 1; was it left out?", [](O& o) { o.filters = 0; });
  refused("Conv1dOptions: stride is 0, expected 1 to 16777216", [](O& o) { o.stride = 0; });
  refused("Conv1dOptions: dilation is -1, expected 1 to 16777216", [](O& o) { o.dilation = -1; });
  refused("Conv1dOptions: groups is 4, expected a divisor of input_size, 4, and of filters, 6",
          [](O& o) { o.groups = 4; });
  refused("Conv1dOptions: padding is 3, expected none, same or causal",
          [](O& o) { o.padding = static_cast<nn::Padding>(3); });

  const nn::Conv1d<float> layer(right);
  CHECK(layer.parameter_count() == 6 * 4 * 3 + 6);
  const auto x = make_ragged(Variable<float>(random_normal<float>({7, 4})), {5, 2});
  CHECK_THROWS_WITH_AS(
      layer(x),
      "convolution_1d: sequence 1 has 2 rows, expected at least 3, which a window covers; or pad it",
      ShapeError);
  auto padded = right;
  padded.padding = nn::Padding::causal;
  const auto y = nn::Conv1d<float>(padded)(x);
  CHECK(y.layout == x.layout);  // equal lengths
  padded.stride = 2;
  const auto fewer = nn::Conv1d<float>(padded)(x);
  CHECK(fewer.layout->length(0) == 3);
  CHECK(fewer.layout->length(1) == 1);
  const auto none =
      make_ragged(Variable<float>(Tensor<float>::zeros({0, 4})), std::initializer_list<Index>{});
  CHECK(nn::Conv1d<float>(padded)(none).values.shape() == Shape{0, 6});
}

TEST_CASE_TEMPLATE("attention gives PyTorch's numbers", T, float, double) {
  const test::LayerFixtures fixtures;
  fixtures.check<T>("pooling", [] { return nn::AttentionPooling<T>({.input_size = 5}); });
  fixtures.check<T>("pooling_projected",
                    [] { return nn::AttentionPooling<T>({.input_size = 4, .attention_size = 3}); });
  fixtures.check<T>("attention", [] { return nn::MultiheadAttention<T>({.input_size = 4}); });
  fixtures.check<T>("attention_heads",
                    [] { return nn::MultiheadAttention<T>({.input_size = 6, .heads = 3, .bias = false}); });
  fixtures.check<T>("attention_causal",
                    [] { return nn::MultiheadAttention<T>({.input_size = 4, .heads = 2, .causal = true}); });
}

TEST_CASE("options and arguments of attention") {
  CHECK_THROWS_WITH_AS(nn::AttentionPooling<float>({.input_size = 0}),
                       "AttentionPoolingOptions: input_size is 0, expected at least 1; was it left out?",
                       ValueError);
  CHECK_THROWS_WITH_AS(nn::AttentionPooling<float>({.input_size = 2, .attention_size = -1}),
                       "AttentionPoolingOptions: attention_size is -1, expected at least 0", ValueError);
  CHECK_THROWS_WITH_AS(nn::MultiheadAttention<float>({.input_size = 6, .heads = 4}),
                       "MultiheadAttentionOptions: heads is 4, expected a divisor of input_size, 6",
                       ValueError);
  CHECK_THROWS_AS(nn::MultiheadAttention<float>({.input_size = 6, .heads = 0}), ValueError);
  CHECK_THROWS_AS(nn::MultiheadAttention<float>({.input_size = 0}), ValueError);

  const nn::AttentionPooling<float> pool({.input_size = 4, .attention_size = 3});
  CHECK(pool.parameter_count() == 12 + 3 + 3);
  const nn::MultiheadAttention<float> attention({.input_size = 4, .heads = 2});
  CHECK(attention.parameter_count() == 4 * (16 + 4));
  const auto x = make_ragged(Variable<float>(random_normal<float>({7, 4})), {5, 2});
  const auto weights = pool.weights(x);
  CHECK(weights.values.shape() == Shape{7, 1});
  for (Index s = 0; s < 2; ++s) CHECK(ops::sum(weights.sequence(s)).item() == doctest::Approx(1));
  const auto memory = make_ragged(Variable<float>(random_normal<float>({4, 4})), {1, 3});
  CHECK(attention(x, memory).values.shape() == Shape{7, 4});
  CHECK(attention(x, memory).layout == x.layout);
  const auto narrow = make_ragged(Variable<float>(Tensor<float>::zeros({7, 3})), {5, 2});
  CHECK_THROWS_AS(pool(narrow), ShapeError);
  CHECK_THROWS_AS(attention(narrow), ShapeError);
  CHECK_THROWS_AS(pool({x.values, nullptr}), ShapeError);
  CHECK_THROWS_AS(attention({x.values, nullptr}), ShapeError);
}

TEST_CASE_TEMPLATE("highway layers give PyTorch's numbers", T, float, double) {
  const test::LayerFixtures fixtures;
  fixtures.check<T>("highway", [] { return nn::Highway<T>({.size = 4}); });
  fixtures.check<T>("highway_tanh",
                    [] { return nn::Highway<T>({.size = 4, .activation = nn::Activation::tanh}); });
}

TEST_CASE("options of highway layers, and residual connections") {
  CHECK_THROWS_WITH_AS(nn::Highway<float>({.size = 0}),
                       "HighwayOptions: size is 0, expected at least 1; was it left out?", ValueError);
  CHECK_THROWS_AS(nn::Highway<float>({.size = 2, .transform_bias = std::nan("")}), ValueError);
  CHECK_THROWS_WITH_AS(nn::Highway<float>({.size = 2, .activation = static_cast<nn::Activation>(2)}),
                       "HighwayOptions: activation is 2, expected tanh or relu", ValueError);
  const nn::Highway<float> layer({.size = 4});
  CHECK(layer.parameter_count() == 2 * (16 + 4));
  CHECK(layer.transform.bias.value().values()[3] == -1);
  const Variable<float> x(random_normal<float>({3, 4}));
  CHECK_THROWS_AS(layer(Variable<float>(Tensor<float>::zeros({3, 5}))), ShapeError);
  // With a gate that is shut, the input passes.
  const auto same = nn::Highway<float>({.size = 4, .transform_bias = -200})(x);
  CHECK(std::equal(same.value().values().begin(), same.value().values().end(), x.value().values().begin()));
  const nn::Linear<double> linear({.input_size = 4, .output_size = 4});
  const auto residual = [&](auto in) { return ops::sum(ops::tanh(in[0] + linear(in[0]))); };
  CHECK(check_gradient(residual, {random_normal<double>({3, 4})}) < 1e-6);
  nn::Highway<double> highway({.size = 4, .activation = nn::Activation::tanh});
  const auto loss = [&](auto in) {
    static_cast<Variable<double>&>(highway.plain.weight) = in[1];
    static_cast<Variable<double>&>(highway.transform.weight) = in[2];
    return ops::sum(ops::tanh(highway(in[0])));
  };
  const auto drawn = [] { return random_normal<double>({4, 4}); };
  CHECK(check_gradient(loss, {random_normal<double>({3, 4}), drawn(), drawn()}) < 1e-6);
}
