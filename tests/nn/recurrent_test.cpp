// SPDX-License-Identifier: MIT
// Stacks of recurrent layers in one and both directions against plain loops, layer by layer, for each
// instruction set.
#include "lstmlib/core.hpp"

#include "backend/plain_recurrent.hpp"
#include "backend/settings.hpp"

#include <cmath>
#include <random>

using namespace lstmlib;
using test::Numbers, test::PlainRecurrent;

namespace {

Numbers numbers(std::span<const double> values) { return {values.begin(), values.end()}; }
Numbers numbers(const Tensor<double>& x) { return numbers(x.values()); }

double difference(std::span<const double> ours, const Numbers& expected) {
  REQUIRE(ours.size() == expected.size());
  double worst = 0, largest = 1;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!std::isfinite(ours[i])) return INFINITY;
    worst = std::max(worst, std::fabs(ours[i] - expected[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }
  return worst / largest;
}

/// Columns `first` to `first` + width - 1 of rows of `row` numbers: into `part`, or added back to `whole`.
Numbers columns(const Numbers& whole, Index row, Index first, Index width) {
  Numbers part;
  for (std::size_t at = static_cast<std::size_t>(first); at < whole.size();
       at += static_cast<std::size_t>(row))
    part.insert(part.end(), whole.begin() + static_cast<std::ptrdiff_t>(at),
                whole.begin() + static_cast<std::ptrdiff_t>(at) + width);
  return part;
}
void set_columns(const Numbers& part, Index row, Index first, Index width, Numbers& whole) {
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto at = static_cast<Index>(i);
    whole[static_cast<std::size_t>(at / width * row + first + at % width)] = part[i];
  }
}

/// The stack's layers as plain loops; results and gradients of each.
struct PlainStack {
  struct Layer {
    PlainRecurrent plain;
    PlainRecurrent::Result result;
    PlainRecurrent::Gradients gradients;
  };
  const SequenceLayout& layout;
  Index directions, units;
  std::vector<Layer> layers;
  Numbers output, d_input;

  /// `d_output`: of the top layer's states, [rows, directions units].
  PlainStack(RecurrentCell cell, const nn::RecurrentStack<double>& stack, const SequenceLayout& s,
             const Numbers& input, const Numbers& d_output)
      : layout(s), directions(stack.directions), units(stack.layers[0].hidden_size()), output(input) {
    const Index width = directions * units, rows = layout.rows();
    const std::size_t count = stack.layers.size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto& layer = stack.layers[i];
      const bool reverse = static_cast<Index>(i) % directions == 1;
      layers.push_back({{cell,
                         reverse,
                         layout,
                         layer.weight_input.shape()[1],
                         units,
                         output,
                         numbers(layer.weight_input.value()),
                         numbers(layer.weight_hidden.value()),
                         numbers(layer.bias_input.value()),
                         numbers(layer.bias_hidden.value()),
                         {},
                         {}},
                        {},
                        {}});
      PlainRecurrent::Gradients none;
      layers.back().plain.run({}, layers.back().result, none);
      if ((static_cast<Index>(i) + 1) % directions != 0) continue;
      Numbers joined(static_cast<std::size_t>(rows * width));
      for (Index d = 0; d < directions; ++d)
        set_columns(layers[i - static_cast<std::size_t>(directions - 1 - d)].result.hidden, width, d * units,
                    units, joined);
      output = std::move(joined);
    }
    Numbers d = d_output;
    for (std::size_t first = count; first > 0;) {
      first -= static_cast<std::size_t>(directions);
      Numbers d_below;
      for (Index k = 0; k < directions; ++k) {
        auto& layer = layers[first + static_cast<std::size_t>(k)];
        layer.plain.run({columns(d, width, k * units, units), {}, {}}, layer.result, layer.gradients);
        d_below.resize(layer.gradients.input.size());
        for (std::size_t i = 0; i < d_below.size(); ++i) d_below[i] += layer.gradients.input[i];
      }
      d = std::move(d_below);
    }
    d_input = std::move(d);
  }
};

}  // namespace

