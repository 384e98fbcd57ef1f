// SPDX-License-Identifier: MIT
// Layers whose steps are operations, and scan() itself: against other layers and finite differences.
#include "lstmlib/core.hpp"

#include "lstmlib/cell.hpp"
#include "lstmlib/io/npz.hpp"
#include "nn/cells.hpp"
#include "support.hpp"

#include <cmath>
#include <random>

using namespace lstmlib;

namespace step_layers_test {
namespace {

template <Real T>
Tensor<T> drawn(std::mt19937& random, Shape shape, double scale = 0.7) {
  auto t = Tensor<T>::uninitialized(shape);
  for (auto& x : t.mutable_values())
    x = static_cast<T>(std::uniform_real_distribution<double>(-scale, scale)(random));
  return t;
}
template <Real T>
Ragged<Variable<T>> batch(std::mt19937& random, std::vector<Index> lengths, Index features) {
  const auto layout = std::make_shared<const SequenceLayout>(lengths);
  return {Variable<T>(drawn<T>(random, {layout->rows(), features}), true), layout};
}
template <Real T>
double difference(const Variable<T>& a, const Variable<T>& b) {
  REQUIRE(a.shape() == b.shape());
  double worst = 0;
  for (std::size_t i = 0; i < a.value().values().size(); ++i) {
    const double d =
        std::fabs(static_cast<double>(a.value().values()[i]) - static_cast<double>(b.value().values()[i]));
    worst = d <= worst ? worst : std::isnan(d) ? INFINITY : d;
  }
  return worst;
}

struct Collect final : nn::TypedMemberVisitor<Collect> {
  std::vector<nn::Parameter<double>*> all;
  template <Real T>
  void parameter(Names, nn::Parameter<T>& p) {
    if constexpr (std::is_same_v<T, double>) all.push_back(&p);
  }
};

/// Finite differences of the input, states and all parameters, both ways; and step by step the same numbers.
template <class Layer>
void check(Layer& layer, Index hidden, Index cells) {
  std::mt19937 random(5);
  Collect parameters;
  layer.visit_members(parameters);
  for (auto* p : parameters.all) *p = nn::Parameter<double>(drawn<double>(random, p->shape()));
  const auto x = batch<double>(random, {2, 4, 1, 4}, 3);
  std::vector<Tensor<double>> values{x.values.value(), drawn<double>(random, {4, hidden})};
  if (cells) values.push_back(drawn<double>(random, {4, cells}));
  const std::size_t states = values.size();
  for (const auto* p : parameters.all) values.push_back(p->value().clone());
  const auto loss = [&](std::span<const Variable<double>> inputs) {
    for (std::size_t i = 0; i < parameters.all.size(); ++i)
      static_cast<Variable<double>&>(*parameters.all[i]) = inputs[states + i];
    ops::RecurrentState<double> initial{inputs[1], {}};
    if (cells) initial.cell = inputs[2];
    Variable<double> sum(Tensor<double>::zeros({}));
    for (const bool reverse : {false, true}) {
      const auto made = layer({inputs[0], x.layout}, initial, reverse);
      sum =
          sum + ops::sum(ops::tanh(made.hidden.values)) + 0.5 * ops::sum(made.last.hidden * made.last.hidden);
      if (cells) sum = sum + 0.3 * ops::sum(made.last.cell * made.last.cell);
    }
    return sum;
  };
  CHECK(check_gradient(loss, values) < 1e-6);

  const NoGrad no_grad;
  const auto made = layer(x);
  Index row = 2;  // the second sequence, step by step
  ops::RecurrentState<double> state;
  for (Index step = 0; step < 4; ++step, ++row) {
    state = layer(x.values.rows(row, 1), state);
    CHECK(difference(state.hidden, made.hidden.values.rows(row, 1)) < 1e-14);
  }
  CHECK(difference(state.hidden, made.last.hidden.rows(1, 1)) < 1e-14);
  const auto back = layer(x, {}, true);  // a reverse pass ends at the first row
  CHECK(difference(back.last.hidden.rows(0, 1), back.hidden.values.rows(0, 1)) == 0);
  const Variable<double> wrong(Tensor<double>::zeros({4, hidden + 1}));
  CHECK_THROWS_AS(layer(x, {wrong, {}}), ShapeError);
  if (cells)
    CHECK_THROWS_AS(layer(x, {{}, Variable<double>(Tensor<double>::zeros({4, cells + 1}))}), ShapeError);
  else CHECK_THROWS_AS(layer(x, {{}, wrong}), ShapeError);
  CHECK_THROWS_AS(layer(Variable<double>()), ShapeError);
  CHECK_THROWS_AS(layer(Ragged<Variable<double>>{x.values, nullptr}), ShapeError);
}

}  // namespace

TEST_CASE("gradients of layers whose steps are operations") {
  nn::GruResetBefore<double> gru({.input_size = 3, .hidden_size = 4});
  check(gru, 4, 0);
  nn::ProjectedLstm<double> projected({.input_size = 3, .hidden_size = 4, .projection_size = 2});
  check(projected, 2, 4);
  nn::LayerNormLstm<double> normalized({.input_size = 3, .hidden_size = 4});
  check(normalized, 4, 4);
}

TEST_CASE("an LSTM whose projection changes nothing is an LSTM") {
  std::mt19937 random(2);
  nn::ProjectedLstm<float> projected({.input_size = 3, .hidden_size = 5, .projection_size = 5});
  nn::RecurrentLayer<float> plain(RecurrentCell::lstm, 3, 5);
  plain.weight_input = projected.weight_input, plain.weight_hidden = projected.weight_hidden;
  projected.bias = nn::Parameter<float>(drawn<float>(random, {20}));
  plain.bias_input = projected.bias;
  auto one = Tensor<float>::zeros({5, 5});
  for (std::size_t i = 0; i < 5; ++i) one.mutable_values()[6 * i] = 1;
  projected.weight_projection = nn::Parameter<float>(one);
  const auto x = batch<float>(random, {4, 1, 6}, 3);
  for (const bool reverse : {false, true}) {
    const auto ours = projected(x, {}, reverse), expected = plain(x, {}, reverse);
    CHECK(difference(ours.hidden.values, expected.hidden.values) < 1e-6);
    CHECK(difference(ours.last.hidden, expected.last.hidden) < 1e-6);
    CHECK(difference(ours.last.cell, expected.last.cell) < 1e-6);
  }
}

TEST_CASE("options of layers whose steps are operations, and arguments of scan") {
  CHECK_THROWS_WITH_AS(nn::GruResetBefore<float>({.input_size = 3, .hidden_size = 0}),
                       "GruResetBefore: hidden_size is 0, expected at least 1; was it left out?", ValueError);
  CHECK_THROWS_AS(nn::GruResetBefore<float>({.input_size = 3, .hidden_size = 2, .forget_bias = 1}),
                  ValueError);
  CHECK_THROWS_AS(nn::LayerNormLstm<float>({.input_size = -1, .hidden_size = 2}), ValueError);
  CHECK_THROWS_AS(nn::LayerNormLstm<float>({.input_size = 1, .hidden_size = 2, .forget_bias = std::nan("")}),
                  ValueError);
  CHECK_THROWS_AS(nn::ProjectedLstm<float>({.input_size = 1, .hidden_size = 2, .projection_size = 0}),
                  ValueError);
  CHECK_THROWS_AS(nn::ProjectedLstm<float>({.input_size = 0, .hidden_size = 2, .projection_size = 1}),
                  ValueError);
  const nn::ProjectedLstm<float> remembers(
      {.input_size = 1, .hidden_size = 1, .projection_size = 1, .forget_bias = 1});
  CHECK(remembers.bias.value().values()[1] == 1);

  std::mt19937 random(2);
  const auto x = batch<float>(random, {2, 1}, 3);
  const Variable<float> zeros(Tensor<float>::zeros({2, 3}));
  const auto same = [](const Variable<float>&, const std::vector<Variable<float>>& states) { return states; };
  CHECK_NOTHROW(ops::scan<float>(x, {zeros}, same));
  CHECK_THROWS_WITH_AS(ops::scan<float>(x, {}, same), "scan: no states, expected at least one", ShapeError);
  CHECK_THROWS_AS(ops::scan<float>(x, {Variable<float>()}, same), ShapeError);
  CHECK_THROWS_WITH_AS(ops::scan<float>(x, {Variable<float>(Tensor<float>::zeros({3, 3}))}, same),
                       "scan: initial state [3, 3], expected [2, any]", ShapeError);
  CHECK_THROWS_AS(ops::scan<float>({x.values, nullptr}, {zeros}, same), ShapeError);
  CHECK_THROWS_WITH_AS(
      ops::scan<float>(x, {zeros}, [](const auto&, const auto&) { return std::vector<Variable<float>>{}; }),
      "scan: the step returned 0 states, expected 1", ShapeError);
  CHECK_THROWS_WITH_AS(
      ops::scan<float>(x, {zeros},
                       [](const auto& rows, const auto&) { return std::vector{ops::columns(rows, 0, 2)}; }),
      "scan: the step returned state 0 of shape [2, 2], expected [2, 3]", ShapeError);
}

TEST_CASE("recurrent layers of other kinds agree with the formulas of their papers in NumPy") {
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{3, 1, 5});
  struct File {
    io::Archive arrays;
    explicit File(const std::string& name)
        : arrays(io::read_npz(test::fixtures() / "cells" / (name + ".npz"))) {}
    Tensor<double> operator()(const std::string& key) const {
      const auto& array = arrays.at(key);
      return Tensor<double>::from(array.to<double>(), Shape(array.shape));
    }
    nn::Parameter<double> parameter(const std::string& key) const {
      return nn::Parameter<double>((*this)(key));
    }
    void check(const Variable<double>& hidden, const Variable<double>& last) const {
      CHECK(difference(hidden, Variable<double>((*this)("hidden"))) < 1e-13);
      CHECK(difference(last, Variable<double>((*this)("last"))) < 1e-13);
    }
  };
  const auto joined = [](const ops::RecurrentState<double>& state) {
    return state.cell ? ops::concat<double>({state.hidden, state.cell}) : state.hidden;
  };
  const auto of_cell = [&](const std::string& name, nn::RecurrentLayer<double> layer) {
    const File file(name);
    layer.weight_input = file.parameter("weight_input"),
    layer.weight_hidden = file.parameter("weight_hidden");
    layer.bias_input = file.parameter("bias");
    if (layer.parameters) layer.parameters = file.parameter("parameters");
    const auto made = layer({Variable<double>(file("x")), layout});
    file.check(made.hidden.values, joined(made.last));
  };
  of_cell("peephole", {custom_cell<double, nn::PeepholeLstmCell>, 3, 6});
  of_cell("coupled", {custom_cell<double, nn::CoupledLstmCell>, 3, 6});

