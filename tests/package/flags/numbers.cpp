// SPDX-License-Identifier: MIT
// What compiler flags may spoil: not-a-number, rounding, exp, the sums of an LSTM. Ends with 0 where all is right; the
// references are plain loops in double precision.
#include <lstmlib/backend/cpu/backend.hpp>
#include <lstmlib/nn/inference.hpp>
#include <lstmlib/nn/recurrent.hpp>
#include <lstmlib/ops/activation.hpp>
#include <lstmlib/ops/softmax.hpp>

#include <bit>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>
#include <vector>

using namespace lstmlib;

namespace {

bool right = true;

void check(const char* what, double worst, double most) {
  if (worst <= most) return;
  std::printf("%s: off by %g, at most %g\n", what, worst, most);
  right = false;
}

/// Looks at the bits, as flags may change what std::isnan says.
bool is_nan(float value) { return (std::bit_cast<std::uint32_t>(value) & 0x7fffffffu) > 0x7f800000u; }

std::vector<float> waves(std::size_t count, double scale) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i)
    values[i] = static_cast<float>(scale * std::sin(1.0 + 0.7 * static_cast<double>(i)));
  return values;
}

Tensor<float> tensor(const std::vector<float>& values, Shape shape) {
  return Tensor<float>::from(std::span<const float>(values), shape);
}

void check_activations() {
  const auto x = waves(1000, 20);
  const Variable<float> all(tensor(x, {1000}));
  const auto tanhs = ops::tanh(all), sigmoids = ops::sigmoid(all);
  double worst = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double value = x[i];
    worst = std::fmax(worst, std::fabs(tanhs.value().values()[i] - std::tanh(value)));
    worst = std::fmax(worst, std::fabs(sigmoids.value().values()[i] - 1 / (1 + std::exp(-value))));
  }
  check("activations", worst, 3e-7);

  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  std::vector<float> odd(40, 1);
  odd[3] = nan, odd[20] = infinity, odd[39] = -infinity;
  const auto of_odd = ops::tanh(Variable<float>(tensor(odd, {40})));
  const auto values = of_odd.value().values();
  check("tanh(nan) is not nan", is_nan(values[3]) ? 0 : 1, 0);
  check("tanh(infinity)", std::fabs(values[20] - 1.0) + std::fabs(values[39] + 1.0), 0);

  const auto p = ops::softmax(Variable<float>(tensor({1000, 999, -infinity, 998}, {1, 4})));
  const double sum = 1 + std::exp(-1) + std::exp(-2);
  check("softmax", std::fabs(p.value().values()[0] - 1 / sum) + std::fabs(p.value().values()[2]), 2e-7);
}

constexpr std::size_t inputs = 7, units = 19, steps = 11;

/// The hidden state after the last step.
std::vector<double> plain_lstm(const std::vector<float>& x, const std::vector<float>& w,
                               const std::vector<float>& u, const std::vector<float>& b) {
  const auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  std::vector<double> h(units, 0), c(units, 0);
  for (std::size_t t = 0; t < steps; ++t) {
    std::vector<double> sums(4 * units);
    for (std::size_t row = 0; row < 4 * units; ++row) {
      sums[row] = b[row];
      for (std::size_t i = 0; i < inputs; ++i) sums[row] += double{w[row * inputs + i]} * x[t * inputs + i];
      for (std::size_t j = 0; j < units; ++j) sums[row] += double{u[row * units + j]} * h[j];
    }
    for (std::size_t j = 0; j < units; ++j) {
      c[j] = sigmoid(sums[units + j]) * c[j] + sigmoid(sums[j]) * std::tanh(sums[2 * units + j]);
      h[j] = sigmoid(sums[3 * units + j]) * std::tanh(c[j]);
    }
  }
  return h;
}

void check_lstm() {
  const auto x = waves(steps * inputs, 1), w = waves(4 * units * inputs, 0.5),
             u = waves(4 * units * units, 0.4), b = waves(4 * units, 0.3);
  const auto expected = plain_lstm(x, w, u, b);
  nn::Lstm<float> lstm({.input_size = inputs, .hidden_size = units});
  auto& layer = lstm.layers[0];
  layer.weight_input.mutable_value() = tensor(w, {4 * units, inputs});
  layer.weight_hidden.mutable_value() = tensor(u, {4 * units, units});
  layer.bias_input.mutable_value() = tensor(b, {4 * units});
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{Index{steps}});
  const auto hidden = lstm({Variable<float>(tensor(x, {steps, inputs})), layout}).hidden.values;
  double worst = 0;
  for (std::size_t j = 0; j < units; ++j)
    worst = std::fmax(worst, std::fabs(hidden.value().values()[(steps - 1) * units + j] - expected[j]));
  check("lstm", worst, 1e-6);

  const std::pair<Precision, double> precisions[] = {
      {Precision::fp32, 1e-6}, {Precision::bf16, 1e-2}, {Precision::int8, 3e-2}};
  for (const auto& [precision, most] : precisions) {
    const nn::InferenceRnn inference(lstm, {.precision = precision});
    nn::RnnStream stream(inference);
    std::span<const float> last;
    for (std::size_t t = 0; t < steps; ++t) last = stream.step(std::span(x).subspan(t * inputs, inputs));
    worst = 0;
    for (std::size_t j = 0; j < units; ++j) worst = std::fmax(worst, std::fabs(last[j] - expected[j]));
    check("inference, lstm", worst, most);
  }
}

}  // namespace

int main() {
  for (const auto set : cpu::instruction_sets) {
    if (!cpu::machine_has(set)) continue;
    cpu::set_instruction_set(set);
    check_activations();
    check_lstm();
    if (!right) return std::printf("with %s\n", std::string(cpu::name_of(set)).c_str()), 1;
  }
}
