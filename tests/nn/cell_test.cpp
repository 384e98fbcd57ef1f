// SPDX-License-Identifier: MIT
// Cells of a program's own, and the variants of nn/cells.hpp: against the built-in ones, against finite
// differences, step by step, and packed.
#include "lstmlib/core.hpp"

#include "backend/settings.hpp"
#include "nn/cells.hpp"

#include <cmath>
#include <random>

using namespace lstmlib;

namespace cell_test {
namespace {

template <Real T>
Tensor<T> drawn(std::mt19937& random, Shape shape, double scale = 1) {
  auto t = Tensor<T>::uninitialized(shape);
  for (auto& x : t.mutable_values())
    x = static_cast<T>(std::uniform_real_distribution<double>(-scale, scale)(random));
  return t;
}
template <class A, class B>
double difference(const A& a, const B& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0, largest = 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::isfinite(a[i])) return INFINITY;
    worst = std::max(worst, std::fabs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    largest = std::max(largest, std::fabs(static_cast<double>(b[i])));
  }
  return worst / largest;
}
template <Real T>
void fill(nn::RecurrentStack<T>& stack, std::mt19937& random, double scale = 0.7) {
  for (auto& layer : stack.layers)
    for (auto* p : {&layer.weight_input, &layer.weight_hidden, &layer.bias_input, &layer.bias_hidden,
                    &layer.parameters})
      if (*p) *p = nn::Parameter<T>(drawn<T>(random, p->shape(), scale));
}
template <Real T>
Ragged<Variable<T>> batch(std::mt19937& random, std::vector<Index> lengths, Index features) {
  const auto layout = std::make_shared<const SequenceLayout>(lengths);
  return {Variable<T>(drawn<T>(random, {layout->rows(), features}), true), layout};
}
/// A sum of everything that a stack gives, with weights that differ.
template <Real T>
Variable<T> sum_of(const nn::RecurrentStackOutput<T>& result) {
  auto loss = ops::sum(ops::tanh(result.hidden.values));
  for (const auto& state : result.last) {
    loss = loss + T(0.5) * ops::sum(state.hidden * state.hidden);
    if (state.cell) loss = loss + T(0.25) * ops::sum(state.cell * state.cell);
  }
  return loss;
}
template <Real T>
std::vector<ops::RecurrentState<T>> states(std::mt19937& random, const nn::RecurrentStack<T>& stack,
                                           Index sequences) {
  std::vector<ops::RecurrentState<T>> made;
  for (const auto& layer : stack.layers) {
    const Index n = layer.hidden_size(), others = layer.cell().cell_states();
    ops::RecurrentState<T> state{Variable<T>(drawn<T>(random, {sequences, n}), true), {}};
    if (others) state.cell = Variable<T>(drawn<T>(random, {sequences, others * n}), true);
    made.push_back(state);
  }
  return made;
}
/// All gradients of a stack one after another.
template <Real T>
std::vector<T> gradients(const nn::RecurrentStack<T>& stack, const Variable<T>& x,
                         const std::vector<ops::RecurrentState<T>>& initial) {
  std::vector<T> all;
  const auto add = [&](const Variable<T>& v) {
    if (v) all.insert(all.end(), v.grad().values().begin(), v.grad().values().end());
  };
  add(x);
  for (const auto& layer : stack.layers)
    for (const auto& v : {layer.weight_input, layer.weight_hidden, layer.bias_input, layer.bias_hidden})
      add(v);
  for (const auto& state : initial) add(state.hidden), add(state.cell);
  return all;
}

/// A built-in cell and the same as a program would write it: results and all gradients.
template <class Cell, Real T>
void compare(RecurrentCell built_in, double tolerance, Precision precision = Precision::fp32) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    std::mt19937 random(seed);
    const auto one_to = [&](Index most) { return std::uniform_int_distribution<Index>(1, most)(random); };
    nn::RecurrentOptions options{.input_size = one_to(20), .hidden_size = one_to(45), .layers = one_to(2)};
    options.bidirectional = one_to(2) == 1;
    options.precision = precision;
    const bool with_states = one_to(2) == 1;
    CAPTURE(seed);
    test::with_each_instruction_set([&] {
      std::mt19937 same_draws(seed);
      nn::RecurrentStack<T> plain(built_in, options);
      nn::CellRnn<Cell, T> ours(options);
      fill(plain, same_draws);
      for (std::size_t i = 0; i < plain.layers.size(); ++i) {
        auto &from = plain.layers[i], &to = ours.layers[i];
        to.weight_input = nn::Parameter<T>(from.weight_input.value().clone());
        to.weight_hidden = nn::Parameter<T>(from.weight_hidden.value().clone());
        to.bias_input = nn::Parameter<T>(from.bias_input.value().clone());
        to.bias_hidden = nn::Parameter<T>(from.bias_hidden.value().clone());
      }
      const auto run = [&](const nn::RecurrentStack<T>& stack, std::vector<T>& hidden) {
        std::mt19937 draws(seed + 100);
        const auto x = batch<T>(draws, {3, 7, 1, 5, 7, 2, 4}, options.input_size);
        const auto initial = with_states ? states(draws, stack, 7) : std::vector<ops::RecurrentState<T>>{};
        const auto result = stack(x, initial);
        sum_of(result).backward();
        const auto values = result.hidden.values.value().values();
        hidden.assign(values.begin(), values.end());
        return gradients(stack, x.values, initial);
      };
      std::vector<T> hidden, expected_hidden;
      const auto expected = run(plain, expected_hidden), got = run(ours, hidden);
      CHECK(difference(hidden, expected_hidden) < tolerance);
      CHECK(difference(got, expected) < tolerance);
    });
  }
}