  // The heads of an sLSTM see only their own states, so each is a layer.
  const File slstm("slstm");
  std::vector<Variable<double>> hidden, states[4];
  for (Index head = 0; head < 2; ++head) {
    nn::RecurrentLayer<double> layer(custom_cell<double, test::Slstm>, 3, 3);
    layer.weight_input = nn::Parameter<double>(slstm("weight_input").rows(head, 1).reshape({12, 3}));
    layer.weight_hidden = nn::Parameter<double>(slstm("weight_hidden").rows(head, 1).reshape({12, 3}));
    layer.bias_input = nn::Parameter<double>(slstm("bias").rows(head, 1).reshape({12}));
    const auto made = layer({Variable<double>(slstm("x")), layout});
    hidden.push_back(made.hidden.values);
    states[0].push_back(made.last.hidden);
    for (Index k = 0; k < 3; ++k) states[k + 1].push_back(ops::columns(made.last.cell, 3 * k, 3));
  }
  std::vector<Variable<double>> last;
  for (const auto& state : states) last.insert(last.end(), state.begin(), state.end());
  slstm.check(ops::concat(hidden), ops::concat(last));

  const auto of_steps = [&](const std::string& name, auto layer, auto fill) {
    const File file(name);
    layer.weight_input = file.parameter("weight_input"),
    layer.weight_hidden = file.parameter("weight_hidden");
    layer.bias = file.parameter("bias");
    fill(layer, file);
    const auto made = layer({Variable<double>(file("x")), layout});
    file.check(made.hidden.values, joined(made.last));
  };
  of_steps("gru_reset_before", nn::GruResetBefore<double>({.input_size = 3, .hidden_size = 6}),
           [](auto&, const File&) {});
  of_steps(
      "projected", nn::ProjectedLstm<double>({.input_size = 3, .hidden_size = 6, .projection_size = 4}),
      [](auto& layer, const File& file) { layer.weight_projection = file.parameter("weight_projection"); });
  of_steps("layer_normalized", nn::LayerNormLstm<double>({.input_size = 3, .hidden_size = 6}),
           [](auto& layer, const File& file) {
             layer.gain_input = file.parameter("gain_input"),
             layer.gain_hidden = file.parameter("gain_hidden");
             layer.gain_cell = file.parameter("gain_cell"), layer.bias_cell = file.parameter("bias_cell");
           });
}

