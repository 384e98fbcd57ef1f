// SPDX-License-Identifier: MIT
#pragma once
// A little training without random numbers: the same bits whenever, wherever and in however many threads it runs.

#include <lstmlib/nn/recurrent.hpp>
#include <lstmlib/ops/arithmetic.hpp>
#include <lstmlib/ops/reduce.hpp>
#include <lstmlib/optim/sgd.hpp>

#include <cmath>

namespace {

using namespace lstmlib;

Tensor<float> numbers(Shape shape, double scale) {
  auto tensor = Tensor<float>::zeros(shape);
  double angle = 0;
  for (float& value : tensor.mutable_values()) value = static_cast<float>(scale * std::sin(angle += 1));
  return tensor;
}

/// Large enough for several threads.
Variable<float> loss_of(const nn::Lstm<float>& lstm) {
  const Ragged<Variable<float>> x{Variable<float>(numbers({320, 32}, 1)),
                                  std::make_shared<const SequenceLayout>(std::vector<Index>(32, 10))};
  const auto y = lstm(x).hidden.values;
  return ops::mean(y * y);
}

nn::Lstm<float> make_lstm() {
  nn::Lstm<float> lstm({.input_size = 32, .hidden_size = 48});
  lstm.layers[0].weight_input.mutable_value() = numbers({4 * 48, 32}, 0.2);
  lstm.layers[0].weight_hidden.mutable_value() = numbers({4 * 48, 48}, 0.2);
  return lstm;
}

/// The loss after some steps.
double train(int steps) {
  auto lstm = make_lstm();
  optim::Sgd sgd(lstm, {.learning_rate = 1});
  for (int step = 0; step < steps; ++step) {
    sgd.zero_grad();
    loss_of(lstm).backward();
    sgd.step();
  }
  return loss_of(lstm).item();
}

}  // namespace
