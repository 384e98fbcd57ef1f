// SPDX-License-Identifier: MIT
// An operation of your own with its gradient: the loss whose minimum is a quantile, checked against finite
// differences, then used to predict a value that nine of ten measurements stay below.
#include <lstmlib/core.hpp>

#include <algorithm>
#include <cstdio>
#include <random>

using namespace lstmlib;

/// The mean of max(q (y - p), (q - 1) (y - p)): too low costs q, too high costs 1 - q. Shapes are equal.
template <Real T>
Variable<T> quantile_loss(const Variable<T>& prediction, const Tensor<T>& target, T q) {
  const auto p = prediction.value().values(), y = target.values();
  if (prediction.shape() != target.shape()) fail<ShapeError>("quantile_loss: shapes differ");
  T sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += std::max(q * (y[i] - p[i]), (q - 1) * (y[i] - p[i]));
  const T count = static_cast<T>(p.size());

  // What the backward function reads, here two tensors, is kept in the lambda: tensors share memory.
  const auto backward = [p = prediction.value(), target, q, count](auto d_loss, auto d_inputs) {
    const View<T> d = d_inputs[0].view();  // to be added to, never overwritten
    const T factor = d_loss[0].item() / count;
    for (Index i = 0; i < d.size(); ++i) {
      const auto at = static_cast<std::size_t>(i);
      d.data[i] += factor * (target.values()[at] > p.values()[at] ? -q : 1 - q);
    }
  };
  return record("quantile_loss", Tensor<T>::from({sum / count}, {}), {prediction},
                reads(prediction.value(), target), backward);
}

int main() {
  // Throws GradientError where the gradient is wrong.
  const auto target = Tensor<double>::from({1, 2, 3, 4}, {4});
  const double difference = check_gradient([&](auto inputs) { return quantile_loss(inputs[0], target, 0.9); },
                                           {Tensor<double>::from({0.5, 2.5, 2.9, 7}, {4})});
  std::printf("gradient checked, off by less than 0.000001: %s\n", difference < 1e-6 ? "yes" : "no");

  // Noise between 0 and 1 + x: nine of ten values are below 3 x + 0.9 (1 + x) = 3.9 x + 0.9.
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform;
  std::vector<float> x(1000), y(1000);
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = uniform(random);
    y[i] = 3 * x[i] + (1 + x[i]) * uniform(random);
  }
  set_seed(1);
  nn::Linear<float> line({.input_size = 1, .output_size = 1});
  optim::Sgd sgd(line, {.learning_rate = 1});
  const Variable<float> inputs(Tensor<float>::from(x, {1000, 1}));
  const auto measured = Tensor<float>::from(y, {1000, 1});
  for (int step = 0; step < 500; ++step) {
    sgd.zero_grad();
    quantile_loss(line(inputs), measured, 0.9f).backward();
    sgd.step();
  }

  const Inference scope;
  const auto predicted = line(inputs).value();
  int below = 0;
  for (std::size_t i = 0; i < y.size(); ++i) below += y[i] < predicted.values()[i];
  std::printf("trained: 90 %% below %.2f x + %.2f; expected: 3.9 x + 0.9; counted: %.1f %% below\n",
              static_cast<double>(line.weight.value().item()), static_cast<double>(line.bias.value().item()),
              0.1 * below);
}
