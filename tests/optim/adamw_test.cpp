// SPDX-License-Identifier: MIT
// AdamW's decay, which is multiplied by the learning rate and there by default; and Chainer's, which is not.
#include "lstmlib/core.hpp"
#include "support.hpp"

#include <cmath>

using namespace lstmlib;

namespace {
struct OneWeight final : nn::Module {
  nn::Parameter<double> weight{Tensor<double>::from({1, -2}, {2})};
  void visit_members(nn::MemberVisitor& visit) override { visit("W", weight); }
  double operator[](std::size_t i) const { return weight.value().values()[i]; }
};
/// Steps without a gradient: only decay moves a weight.
void decay(optim::Optimizer& optimizer, int steps) {
  for (int step = 0; step < steps; ++step) optimizer.step();
}
}  // namespace

TEST_CASE("AdamW: without options, 100 steps take 100 times 1e-3 times 0.01 of a weight") {
  OneWeight model;
  optim::AdamW adam(model);
  decay(adam, 100);
  CHECK(model[0] == doctest::Approx(std::pow(1 - 1e-5, 100)).epsilon(1e-12));
  CHECK(model[1] == doctest::Approx(-2 * std::pow(1 - 1e-5, 100)).epsilon(1e-12));
}

TEST_CASE("AdamW: the decay is 0.01 whatever other options are given, and times the rate that is given") {
  OneWeight model;
  optim::AdamW adam(model, {.learning_rate = 0.1});
  CHECK(adam.options.weight_decay == 0.01);
  decay(adam, 10);
  CHECK(model[0] == doctest::Approx(std::pow(1 - 1e-3, 10)).epsilon(1e-12));
  OneWeight other;
  optim::AdamW with_betas(other, {.beta1 = 0.5});
  decay(with_betas, 10);
  CHECK(other[0] == doctest::Approx(std::pow(1 - 1e-5, 10)).epsilon(1e-12));
}

TEST_CASE("AdamW: no decay by option; a changed rate changes the decay at once") {
  OneWeight model;
  optim::AdamW adam(model, {.learning_rate = 0.1, .weight_decay = 0});
  decay(adam, 3);
  CHECK(model[0] == 1);
  adam.options = {.learning_rate = 0.5, .weight_decay = 0.2};
  decay(adam, 1);
  CHECK(model[0] == doctest::Approx(0.9).epsilon(1e-12));
}

TEST_CASE("AdamW: two steps by hand") {
  // m = 0.1 g, v = 0.001 g g, corrected by 0.1 and 0.001: the first step is rate g / (|g| + epsilon).
  OneWeight model;
  optim::AdamW adam(model, {.learning_rate = 0.1, .epsilon = 0.01, .weight_decay = 0.5});
  const auto step = [&](double g0, double g1) {
    model.weight.mutable_grad() = Tensor<double>::from({g0, g1}, {2});
    adam.step();
  };
  step(0.5, -3);
  CHECK(model[0] == doctest::Approx(1 * 0.95 - 0.1 * 0.5 / 0.51).epsilon(1e-12));
  CHECK(model[1] == doctest::Approx(-2 * 0.95 + 0.1 * 3 / 3.01).epsilon(1e-12));
  const double w = model[0];
  step(0.25, 0);
  const double m = (0.9 * 0.05 + 0.1 * 0.25) / (1 - 0.81),
               v = (0.999 * 0.00025 + 0.001 * 0.0625) / (1 - 0.998001);
  CHECK(model[0] == doctest::Approx(w * 0.95 - 0.1 * m / (std::sqrt(v) + 0.01)).epsilon(1e-9));
}

TEST_CASE("Adam: Chainer's decoupled decay is not multiplied by the learning rate, and is off by default") {
  OneWeight model;
  optim::Adam plain(model);
  decay(plain, 10);
  CHECK(model[0] == 1);
  optim::Adam decaying(model, {.learning_rate = 1e-3, .eta = 0.5, .weight_decay_rate = 0.1});
  decay(decaying, 2);
  CHECK(model[0] == doctest::Approx(0.95 * 0.95).epsilon(1e-12));
}