/// Central differences of everything that has a gradient, in both directions, with initial states.
template <class Cell>
void check_gradients(Index hidden_size) {
  std::mt19937 random(7);
  nn::CellRnn<Cell, double> rnn({.input_size = 2, .hidden_size = hidden_size, .bidirectional = true});
  fill(rnn, random);
  const auto x = batch<double>(random, {2, 4, 1}, 2);
  const auto initial = states(random, rnn, 3);
  std::vector<Tensor<double>> values{x.values.value()};
  for (std::size_t i = 0; i < rnn.layers.size(); ++i) {
    const auto& layer = rnn.layers[i];
    const Variable<double> all[] = {layer.weight_input, layer.weight_hidden, layer.bias_input,
                                    layer.bias_hidden,  layer.parameters,    initial[i].hidden,
                                    initial[i].cell};
    for (const auto& p : all)
      if (p.value()) values.push_back(p.value().clone());
  }
  const auto loss = [&](std::span<const Variable<double>> inputs) {
    std::size_t at = 1;
    Variable<double> sum;
    for (const bool reverse : {false, true}) {
      const auto& layer = rnn.layers[reverse];
      ops::RecurrentWeights<double> w{inputs[at], inputs[at + 1], inputs[at + 2], inputs[at + 3], {}};
      at += 4;
      if (layer.cell().parameters() > 0) w.parameters = inputs[at++];
      ops::RecurrentState<double> state{inputs[at++], {}};
      if (layer.cell().cell_states() > 0) state.cell = inputs[at++];
      const auto made = ops::recurrent(layer.cell(), {inputs[0], x.layout}, w, state, reverse);
      auto part = sum_of<double>({made.hidden, {made.last}, 1});
      sum = sum ? sum + part : part;
    }
    return sum;
  };
  CHECK(check_gradient(loss, values) < 1e-6);
}

