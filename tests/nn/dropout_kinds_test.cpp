// SPDX-License-Identifier: MIT
// Locked, word and weight dropout, and zoneout: what masks depend on, gradients, arguments, and the identity after
// training.
#include "lstmlib/nn/dropout_kinds.hpp"
#include "arguments.hpp"
#include "lstmlib/nn/zoneout.hpp"
#include "nn/layer_case.hpp"

#include <cmath>

using namespace lstmlib;

namespace dropout_kinds_test {
namespace {

template <Real T>
std::vector<T> numbers_of(const Variable<T>& x) {
  return {x.value().values().begin(), x.value().values().end()};
}
template <Real T>
Ragged<Variable<T>> ones(const std::vector<Index>& lengths, Index features) {
  const auto layout = test::layout_of(lengths);
  return {Variable<T>(lstmlib::ones<T>({layout->rows(), features})), layout};
}
/// Gradients are recorded, but layers behave as after training.
struct AfterTraining {
  AfterTraining() { lstmlib::detail::mode().training = false; }
  ~AfterTraining() { lstmlib::detail::mode().training = true; }
};
double share_of_zeros(const std::vector<float>& all) {
  return static_cast<double>(std::count(all.begin(), all.end(), 0.0f)) / static_cast<double>(all.size());
}

}  // namespace

TEST_CASE("locked dropout: the mask is one for each sequence, and all time steps share it") {
  set_seed(1);
  begin_step(0);
  const auto x = ones<float>({3, 1, 4}, 500);
  const auto y = nn::LockedDropout{0.3}(x);
  CHECK(y.layout == x.layout);
  for (Index s = 0; s < 3; ++s) {
    const auto first = numbers_of(y.sequence(s).rows(0, 1));
    CHECK(share_of_zeros(first) == doctest::Approx(0.3).epsilon(0.25));
    for (const float v : first) CHECK((v == 0 || v == doctest::Approx(1 / 0.7)));
    for (Index row = 1; row < x.layout->length(s); ++row)
      CHECK(numbers_of(y.sequence(s).rows(row, 1)) == first);
  }
  CHECK(numbers_of(y.sequence(0).rows(0, 1)) != numbers_of(y.sequence(1)));
  // Another process that has the last sequence of the batch alone draws the same mask for it.
  begin_step(0);
  random_state().first_sentence = 2;
  const auto alone = nn::LockedDropout{0.3}(ones<float>({4}, 500));
  random_state().first_sentence = 0;
  CHECK(numbers_of(alone.values) == numbers_of(y.sequence(2)));
}

TEST_CASE("word dropout: whole rows, and the same words of ids") {
  set_seed(2);
  const std::vector<Index> lengths{300, 1, 200};
  begin_step(0);
  const auto y = nn::WordDropout{0.2}(ones<float>(lengths, 3));
  begin_step(0);
  const Tokens tokens{full<std::int32_t>({501}, 7), test::layout_of(lengths)};
  const auto ids = nn::WordDropout{0.2}(tokens, 99);
  Index dropped = 0;
  for (Index row = 0; row < 501; ++row) {
    const auto of_row = numbers_of(y.values.rows(row, 1));
    const bool zero = of_row[0] == 0;
    dropped += zero;
    CHECK(of_row == std::vector<float>(3, of_row[0]));
    if (!zero) CHECK(of_row[0] == doctest::Approx(1 / 0.8));
    CHECK(ids.values.at(row) == (zero ? 99 : 7));
  }
  CHECK(static_cast<double>(dropped) / 501 == doctest::Approx(0.2).epsilon(0.25));
  CHECK(tokens.values.at(0) == 7);  // a copy
  begin_step(0);
  random_state().first_sentence = 2;
  const auto alone = nn::WordDropout{0.2}(ones<float>({200}, 3));
  random_state().first_sentence = 0;
  CHECK(numbers_of(alone.values) == numbers_of(y.sequence(2)));
}

TEST_CASE("weight dropout: every process has the same mask") {
  set_seed(3);
  const Variable<float> w(lstmlib::ones<float>({100, 50}));
  begin_step(4);
  const auto here = numbers_of(ops::weight_dropout(w, 0.4));
  CHECK(share_of_zeros(here) == doctest::Approx(0.4).epsilon(0.05));
  for (const float v : here) CHECK((v == 0 || v == doctest::Approx(1 / 0.6)));
  begin_step(4);
  random_state().first_sentence = 17;
  CHECK(numbers_of(ops::weight_dropout(w, 0.4)) == here);
  random_state().first_sentence = 0;
  CHECK(numbers_of(ops::weight_dropout(w, 0.4)) != here);  // another call
}

TEST_CASE("gradients of dropout of sequences, words and weights") {
  const auto layout = test::layout_of({3, 1, 4});
  const auto check = [&](auto function) {
    const auto loss = [&](auto in) {
      begin_step(0);  // the same masks again
      return ops::sum(ops::tanh(function(in[0])));
    };
    CHECK(check_gradient(loss, {random_normal<double>({8, 5})}) < 1e-6);
  };
  check([&](const Variable<double>& x) { return ops::locked_dropout<double>({x, layout}, 0.4).values; });
  check([&](const Variable<double>& x) { return ops::word_dropout<double>({x, layout}, 0.4).values; });
  check([&](const Variable<double>& x) { return ops::weight_dropout(x, 0.4); });
}

TEST_CASE("after training, and with a ratio of 0, these layers change nothing") {
  const auto x = ones<float>({3, 1}, 4);
  const Tokens tokens = make_tokens({{{1, 2}, {3}}});
  const auto same = [&](double ratio) {
    CHECK(nn::LockedDropout{ratio}(x).values.view().data == x.values.view().data);
    CHECK(nn::WordDropout{ratio}(x).values.view().data == x.values.view().data);
    CHECK(nn::WordDropout{ratio}(tokens, 9).values.view().data == tokens.values.view().data);
  };
  same(0);
  const Inference inference;
  same(0.9);
}

TEST_CASE("dropout of sequences, words and weights refuses wrong arguments") {
  const auto x = ones<float>({3, 1}, 4);
  const Tokens tokens = make_tokens({{{1, 2}, {3}}});
  for (const double ratio : {1.0, -0.1, std::nan("")}) {
    CHECK_THROWS_AS(ops::locked_dropout(x, ratio), ValueError);
    CHECK_THROWS_AS(ops::word_dropout(x, ratio), ValueError);
    CHECK_THROWS_AS(ops::word_dropout(tokens, 1, ratio), ValueError);
    CHECK_THROWS_AS(ops::weight_dropout(x.values, ratio), ValueError);
    CHECK_THROWS_AS(nn::LockedDropout{ratio}, ValueError);
    CHECK_THROWS_AS(nn::WordDropout{ratio}, ValueError);
    CHECK_THROWS_AS((nn::WeightDropout<nn::Lstm<float>>{{.input_size = 2, .hidden_size = 2}, ratio}),
                    ValueError);
  }
  const std::vector<std::string> any{"axis 1 longer", "axis 1 shorter"};
  test::check_arguments<float>("locked_dropout", {{"input", {4, 3}, any}}, [&](const auto& in) {
    return ops::locked_dropout<float>({in[0], x.layout}, 0.5).values;
  });
  test::check_arguments<float>("word_dropout", {{"input", {4, 3}, any}}, [&](const auto& in) {
    return ops::word_dropout<float>({in[0], x.layout}, 0.5).values;
  });
  CHECK_THROWS_AS(ops::weight_dropout(Variable<float>(), 0.5), ShapeError);
  CHECK_THROWS_AS(ops::word_dropout(Tokens{tokens.values, nullptr}, 1, 0.5), ShapeError);
}

TEST_CASE_TEMPLATE("WeightDropout runs its layers with masked weights of the hidden state", Layers,
                   nn::Lstm<float>, nn::Gru<float>) {
  set_seed(4);
  const nn::RecurrentOptions options{.input_size = 3, .hidden_size = 5, .layers = 2, .bidirectional = true};
  nn::WeightDropout<Layers> dropped{options, 0.5};
  for (auto& layer : dropped.layers.layers)  // not 0: a row of a GRU may be dropped as a whole
    layer.bias_hidden = nn::Parameter<float>(random_normal<float>(layer.bias_hidden.shape()));
  const auto x = make_ragged(Variable<float>(random_normal<float>({9, 3})), {5, 1, 3});
  begin_step(2);
  const auto ours = dropped(x);

  // The same layers with weights that were masked before.
  Layers plain(options);
  begin_step(2);
  for (std::size_t i = 0; i < plain.layers.size(); ++i) {
    const auto& from = dropped.layers.layers[i];
    plain.layers[i].weight_input = from.weight_input;
    plain.layers[i].bias_input = from.bias_input;
    plain.layers[i].bias_hidden = from.bias_hidden;
    plain.layers[i].weight_hidden =
        nn::Parameter<float>(ops::weight_dropout(from.weight_hidden, 0.5).value().clone());
  }
  CHECK(numbers_of(ours.hidden.values) == numbers_of(plain(x).hidden.values));
  CHECK(numbers_of(ours.last_hidden()) == numbers_of(plain(x).last_hidden()));

  // A weight that was dropped has no gradient.
  ops::sum(ours.hidden.values).backward();
  begin_step(2);
  const auto mask = numbers_of(ops::weight_dropout(
      Variable<float>(lstmlib::ones<float>(dropped.layers.layers[0].weight_hidden.shape())), 0.5));
  const auto gradient = dropped.layers.layers[0].weight_hidden.grad();
  for (std::size_t i = 0; i < mask.size(); ++i) CHECK((mask[i] == 0) == (gradient.values()[i] == 0));

  {
    const Inference inference;
    CHECK(numbers_of(dropped(x).hidden.values) == numbers_of(dropped.layers(x).hidden.values));
  }
  // Files are those of the layers.
  const auto file = test::scratch("weight_dropout") / "layers.npz";
  io::save_npz(file, dropped);
  Layers loaded(options);
  io::load_npz(file, loaded);
  CHECK(loaded.parameter_count() == dropped.parameter_count());
  CHECK(numbers_of(loaded(x).hidden.values) == numbers_of(dropped.layers(x).hidden.values));

  CHECK_THROWS_WITH_AS(dropped.layers(x, {}, {dropped.layers.layers[0].weights()}),
                       "recurrent: weights of 1 layers, expected 4", ShapeError);
  auto wrong = std::vector<ops::RecurrentWeights<float>>(4, dropped.layers.layers[0].weights());
  CHECK_THROWS_AS(dropped.layers(x, {}, wrong), ShapeError);
}

TEST_CASE_TEMPLATE("zoneout after training gives the expected states, as PyTorch's cells do", T, float,
                   double) {
  const AfterTraining scope;
  const test::LayerFixtures fixtures;
  struct Lstm : nn::ZoneoutLstm<T> {
    using nn::ZoneoutLstm<T>::ZoneoutLstm;
    Variable<T> operator()(const Ragged<Variable<T>>& x) const {
      return static_cast<const nn::ZoneoutLstm<T>&>(*this)(x).hidden.values;
    }
  };
  struct Gru : nn::ZoneoutGru<T> {
    using nn::ZoneoutGru<T>::ZoneoutGru;
    Variable<T> operator()(const Ragged<Variable<T>>& x) const {
      return static_cast<const nn::ZoneoutGru<T>&>(*this)(x).hidden.values;
    }
  };
  fixtures.check<T>("zoneout_lstm",
                    [] { return Lstm({.input_size = 2, .hidden_size = 3, .hidden = 0.3, .cell = 0.2}); });
  fixtures.check<T>("zoneout_gru", [] { return Gru({.input_size = 2, .hidden_size = 3, .hidden = 0.3}); });
}

TEST_CASE("zoneout in training keeps single states, and none with ratios of 0") {
  set_seed(5);
  const nn::ZoneoutOptions options{.input_size = 2, .hidden_size = 300, .hidden = 0.25, .cell = 0.5};
  const nn::ZoneoutLstm<float> lstm(options);
  const auto x = make_ragged(Variable<float>(random_normal<float>({8, 2})), {5, 3});
  begin_step(0);
  const auto made = lstm(x);
  Index kept = 0;
  for (Index row = 1; row < 5; ++row) {
    const auto before = numbers_of(made.hidden.values.rows(row - 1, 1)),
               after = numbers_of(made.hidden.values.rows(row, 1));
    for (std::size_t i = 0; i < after.size(); ++i) kept += after[i] == before[i];
  }
  CHECK(static_cast<double>(kept) / 1200 == doctest::Approx(0.25).epsilon(0.15));
  // Cells that are kept at the first step are 0.
  const auto first = lstm(make_ragged(x.values.rows(0, 1), {1})).last.cell;
  CHECK(share_of_zeros(numbers_of(first)) == doctest::Approx(0.5).epsilon(0.2));
  // A sequence has its mask wherever it is.
  begin_step(0);
  random_state().first_sentence = 1;
  const auto alone = lstm(make_ragged(x.values.rows(5, 3), {3}));
  random_state().first_sentence = 0;
  for (std::size_t i = 0; i < 900; ++i)
    CHECK(numbers_of(alone.hidden.values)[i] ==
          doctest::Approx(numbers_of(made.hidden.sequence(1))[i]).epsilon(1e-5));

  // With ratios of 0, it is the layer of the library.
  nn::ZoneoutLstm<float> plain({.input_size = 2, .hidden_size = 4, .hidden = 0, .forget_bias = 1});
  const auto ours = plain(x), expected = plain.layer(x);
  nn::ZoneoutGru<float> plain_gru({.input_size = 2, .hidden_size = 4, .hidden = 0});
  const auto ours_gru = plain_gru(x, {}, true), expected_gru = plain_gru.layer(x, {}, true);
  for (std::size_t i = 0; i < 32; ++i) {
    CHECK(numbers_of(ours.hidden.values)[i] ==
          doctest::Approx(numbers_of(expected.hidden.values)[i]).epsilon(1e-5));
    CHECK(numbers_of(ours_gru.hidden.values)[i] ==
          doctest::Approx(numbers_of(expected_gru.hidden.values)[i]).epsilon(1e-5));
  }
  CHECK(plain.layer.bias_input.value().values()[4] == 1);
  // Files are those of nn::Lstm.
  const auto file = test::scratch("zoneout") / "lstm.npz";
  io::save_npz(file, plain);
  nn::Lstm<float> loaded({.input_size = 2, .hidden_size = 4});
  io::load_npz(file, loaded);
  CHECK(numbers_of(loaded(x).hidden.values) == numbers_of(expected.hidden.values));
}

TEST_CASE("gradients of zoneout, and its options") {
  set_seed(6);
  nn::ZoneoutLstm<double> lstm({.input_size = 2, .hidden_size = 3, .hidden = 0.3, .cell = 0.4});
  nn::ZoneoutGru<double> gru({.input_size = 2, .hidden_size = 3, .hidden = 0.4});
  const auto layout = test::layout_of({3, 1, 4});
  const auto check = [&](auto& layer) {
    const auto loss = [&](auto in) {
      begin_step(0);
      static_cast<Variable<double>&>(layer.layer.weight_hidden) = in[1];
      static_cast<Variable<double>&>(layer.layer.bias_input) = in[2];
      const auto made = layer({in[0], layout}, {in[3], {}}, true);
      return ops::sum(ops::tanh(made.hidden.values)) + ops::sum(made.last.hidden * made.last.hidden);
    };
    const Index width = layer.layer.cell().gates() * 3;
    CHECK(check_gradient(loss, {random_normal<double>({8, 2}), random_normal<double>({width, 3}),
                                random_normal<double>({width}), random_normal<double>({3, 3})}) < 1e-6);
  };
  check(lstm);
  check(gru);
  CHECK(lstm(Variable<double>(random_normal<double>({2, 2}))).cell.shape() == Shape{2, 3});  // one step

  CHECK_THROWS_WITH_AS(nn::ZoneoutLstm<float>({.input_size = 2, .hidden_size = 0}),
                       "ZoneoutLstm: hidden_size is 0, expected at least 1; was it left out?", ValueError);
  CHECK_THROWS_WITH_AS(nn::ZoneoutLstm<float>({.input_size = 2, .hidden_size = 2, .hidden = 1}),
                       "ZoneoutLstm: hidden is 1, expected 0 to below 1", ValueError);
  CHECK_THROWS_AS(nn::ZoneoutLstm<float>({.input_size = 2, .hidden_size = 2, .cell = -0.1}), ValueError);
  CHECK_THROWS_AS(nn::ZoneoutGru<float>({.input_size = 2, .hidden_size = 2, .cell = 0.1}), ValueError);
  CHECK_THROWS_AS(nn::ZoneoutGru<float>({.input_size = 2, .hidden_size = 2, .forget_bias = 1}), ValueError);
  CHECK_THROWS_AS(lstm(make_ragged(Variable<double>(Tensor<double>::zeros({4, 3})), {4})), ShapeError);
  CHECK_THROWS_AS(lstm({Variable<double>(), layout}), ShapeError);
}

}  // namespace dropout_kinds_test