TEST_CASE("training with a cell of a program's own: the sLSTM learns which of two symbols came first") {
  set_seed(1);
  struct Model : nn::Module {
    nn::CellRnn<test::Slstm> rnn{{.input_size = 2, .hidden_size = 8}};
    nn::Linear<float> output{{.input_size = 8, .output_size = 2}};
    void visit_members(nn::MemberVisitor& visit) override { visit("rnn", rnn)("output", output); }
  } model;
  optim::Adam optimizer(model, {.learning_rate = 0.02});
  std::mt19937 random(4);
  const auto train = [&] {
    std::vector<Index> lengths;
    std::vector<std::int32_t> labels;
    std::vector<float> rows;
    for (int i = 0; i < 16; ++i) {
      lengths.push_back(3 + static_cast<Index>(random() % 5));
      labels.push_back(static_cast<std::int32_t>(random() % 2));
      for (Index t = 0; t < lengths.back(); ++t) {
        const bool second = t == 0 ? labels.back() == 1 : random() % 2 == 1;
        rows.insert(rows.end(), {second ? 0.0f : 1.0f, second ? 1.0f : 0.0f});
      }
    }
    const auto layout = std::make_shared<const SequenceLayout>(lengths);
    const Ragged<Variable<float>> x{Variable<float>(Tensor<float>::from(rows, {layout->rows(), 2})), layout};
    const auto loss = ops::softmax_cross_entropy(model.output(model.rnn(x).last_hidden()),
                                         Tensor<std::int32_t>::from(labels, {16}));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss.item();
  };
  const float first = train();
  float last = first;
  for (int i = 0; i < 150; ++i) last = train();
  CHECK(first > 0.5f);
  CHECK(last < 0.1f);
}

}  // namespace step_layers_test
