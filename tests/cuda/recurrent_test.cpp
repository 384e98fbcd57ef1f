// SPDX-License-Identifier: MIT
// Recurrent layers of a GPU against plain loops in double precision, and whole networks of them against the
// CPU's.
#include "backends.hpp"

#include "../backend/recurrent_case.hpp"

using namespace lstmlib;
using test::RecurrentCase;

namespace {

Backend& gpu_backend() { return test::gpu().backend(); }

template <Real T>
std::vector<std::vector<T>> check(RecurrentCase& one, double tolerance,
                                  Precision precision = Precision::fp32) {
  return test::check_recurrent<T>(gpu_backend(), one, tolerance, precision);
}

Tensor<float> numbers(Shape shape, std::uint64_t seed, double scale = 1) {
  std::mt19937 random(static_cast<unsigned>(seed));
  std::vector<float> values;
  for (Index i = 0; i < shape.elements(); ++i)
    values.push_back(static_cast<float>(std::uniform_real_distribution<double>(-scale, scale)(random)));
  return Tensor<float>::from(values, shape);
}

/// What a stack of layers makes of some sentences, and the gradients of a sum of its results.
std::vector<Tensor<float>> run_stack(const nn::RecurrentOptions& options, RecurrentCell cell, Device device) {
  set_seed(3);
  nn::RecurrentStack<float> stack(cell, options);
  stack.to(device);
  const std::vector<Index> lengths{4, 1, 7, 3, 3};
  auto layout = std::make_shared<SequenceLayout>(lengths);
  Variable<float> input(numbers({layout->rows(), options.input_size}, 1).to(device), true);
  const auto made = stack({input, layout});
  Variable<float> loss = ops::sum(ops::tanh(made.hidden.values));
  for (const auto& state : made.last) loss = loss + ops::sum(ops::sigmoid(state.hidden));
  loss.backward();
  std::vector<Tensor<float>> results{made.hidden.values.value(), loss.value(), input.grad()};
  for (const auto& layer : stack.layers)
    for (const auto* parameter :
         {&layer.weight_input, &layer.weight_hidden, &layer.bias_input, &layer.bias_hidden})
      results.push_back(parameter->grad());
  for (auto& result : results) result = result.to(Device::cpu());
  return results;
}

double difference(const Tensor<float>& a, const Tensor<float>& b) {
  const auto x = a.values(), y = b.values();
  return test::difference(std::vector<float>(x.begin(), x.end()), test::Numbers(y.begin(), y.end()));
}

}  // namespace

TEST_CASE(
    "recurrent layers of random shapes agree with plain loops in double precision, the same bits each time") {
  for (unsigned seed = 0; seed < 30; ++seed) {
    RecurrentCase one(seed);
    CAPTURE(seed);
    CAPTURE(static_cast<int>(one.plain->cell));
    CAPTURE(one.plain->hidden_size);
    const auto first = check<float>(one, 3e-5);  // as on the CPU
    CHECK(check<float>(one, 3e-5) == first);
    check<double>(one, 1e-12);
  }
}

TEST_CASE("recurrent layers with operands that are rounded agree with plain loops that round them") {
  for (unsigned seed = 2000; seed < 2012; ++seed) {
    RecurrentCase one(seed, test::rounded_to_bf16);
    CAPTURE(seed);
    CAPTURE(static_cast<int>(one.plain->cell));
    check<float>(one, 4e-3, Precision::bf16);  // as on the CPU
  }
  for (unsigned seed = 2000; seed < 2012; ++seed) {
    RecurrentCase one(seed);
    CAPTURE(seed);
    check<float>(one, 3e-5, Precision::fp32_strict);
    // Operands of 11 bits: half a unit is 2^-12; sums of up to 200 products of numbers around 1, through 9
    // steps.
    check<float>(one, 8e-3, Precision::fp16);
  }
}

TEST_CASE("recurrent layers: networks of several layers and directions agree with those of the CPU") {
  for (const auto cell :
       {RecurrentCell::lstm, RecurrentCell::gru, RecurrentCell::rnn_tanh, RecurrentCell::rnn_relu})
    for (const bool bidirectional : {false, true}) {
      const nn::RecurrentOptions options{
          .input_size = 7, .hidden_size = 13, .layers = 2, .bidirectional = bidirectional};
      const auto expected = run_stack(options, cell, Device::cpu()),
                 found = run_stack(options, cell, test::gpu());
      CAPTURE(static_cast<int>(cell));
      CAPTURE(bidirectional);
      REQUIRE(found.size() == expected.size());
      for (std::size_t i = 0; i < found.size(); ++i) {
        CAPTURE(i);
        CHECK(difference(found[i], expected[i]) < 1e-5);
      }
    }
}

TEST_CASE("recurrent layers: a batch whose first pass an exception has ended is as good as any") {
  struct Broken {};
  const std::vector<Index> lengths{2, 5, 1};
  const auto run = [&](Device device, bool broken) {
    set_seed(5);
    nn::RecurrentLayer<float> layer(RecurrentCell::lstm, 4, 6);
    layer.to(device);
    const Ragged<Variable<float>> x{Variable<float>(numbers({8, 4}, 2).to(device)),
                                    std::make_shared<SequenceLayout>(lengths)};
    if (broken)
      CHECK_THROWS_AS(gpu_backend().run_as_graph(0,
                                                 [&] {
                                                   (void)layer(x);
                                                   throw Broken{};
                                                 }),
                      Broken);
    return layer(x).hidden.values.value().to(Device::cpu());
  };
  gpu_backend().run_as_graph(0, [] {});  // the first piece is never a graph
  CHECK(difference(run(test::gpu(), true), run(Device::cpu(), false)) < 1e-6);
}