/// Step by step and packed, the same numbers as for the whole batch.
template <class Cell>
void check_stream(double tolerance, double bf16_tolerance) {
  std::mt19937 random(11);
  nn::CellRnn<Cell> rnn({.input_size = 6, .hidden_size = 21, .layers = 2});
  fill(rnn, random, 0.4);
  const auto x = batch<float>(random, {5, 9, 1, 3}, 6);
  const NoGrad no_grad;
  const auto expected = rnn(x);
  for (const auto precision : {Precision::fp32, Precision::bf16, Precision::int8}) {
    const double within = precision == Precision::fp32 ? tolerance : bf16_tolerance;
    const nn::InferenceRnn packed(rnn, {.precision = precision});
    std::vector<float> hidden(static_cast<std::size_t>(x.layout->rows() * 21));
    packed.hidden(x.with(x.values.value()), hidden);
    CHECK(difference(hidden, expected.hidden.values.value().values()) < within);
    std::vector<float> last(4 * 21);
    packed.last_hidden(x.with(x.values.value()), last);
    CHECK(difference(last, expected.last_hidden().value().values()) < within);
    nn::RnnStream stream(packed);
    for (int again = 0; again < 2; ++again, stream.reset()) {
      for (Index step = 0; step < 9; ++step) {
        const auto state = stream.step(x.values.value().rows(5 + step, 1).values());
        CHECK(difference(state, expected.hidden.values.value().rows(5 + step, 1).values()) < within);
      }
      const auto& other = expected.last_state(1, nn::Direction::forward).cell;
      const Index others = rnn.layers[1].cell().cell_states();
      for (Index which = 0; which < others; ++which)
        CHECK(difference(stream.cell(1, which), other.value().values().subspan(
                                                    static_cast<std::size_t>((others + which) * 21), 21)) <
              within);
      CHECK(stream.cell(1, others).empty());
    }
    const nn::RnnStream copy(stream);
    CHECK_THROWS_AS(copy.cell(0, -1), IndexError);
  }
}

}  // namespace

TEST_CASE("cells of a program's own agree with the built-in ones") {
  compare<test::MyLstm, double>(RecurrentCell::lstm, 1e-13);
  compare<test::MyGru, double>(RecurrentCell::gru, 1e-13);
  compare<test::MyRnn, double>(RecurrentCell::rnn_tanh, 1e-13);
  compare<test::MyLstm, float>(RecurrentCell::lstm, 1e-5);
  compare<test::MyGru, float>(RecurrentCell::gru, 1e-5);
  compare<test::MyRnn, float>(RecurrentCell::rnn_tanh, 1e-5);
}

TEST_CASE("cells of a program's own with products in bfloat16 agree with the built-in ones") {
  compare<test::MyLstm, float>(RecurrentCell::lstm, 0.02, Precision::bf16);
  compare<test::MyGru, float>(RecurrentCell::gru, 0.02, Precision::bf16);
}

TEST_CASE("gradients of cells: central differences") {
  check_gradients<test::MyLstm>(3);
  check_gradients<test::MyGru>(3);
  check_gradients<test::Everything>(3);
  check_gradients<test::Slstm>(3);
  check_gradients<nn::PeepholeLstmCell>(3);
  check_gradients<nn::CoupledLstmCell>(3);
}

TEST_CASE("cells: packed and step by step, the same numbers as for the batch") {
  check_stream<test::MyLstm>(1e-5, 0.02);
  check_stream<test::MyGru>(1e-5, 0.02);
  check_stream<test::MyRnn>(1e-5, 0.03);
  check_stream<test::Everything>(2e-5, 0.1);
  check_stream<test::Slstm>(2e-5, 0.05);
  check_stream<nn::PeepholeLstmCell>(1e-5, 0.02);
}

TEST_CASE("packed layers of a cell in both directions, with words") {
  std::mt19937 random(3);
  nn::CellRnn<test::Everything> rnn({.input_size = 4, .hidden_size = 18, .bidirectional = true});
  fill(rnn, random, 0.4);
  const nn::Embedding<float> embedding(nn::EmbeddingOptions{9, 4}, drawn<float>(random, {9, 4}));
  const std::vector<std::vector<std::int32_t>> sentences{{1, 4, 2}, {8}, {0, 3, 3, 5, 7}};
  const std::vector<std::span<const std::int32_t>> words(sentences.begin(), sentences.end());
  const nn::InferenceRnn packed(embedding, rnn);
  std::vector<float> last(3 * 36);
  packed.last_hidden(words, last);
  const Inference scope;
  CHECK(difference(last, rnn(embedding(make_tokens(sentences))).last_hidden().value().values()) < 2e-5);
}

