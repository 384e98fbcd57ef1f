// SPDX-License-Identifier: MIT
// Layer normalisation: gradients, arguments, extreme numbers, instruction sets and threads.
#include "lstmlib/ops/layer_norm.hpp"
#include "arguments.hpp"
#include "backend/settings.hpp"

#include <cmath>

using namespace lstmlib;

TEST_CASE("gradients of layer_norm") {
  set_seed(3);
  const auto drawn = [](const Shape& shape) { return random_normal<double>(shape, {.mean = 0.5}); };
  for (const Index features : {2, 3, 8, 33, 70}) {
    CAPTURE(features);
    const Shape row{features};
    const auto all = [](auto in) { return ops::sum(ops::tanh(ops::layer_norm(in[0], in[1], in[2]))); };
    CHECK(check_gradient(all, {drawn({3, features}), drawn(row), drawn(row)}) < 1e-6);
    const auto gain = [](auto in) { return ops::sum(ops::tanh(ops::layer_norm(in[0], in[1]))); };
    CHECK(check_gradient(gain, {drawn({2, 2, features}), drawn(row)}) < 1e-6);
    const auto bias = [](auto in) { return ops::sum(ops::tanh(ops::layer_norm(in[0], {}, in[1], 0.1))); };
    CHECK(check_gradient(bias, {drawn(row), drawn(row)}) < 1e-6);
  }
}

TEST_CASE("layer_norm refuses wrong arguments") {
  test::check_arguments<float>("layer_norm",
                               {{"input", {3, 4}, {"axis 0 longer", "axis 0 shorter"}},
                                {"gain", {4}, {"absent"}},
                                {"bias", {4}, {"absent"}}},
                               [](const auto& in) { return ops::layer_norm(in[0], in[1], in[2]); });
  const Variable<float> x(Tensor<float>::zeros({2, 4}));
  CHECK_THROWS_WITH_AS(ops::layer_norm(x, Variable<float>(Tensor<float>::zeros({3}))),
                       "layer_norm: gain [3] for input [2, 4], expected [4] or none", ShapeError);
  for (const double eps : {-1e-5, std::nan(""), static_cast<double>(INFINITY)})
    CHECK_THROWS_AS(ops::layer_norm(x, {}, {}, eps), ValueError);
  CHECK_THROWS_AS(ops::layer_norm(Variable<float>(Tensor<float>::zeros({2, 0}))), ShapeError);
  CHECK(ops::layer_norm(Variable<float>(Tensor<float>::zeros({0, 4}))).shape() == Shape{0, 4});
}

TEST_CASE("layer_norm of equal, large and missing numbers") {
  const auto y =
      ops::layer_norm(Variable<float>(Tensor<float>::from({3, 3, 3, 1e4f, 1e4f + 1, 1e4f + 2}, {2, 3})));
  for (std::size_t i = 0; i < 3; ++i) CHECK(y.value().values()[i] == 0);
  CHECK(y.value().values()[3] == doctest::Approx(-1.2247).epsilon(1e-3));
  CHECK(y.value().values()[4] == doctest::Approx(0));
  const auto nan = ops::layer_norm(Variable<float>(Tensor<float>::from({1, NAN, 1, 2}, {2, 2})));
  CHECK(std::isnan(nan.value().values()[0]));
  CHECK(!std::isnan(nan.value().values()[2]));
}

TEST_CASE("layer_norm on every instruction set and any number of threads") {
  set_seed(4);
  const Index rows = 700, features = 77;
  const auto x = random_normal<float>({rows, features}), d = random_normal<float>({rows, features});
  const auto gain = random_normal<float>({features}), bias = random_normal<float>({features});
  const auto run = [&]<Real T>(T) {
    const auto as = [](const Tensor<float>& t) {
      auto made = Tensor<T>::uninitialized(t.shape());
      for (std::size_t i = 0; i < t.values().size(); ++i)
        made.mutable_values()[i] = static_cast<T>(t.values()[i]);
      return Variable<T>(made, true);
    };
    const auto a = as(x), g = as(gain), b = as(bias);
    const auto y = ops::layer_norm(a, g, b);
    ops::sum(y * as(d).detach()).backward();
    std::vector<double> all;
    for (const auto& t : {y.value(), a.grad(), g.grad(), b.grad()})
      all.insert(all.end(), t.values().begin(), t.values().end());
    return all;
  };
  const auto exact = run(0.0);
  const test::KeepThreads keep;
  test::with_each_instruction_set([&] {
    std::vector<double> first;
    for (const int threads : {1, 3}) {
      cpu::set_threads(threads);
      const auto ours = run(0.0f);
      if (first.empty()) first = ours;
      CHECK(ours == first);
      double worst = 0;
      for (std::size_t i = 0; i < ours.size(); ++i)
        worst = std::max(worst, std::abs(ours[i] - exact[i]) / (1 + std::abs(exact[i])));
      CHECK(worst < 2e-5);
    }
  });
}
