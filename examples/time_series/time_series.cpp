// SPDX-License-Identifier: MIT
// Forecasts a series. Trains on windows of it, stops when the error on a later part no longer falls, and then
// goes on from the last known value, one step at a time.
#include <lstmlib/lstmlib.hpp>
#include <lstmlib/train.hpp>

#include <cmath>
#include <cstdio>
#include <iostream>
#include <random>

using namespace lstmlib;

struct Forecaster : nn::Module {
  nn::Lstm<float> lstm{{.input_size = 1, .hidden_size = 24}};
  nn::Linear<float> output{{.input_size = 24, .output_size = 1}};

  /// The next value after each row [rows, 1].
  Variable<float> operator()(const Ragged<Variable<float>>& x) const { return output(lstm(x).hidden.values); }
  void visit_members(nn::MemberVisitor& visit) override { visit("lstm", lstm)("output", output); }
};

/// Two waves with noise.
std::vector<float> make_series(std::size_t length) {
  std::mt19937 random(1);
  std::normal_distribution<float> noise(0, 0.05f);
  std::vector<float> series(length);
  for (std::size_t t = 0; t < length; ++t) {
    const auto time = static_cast<float>(t);
    series[t] = 0.6f * std::sin(0.2f * time) + 0.4f * std::sin(0.31f * time + 1) + noise(random);
  }
  return series;
}

int main() {
  set_seed(1);
  const std::vector<float> series = make_series(2050);
  const std::span<const float> known = std::span(series).first(2000);  // the rest is to be forecast
  const data::Windows train_part(known.first(1600), {.window = 50, .stride = 8, .every_step = true});
  const data::Windows validation_part(known.subspan(1600), {.window = 50, .stride = 8, .every_step = true});
  data::SerialIterator batches(train_part, {.batch_size = 16});
  data::SerialIterator validation(validation_part, {.batch_size = 64, .shuffle = false, .repeat = false});

  Forecaster model;
  optim::Adam adam(model, {.learning_rate = 1e-2});
  auto objective = [&](const auto& batch, train::Observation&) {
    return ops::mse_loss(model(batch.inputs), batch.targets);
  };
  train::StandardUpdater updater(batches, model, adam, objective);
  train::Trainer trainer(updater, {.stop = train::early_stopping({.limit = train::epochs(40)})});
  trainer.extend(train::evaluator(validation, objective));
  trainer.extend(train::log_report({.write = train::epochs(5)}));
  trainer.extend(train::print_report({"epoch", "main/loss", "validation/main/loss"}, std::cout));
  trainer.run();

  const Inference scope;                      // no graph, no dropout
  const nn::InferenceRnn packed(model.lstm);  // immutable copies of the weights
  nn::RnnStream stream(packed);               // the state of one sequence
  const auto next = [&](float value) {
    const auto hidden = stream.step(std::span<const float>(&value, 1));
    return model.output(Variable<float>(Tensor<float>::from(hidden, {1, hidden.size()}))).item();
  };
  float value = 0;
  for (const float x : known.last(200)) value = next(x);  // the state before the forecast
  ops::RegressionErrors of_model, naive;
  for (std::size_t t = known.size(); t < series.size(); ++t) {
    of_model.add(value, series[t]);
    naive.add(known.back(), series[t]);  // nothing changes
    value = next(value);                 // a forecast is the next input
  }
  std::printf("mean absolute error over %zu steps: %.2f; of the last known value: %.2f\n",
              series.size() - known.size(), of_model.mean_absolute_error(), naive.mean_absolute_error());
}