TEST_CASE("a peephole LSTM without peepholes is an LSTM, and coupled gates are one less") {
  compare<nn::PeepholeLstmCell, double>(RecurrentCell::lstm, 1e-13);
  // f = 1 - i: an LSTM whose forget gate has the weights of the input gate with the other sign.
  std::mt19937 random(5);
  nn::CoupledLstm<double> coupled({.input_size = 3, .hidden_size = 10});
  nn::Lstm<double> plain({.input_size = 3, .hidden_size = 10});
  fill(coupled, random);
  const auto spread = [](const nn::Parameter<double>& from, nn::Parameter<double>& to) {
    const Index of_gate = from.value().size() / 3;
    const auto gate = [&](Index k) {
      return from.value().values().subspan(std::size_t(k * of_gate), std::size_t(of_gate));
    };
    auto values = to.mutable_value().mutable_values();
    for (Index i = 0; i < of_gate; ++i) {
      const auto at = static_cast<std::size_t>(i), size = static_cast<std::size_t>(of_gate);
      values[at] = gate(0)[at], values[size + at] = -gate(0)[at];
      values[2 * size + at] = gate(1)[at], values[3 * size + at] = gate(2)[at];
    }
  };
  auto &from = coupled.layers[0], &to = plain.layers[0];
  spread(from.weight_input, to.weight_input), spread(from.weight_hidden, to.weight_hidden);
  spread(from.bias_input, to.bias_input), spread(from.bias_hidden, to.bias_hidden);
  const auto x = batch<double>(random, {4, 6, 1}, 3);
  CHECK(difference(coupled(x).hidden.values.value().values(), plain(x).hidden.values.value().values()) <
        1e-13);
}

TEST_CASE("directions merged by element, residual connections and the forget gate's bias") {
  std::mt19937 random(13);
  const auto x = batch<double>(random, {3, 5, 1}, 4);
  nn::RecurrentOptions options{.input_size = 4, .hidden_size = 6, .bidirectional = true};
  nn::Lstm<double> joined(options);
  const auto parts = joined(x);
  const auto forward = ops::columns(parts.hidden.values, 0, 6),
             backward = ops::columns(parts.hidden.values, 6, 6);
  const auto like = [&](nn::Merge merge, const Variable<double>& expected,
                        const Variable<double>& expected_last) {
    options.merge = merge;
    nn::Lstm<double> merged(options);
    for (std::size_t i = 0; i < 2; ++i) {
      merged.layers[i].weight_input = joined.layers[i].weight_input;
      merged.layers[i].weight_hidden = joined.layers[i].weight_hidden;
    }
    const auto result = merged(x);
    CHECK(result.hidden.values.shape() == Shape{9, 6});
    CHECK(difference(result.hidden.values.value().values(), expected.value().values()) < 1e-15);
    CHECK(difference(result.last_hidden().value().values(), expected_last.value().values()) < 1e-15);
  };
  const auto &h0 = parts.last[0].hidden, &h1 = parts.last[1].hidden;
  like(nn::Merge::sum, forward + backward, h0 + h1);
  like(nn::Merge::mean, 0.5 * (forward + backward), 0.5 * (h0 + h1));
  like(nn::Merge::multiply, forward * backward, h0 * h1);

  // Three layers with residual connections, against the layers one by one.
  options.layers = 3, options.merge = nn::Merge::sum, options.residual = true;
  nn::Gru<double> deep(options);
  auto expected = x;
  for (std::size_t layer = 0; layer < 3; ++layer) {
    auto sum = deep.layers[2 * layer](expected).hidden.values +
               deep.layers[2 * layer + 1](expected, {}, true).hidden.values;
    expected = x.with(layer == 0 ? sum : sum + expected.values);
  }
  CHECK(difference(deep(x).hidden.values.value().values(), expected.values.value().values()) < 1e-15);
  nn::Gru<float> deep_float(options);
  CHECK_THROWS_WITH_AS(
      nn::InferenceRnn{deep_float},
      "pack_for_inference: layers with residual connections, expected layers without; run them "
      "unpacked, in the scope of an Inference",
      ValueError);

  const nn::Lstm<double> remembers({.input_size = 2, .hidden_size = 3, .forget_bias = 1});
  const auto bias = remembers.layers[0].bias_input.value().values();
  CHECK(std::vector<double>(bias.begin(), bias.end()) ==
        std::vector<double>{0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0});
  for (const auto merge : {nn::Merge::sum, nn::Merge::mean, nn::Merge::multiply}) {
    options.layers = 2, options.merge = merge, options.hidden_size = 3;
    const nn::Gru<double> checked(options);
    const auto loss = [&](auto inputs) {
      const auto made = checked({inputs[0], x.layout});
      return ops::sum(ops::tanh(made.hidden.values)) + ops::sum(ops::tanh(made.last_hidden()));
    };
    CHECK(check_gradient(loss, {x.values.value().clone()}) < 1e-6);
  }
  const nn::CellRnn<test::Everything> own({.input_size = 2, .hidden_size = 3});
  CHECK(own.layers[0].bias_input.value().values()[3] == 0.5f);
}

