// SPDX-License-Identifier: MIT
// Layers besides recurrent ones: numbers of PyTorch, options, files, devices.
#include "nn/layer_case.hpp"

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