TEST_CASE("stacks of recurrent layers of random shapes agree with plain loops, layer by layer") {
  for (unsigned seed = 0; seed < 40; ++seed) {
    std::mt19937 random(seed);
    const auto one_to = [&](Index max) { return std::uniform_int_distribution<Index>(1, max)(random); };
    const auto cell = static_cast<RecurrentCell>(random() % 4);
    nn::RecurrentOptions options{.input_size = one_to(30), .hidden_size = one_to(40)};
    options.layers = one_to(3);
    options.bidirectional = one_to(2) == 1;
    nn::RecurrentStack<double> stack(cell, options);
    const Index sequences = one_to(8), directions = stack.directions;
    std::vector<Index> lengths;
    for (Index i = 0; i < sequences; ++i) lengths.push_back(one_to(7));
    const auto layout = std::make_shared<const SequenceLayout>(lengths);
    const auto drawn = [&](Shape shape) {
      auto t = Tensor<double>::uninitialized(shape);
      for (auto& x : t.mutable_values()) x = std::uniform_real_distribution<double>(-1, 1)(random);
      return t;
    };
    const auto input = drawn({layout->rows(), options.input_size});
    const auto weights = drawn({layout->rows(), directions * options.hidden_size});
    const PlainStack plain(cell, stack, *layout, numbers(input), numbers(weights));
    CAPTURE(seed);
    CAPTURE(static_cast<int>(cell));

    test::with_each_instruction_set([&] {
      for (auto& layer : stack.layers)
        for (auto* p : {&layer.weight_input, &layer.weight_hidden, &layer.bias_input, &layer.bias_hidden})
          p->clear_grad();
      const Variable<double> x(input, true);
      const auto hidden = stack({x, layout}).hidden.values;
      CHECK(difference(hidden.value().values(), plain.output) < 1e-12);
      ops::sum(ops::multiply(hidden, Variable<double>(weights))).backward();
      CHECK(difference(x.grad().values(), plain.d_input) < 1e-12);
      for (std::size_t i = 0; i < stack.layers.size(); ++i) {
        CAPTURE(i);
        const auto& layer = stack.layers[i];
        const auto& expected = plain.layers[i].gradients;
        CHECK(difference(layer.weight_input.grad().values(), expected.weight_input) < 1e-12);
        CHECK(difference(layer.weight_hidden.grad().values(), expected.weight_hidden) < 1e-12);
        CHECK(difference(layer.bias_input.grad().values(), expected.bias_input) < 1e-12);
        CHECK(difference(layer.bias_hidden.grad().values(), expected.bias_hidden) < 1e-12);
      }
    });
  }
}

TEST_CASE("recurrent: bfloat16 products are for float, and bytes for packed layers") {
  const nn::RecurrentOptions bf16{.input_size = 3, .hidden_size = 4, .precision = Precision::bf16};
  CHECK_THROWS_WITH_AS(
      nn::Lstm<double>{bf16},
      "recurrent: precision bf16, expected fp32, or for layers of float also bf16, fp16 or fp32_strict",
      ValueError);
  const nn::RecurrentOptions int8{.input_size = 3, .hidden_size = 4, .precision = Precision::int8};
  CHECK_THROWS_AS(nn::Lstm<float>{int8}, ValueError);
  nn::Lstm<double> later({.input_size = 3, .hidden_size = 4});
  later.precision = Precision::bf16;
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{2});
  CHECK_THROWS_AS(later({Variable<double>(Tensor<double>::zeros({2, 3})), layout}), ValueError);
}

TEST_CASE("recurrent: training with bfloat16 products has nearly the gradients of float32") {
  std::mt19937 random(3);
  nn::Lstm<float> lstm({.input_size = 20, .hidden_size = 33, .layers = 2});
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{5, 2, 9, 1});
  auto input = Tensor<float>::uninitialized({layout->rows(), 20});
  for (auto& x : input.mutable_values()) x = std::uniform_real_distribution<float>(-1, 1)(random);
  const auto gradient = [&](Precision precision) {
    lstm.precision = precision;
    for (auto& layer : lstm.layers) layer.weight_hidden.clear_grad();
    const auto hidden = lstm({Variable<float>(input), layout}).hidden.values;
    ops::sum(ops::multiply(hidden, hidden)).backward();
    return lstm.layers[0].weight_hidden.grad().clone();
  };
  const auto exact = gradient(Precision::fp32), rounded = gradient(Precision::bf16);
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < exact.values().size(); ++i) {
    error += std::pow(static_cast<double>(rounded.values()[i]) - static_cast<double>(exact.values()[i]), 2);
    norm += std::pow(static_cast<double>(exact.values()[i]), 2);
  }
  CHECK(error > 0);
  CHECK(std::sqrt(error / norm) < 0.01);
}