TEST_CASE("arguments of cells: what does not fit is refused in one line") {
  const nn::RecurrentOptions one{.input_size = 2, .hidden_size = 3};
  nn::RecurrentOptions o = one;
  o.forget_bias = 1;
  CHECK_THROWS_WITH_AS(nn::Gru<float>{o},
                       "RecurrentOptions: forget_bias is 1, expected 0, because only an LSTM has it",
                       ValueError);
  o.forget_bias = std::nan("");
  CHECK_THROWS_AS(nn::Lstm<float>{o}, ValueError);
  o = one;
  o.merge = static_cast<nn::Merge>(9);
  CHECK_THROWS_WITH_AS(nn::Lstm<float>{o},
                       "RecurrentOptions: merge is 9, expected concat, sum, mean or multiply", ValueError);
  std::mt19937 random(1);
  const auto x = batch<float>(random, {2, 1}, 2);
  nn::CellRnn<test::Everything> rnn(one);
  CHECK_THROWS_AS(rnn.layers[0].set_bias(6, 0), IndexError);
  CHECK_THROWS_AS(rnn.layers[0].set_bias(-1, 0), IndexError);
  const Variable<float> narrow(Tensor<float>::zeros({2, 3})), wide(Tensor<float>::zeros({2, 6}));
  CHECK_NOTHROW(rnn(x, {{narrow, wide}}));
  CHECK_THROWS_WITH_AS(rnn(x, {{narrow, narrow}}), "recurrent: initial state [2, 3], expected [2, 6]",
                       ShapeError);
  CHECK_THROWS_AS(rnn(x, {{wide, wide}}), ShapeError);
  auto weights = rnn.layers[0].weights();
  weights.parameters = {};
  CHECK_THROWS_WITH_AS(ops::recurrent(rnn.layers[0].cell(), x, weights),
                       "recurrent: parameters [0], expected [6] for 2 of each of 3 units", ShapeError);
  weights.parameters = narrow;
  CHECK_THROWS_AS(ops::recurrent(rnn.layers[0].cell(), x, weights), ShapeError);
  nn::CellRnn<test::MyGru> gru(one);
  CHECK_THROWS_AS(gru(x, {{narrow, narrow}}), ShapeError);
  gru.layers[0] = nn::RecurrentLayer<float>(RecurrentCell::gru, 3, 3);
  CHECK_THROWS_AS(gru(x), ShapeError);
  nn::CellRnn<test::MyGru> mixed({.input_size = 2, .hidden_size = 3, .layers = 2});
  mixed.layers[1] = nn::RecurrentLayer<float>(RecurrentCell::gru, 3, 3);
  CHECK_THROWS_WITH_AS(mixed(x), "recurrent: layers of several kinds of cells", ShapeError);
}

}  // namespace cell_test
