// SPDX-License-Identifier: MIT
// Layers packed as bytes against plain loops over the same bytes: what is tolerated is the rounding of float32,
// not that of bytes.
#include "lstmlib/core.hpp"

#include "backend/settings.hpp"

#include <cmath>
#include <random>
#include <vector>

using namespace lstmlib;

namespace {

using Numbers = std::vector<double>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// One layer and one sequence. Row r of the recurrent weights is bytes times largest(r) / 127; a state is
/// bytes, too, each a whole number of 127ths.
struct PlainBytes {
  RecurrentCell cell;
  Index input_size, hidden_size;
  Numbers weight_input, bias, bias_hidden, scale, bytes;

  PlainBytes(RecurrentCell kind, const nn::RecurrentLayer<float>& layer, Index inputs, Index units)
      : cell(kind), input_size(inputs), hidden_size(units) {
    const auto take = [](const nn::Parameter<float>& p) {
      const auto values = p.value().values();
      return Numbers(values.begin(), values.end());
    };
    weight_input = take(layer.weight_input), bias = take(layer.bias_input);
    bias_hidden = take(layer.bias_hidden);
    const Numbers hidden = take(layer.weight_hidden);
    for (std::size_t row = 0; row < hidden.size(); row += static_cast<std::size_t>(units)) {
      float largest = 0;
      for (Index k = 0; k < units; ++k)
        largest = std::max(largest, static_cast<float>(std::fabs(hidden[row + static_cast<std::size_t>(k)])));
      scale.push_back(static_cast<double>(largest) / 127);
      for (Index k = 0; k < units; ++k)
        bytes.push_back(
            std::nearbyint(static_cast<float>(hidden[row + static_cast<std::size_t>(k)]) / (largest / 127)));
    }
  }

  /// The hidden state after a step from `before`, as the library has it; `state` is the LSTM's.
  Numbers step(const float* x, std::span<const float> before, Numbers& state) const {
    const auto n = static_cast<std::size_t>(hidden_size), inputs = static_cast<std::size_t>(input_size);
    Numbers of_input = bias, of_state = bias_hidden;
    for (std::size_t row = 0; row < of_input.size(); ++row) {
      for (std::size_t k = 0; k < inputs; ++k)
        of_input[row] += weight_input[row * inputs + k] * static_cast<double>(x[k]);
      double sum = 0;  // a whole number
      for (std::size_t k = 0; k < n; ++k) sum += bytes[row * n + k] * std::nearbyint(before[k] * 127.0f);
      of_state[row] += sum * scale[row] / 127;
    }
    Numbers after(n);
    for (std::size_t i = 0; i < n; ++i) {
      const auto both = [&](std::size_t gate) { return of_input[gate * n + i] + of_state[gate * n + i]; };
      if (cell == RecurrentCell::lstm) {
        state[i] = sigmoid(both(1)) * state[i] + sigmoid(both(0)) * std::tanh(both(2));
        after[i] = sigmoid(both(3)) * std::tanh(state[i]);
      } else if (cell == RecurrentCell::gru) {
        const double update = sigmoid(both(1));
        const double candidate = std::tanh(of_input[2 * n + i] + sigmoid(both(0)) * of_state[2 * n + i]);
        after[i] = (1 - update) * candidate + update * static_cast<double>(before[i]);
      } else {
        after[i] = std::tanh(both(0));
      }
    }
    return after;
  }
};

void check_bytes(RecurrentCell cell, Index input_size, Index hidden_size) {
  std::mt19937 random(static_cast<unsigned>(hidden_size));
  const auto uniform = [&](double limit) {
    return static_cast<float>(std::uniform_real_distribution<double>(-limit, limit)(random));
  };
  nn::RecurrentStack<float> stack(cell, {.input_size = input_size, .hidden_size = hidden_size});
  auto& layer = stack.layers[0];
  // Rows of very different size: a row with the scale of another one is far off.
  const auto weights = layer.weight_hidden.mutable_value().mutable_values();
  for (std::size_t row = 0, at = 0; at < weights.size(); ++row)
    for (Index k = 0; k < hidden_size; ++k, ++at)
      weights[at] = uniform(2 * std::pow(0.6, static_cast<double>(row * 7 % 11)));
  for (auto* p : {&layer.bias_input, &layer.bias_hidden})
    for (float& b : p->mutable_value().mutable_values()) b = uniform(0.3);
  const PlainBytes plain(cell, layer, input_size, hidden_size);

  const Index steps = 6, sequences = 3;
  const auto layout =
      std::make_shared<const SequenceLayout>(std::vector<Index>(static_cast<std::size_t>(sequences), steps));
  auto rows = Tensor<float>::uninitialized({steps * sequences, input_size});
  for (float& x : rows.mutable_values()) x = uniform(1);
  const nn::InferenceRnn inference(stack, {Precision::int8});
  std::vector<float> all(static_cast<std::size_t>(steps * sequences * hidden_size));
  inference.hidden(Ragged<Tensor<float>>{rows, layout}, all);

  const auto n = static_cast<std::size_t>(hidden_size);
  const std::vector<float> zeros(n);
  double worst = 0;
  for (Index sequence = 0; sequence < sequences; ++sequence) {
    Numbers state(n);
    for (Index step = 0; step < steps; ++step) {
      const auto row = static_cast<std::size_t>(sequence * steps + step);
      // Each step starts from what the library made of the last one, so that its rounding does not add up.
      const auto before =
          step == 0 ? std::span<const float>(zeros) : std::span(all).subspan((row - 1) * n, n);
      const Numbers expected =
          plain.step(rows.values().data() + row * static_cast<std::size_t>(input_size), before, state);
      for (std::size_t i = 0; i < n; ++i)
        worst = std::max(worst, std::fabs(static_cast<double>(all[row * n + i]) - expected[i]));
    }
  }
  CHECK(worst < 1e-5);
}

}  // namespace

TEST_CASE("packed layers of bytes are those of plain loops over bytes, for each instruction set") {
  test::with_each_instruction_set([] {
    for (const auto cell : {RecurrentCell::lstm, RecurrentCell::gru, RecurrentCell::rnn_tanh})
      for (const Index units : {1, 4, 7, 16, 33, 100}) {
        CAPTURE(static_cast<int>(cell));
        CAPTURE(units);
        check_bytes(cell, 5, units);
      }
  });
}
