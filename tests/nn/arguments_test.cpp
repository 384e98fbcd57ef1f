// SPDX-License-Identifier: MIT
// Layers with options left out or outside their range, and with inputs, weights and states that do not fit.
#include "arguments.hpp"

#include <cmath>
#include <limits>

using namespace lstmlib;
using test::Argument;
using test::check_arguments;
using test::numbers;
using test::refused;
using V = Variable<float>;

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
Ragged<V> ragged(V rows) { return {std::move(rows), test::layout_of({2, 1, 3})}; }
Ragged<Tensor<float>> ragged(Tensor<float> rows) { return {std::move(rows), test::layout_of({2, 1, 3})}; }
}  // namespace

TEST_CASE("options of layers: sizes left out are refused by name") {
  CHECK_THROWS_WITH_AS(nn::Linear<float>({.input_size = 3, .output_size = 0}),
                       "LinearOptions: output_size is 0, expected at least 1; was it left out?", ValueError);
  CHECK_THROWS_WITH_AS(nn::Lstm<float>({.input_size = 3, .hidden_size = 0}),
                       "RecurrentOptions: hidden_size is 0, expected at least 1; was it left out?",
                       ValueError);
  for (const Index size : {Index{0}, Index{-1}, std::numeric_limits<Index>::min()}) {
    CHECK_THROWS_AS(nn::Linear<float>({.input_size = size, .output_size = 1}), ValueError);
    CHECK_THROWS_AS(nn::Linear<float>({.input_size = 1, .output_size = size}), ValueError);
    CHECK_THROWS_AS(nn::Embedding<float>({.vocabulary_size = size, .output_size = 1}), ValueError);
    CHECK_THROWS_AS(nn::Embedding<float>({.vocabulary_size = 1, .output_size = size}), ValueError);
    for (const int which : {0, 1, 2}) {
      const auto of = [&](int place) { return place == which ? size : Index{1}; };
      CHECK_THROWS_AS(nn::TextConvolution<float>({.input_size = of(0), .filters = of(1), .window = of(2)}),
                      ValueError);
      const nn::RecurrentOptions o{.input_size = of(0), .hidden_size = of(1), .layers = of(2)};
      CHECK_THROWS_AS(nn::Lstm<float>{o}, ValueError);
      CHECK_THROWS_AS(nn::Gru<float>{o}, ValueError);
      CHECK_THROWS_AS(nn::Rnn<float>{o}, ValueError);
    }
    CHECK_THROWS_AS(nn::RecurrentLayer<float>(RecurrentCell::lstm, size, 1), ValueError);
    CHECK_THROWS_AS(nn::RecurrentLayer<float>(RecurrentCell::lstm, 1, size), ValueError);
  }
  const nn::RecurrentOptions int8{.input_size = 1, .hidden_size = 1, .precision = Precision::int8},
      bf16{.input_size = 1, .hidden_size = 1, .precision = Precision::bf16};
  CHECK_THROWS_AS(nn::Lstm<float>{int8}, ValueError);
  CHECK_THROWS_AS(nn::Lstm<double>{bf16}, ValueError);
  CHECK_NOTHROW(nn::Lstm<float>{bf16});
}

TEST_CASE("options of layers: ratios of dropout") {
  for (const double ratio : {not_a_number, 1.0, -0.1, 2.0, double{INFINITY}}) {
    CHECK_THROWS_AS(nn::Dropout{ratio}, ValueError);
    nn::Dropout later;
    CHECK_THROWS_AS(later.ratio = ratio, ValueError);
    CHECK(later.ratio == 0.5);
    CHECK_THROWS_AS(nn::Lstm<float>({.input_size = 1, .hidden_size = 1, .dropout = ratio}), ValueError);
    nn::Lstm<float> lstm({.input_size = 1, .hidden_size = 1});
    CHECK_THROWS_AS(lstm.dropout.ratio = ratio, ValueError);
  }
  CHECK_THROWS_WITH_AS(nn::Dropout{not_a_number}, "Dropout: ratio is nan, expected 0 to below 1", ValueError);
}

TEST_CASE("numbers of initializers") {
  for (const double number : {not_a_number, double{INFINITY}, -1.0}) {
    CHECK_THROWS_AS(nn::normal<float>({2, 2}, number), ValueError);
    CHECK_THROWS_AS(nn::uniform<float>({2, 2}, number), ValueError);
    CHECK_THROWS_AS(nn::lecun_normal<float>({2, 2}, number), ValueError);
    CHECK_THROWS_AS(nn::glorot_uniform<float>({2, 2}, number), ValueError);
    CHECK_THROWS_AS(nn::he_normal<float>({2, 2}, number), ValueError);
    if (!(number < 0)) CHECK_THROWS_AS(nn::orthogonal<float>({2, 2}, number), ValueError);
  }
}

TEST_CASE("arguments of layers") {
  const nn::Linear<float> linear({.input_size = 2, .output_size = 3});
  check_arguments<float>("linear", {{"x", {6, 2}, {"axis 0 longer", "axis 0 shorter", "an axis more"}}},
                         [&](const std::vector<V>& a) { return linear(a[0]); });
  const nn::TextConvolution<float> convolution({.input_size = 2, .filters = 3, .window = 2});
  check_arguments<float>("convolution_over_time", {{"x", {6, 2}}},
                         [&](const std::vector<V>& a) { return convolution(ragged(a[0])).values; });
  for (const bool both : {false, true}) {
    const nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 3, .layers = 2, .bidirectional = both});
    check_arguments<float>("recurrent", {{"x", {6, 2}}},
                           [&](const std::vector<V>& a) { return lstm(ragged(a[0])).hidden.values; });
    const auto x = ragged(numbers<float>({6, 2}));
    using States = std::vector<ops::RecurrentState<float>>;
    const std::size_t count = both ? 4 : 2;
    CHECK_NOTHROW((void)lstm(x, States(count)));
    refused("recurrent", "too few states", [&] { (void)lstm(x, States(count - 1)); });
    refused("recurrent", "too many states", [&] { (void)lstm(x, States(count + 1)); });
    for (std::size_t layer = 0; layer < count; ++layer)
      for (const auto& [what, shape] : test::wrong_shapes({3, 3})) {
        States first(count);
        first[layer].hidden = numbers<float>(shape);
        refused("recurrent", what, [&] { (void)lstm(x, first); });
        first[layer] = {{}, numbers<float>(shape)};
        refused("recurrent", what, [&] { (void)lstm(x, first); });
      }
  }
  const nn::Embedding<float> embedding({.vocabulary_size = 4, .output_size = 2});
  const auto words = Tensor<std::int32_t>::from({0, 3, 1}, {3});
  for (const bool with_dropout : {false, true}) {
    const auto look_up = [&](const Tokens& tokens) {
      return with_dropout ? embedding(tokens, nn::Dropout{0.5}) : embedding(tokens);
    };
    CHECK_NOTHROW((void)look_up({words, test::layout_of({1, 2})}));
    refused("embedding", "no layout", [&] { (void)look_up({words, nullptr}); });
    refused("embedding", "absent", [&] { (void)look_up({{}, test::layout_of({3})}); });
    refused("embedding", "fewer rows", [&] { (void)look_up({words, test::layout_of({2})}); });
    refused("embedding", "an id", [&] {
      (void)look_up({Tensor<std::int32_t>::from({0, 4, 1}, {3}), test::layout_of({3})});
    });
    refused("embedding", "elsewhere", [&] {
      (void)look_up({words.to(test::other_device()), test::layout_of({3})});
    });
  }
  for (const auto& [what, shape] : test::wrong_shapes({4, 2}))
    CHECK_THROWS_AS(
        nn::Embedding<float>({.vocabulary_size = 4, .output_size = 2}, Tensor<float>::zeros(shape)),
        ShapeError);
  CHECK_THROWS_AS(nn::Embedding<float>({.vocabulary_size = 4, .output_size = 2}, Tensor<float>()),
                  ShapeError);
}

TEST_CASE("layers whose weights were replaced by ones that do not fit") {
  const auto x = ragged(numbers<float>({6, 2}));
  const auto with_each = [&](auto use) {
    for (const bool both : {false, true})
      for (std::size_t layer = 0; layer < (both ? 4u : 2u); ++layer)
        for (const int which : {0, 1, 2, 3}) {
          const auto changed = [&](const std::string& what, V wrong) {
            nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 3, .layers = 2, .bidirectional = both});
            nn::RecurrentLayer<float>& one = lstm.layers[layer];
            nn::Parameter<float>* all[] = {&one.weight_input, &one.weight_hidden, &one.bias_input,
                                           &one.bias_hidden};
            static_cast<Variable<float>&>(*all[which]) = std::move(wrong);
            refused("", message("layer ", layer, ", parameter ", which, " ", what), [&] { use(lstm); });
          };
          const nn::Lstm<float> right(
              {.input_size = 2, .hidden_size = 3, .layers = 2, .bidirectional = both});
          const auto& one = right.layers[layer];
          const Shape shapes[] = {one.weight_input.shape(), one.weight_hidden.shape(), one.bias_input.shape(),
                                  one.bias_hidden.shape()};
          changed("absent", {});
          for (const auto& [what, shape] : test::wrong_shapes(shapes[which]))
            if (both || layer > 0 || which > 0 || what.find("axis 1 ") == what.npos)  // else: other features
              changed(what, numbers<float>(shape));
          changed("elsewhere", numbers<float>(shapes[which], test::other_device()));
        }
  };
  with_each([&](const nn::Lstm<float>& lstm) { (void)lstm(x); });
  with_each([&](const nn::Lstm<float>& lstm) { (void)nn::InferenceRnn(lstm); });
  nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 3});
  const auto unusable = [&] {
    refused("recurrent", "no stack", [&] { (void)lstm(x); });
    refused("recurrent", "no stack", [&] { (void)nn::InferenceRnn(lstm); });
  };
  for (const Index directions : {0, 2, 3, -1}) {
    lstm.directions = directions;
    unusable();
  }
  lstm.directions = 1;
  lstm.layers.emplace_back(RecurrentCell::gru, 3, 3);
  unusable();
  lstm.layers.clear();
  unusable();
}

TEST_CASE("packed layers and streams: inputs, results and layers that do not fit") {
  nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 3, .layers = 2});
  const nn::InferenceRnn inference(lstm);
  std::vector<float> result(9), all(18);
  const auto right = numbers<float>({6, 2}).value();
  const auto both = [&](const std::string& what, const Ragged<Tensor<float>>& x) {
    refused("inference", what, [&] { inference.last_hidden(x, result); });
    refused("inference", what, [&] { inference.hidden(x, all); });
  };
  CHECK_NOTHROW(inference.last_hidden(ragged(right), result));
  CHECK_NOTHROW(inference.hidden(ragged(right), all));
  both("absent", ragged(Tensor<float>()));
  both("without layout", {right, nullptr});
  both("fewer rows", {right, test::layout_of({2, 3})});
  both("more rows", {right, test::layout_of({2, 3, 2})});
  both("elsewhere", ragged(right.to(test::other_device())));
  for (const auto& [what, shape] : test::wrong_shapes({6, 2}))
    both(what, ragged(Tensor<float>::zeros(shape)));
  for (const std::size_t size : {0u, 8u, 10u}) {
    std::vector<float> room(size), room_of_all(size + 9);
    refused("inference", "result", [&] { inference.last_hidden(ragged(right), room); });
    if (size != 9) refused("inference", "result", [&] { inference.hidden(ragged(right), room_of_all); });
  }
  for (const auto precision : {Precision::fp16, Precision::fp32_strict, static_cast<Precision>(99)})
    CHECK_THROWS_AS(nn::InferenceRnn(lstm, {.precision = precision}), ValueError);
  nn::Embedding<float> embedding({.vocabulary_size = 4, .output_size = 2});
  for (const Shape& shape : {Shape{4}, Shape{4, 3}, Shape{4, 1}, Shape{4, 2, 1}, Shape{}}) {
    embedding.weight = nn::Parameter<float>(Tensor<float>::zeros(shape));
    CHECK_THROWS_AS(nn::InferenceRnn(embedding, lstm), ShapeError);
  }
  embedding.weight = {};
  CHECK_THROWS_AS(nn::InferenceRnn(embedding, lstm), ShapeError);
  embedding.weight = nn::Parameter<float>(Tensor<float>::zeros({4, 2}, test::other_device()));
  CHECK_THROWS_AS(nn::InferenceRnn(embedding, lstm), DeviceError);

  nn::RnnStream stream(inference);
  for (const Index layer : {Index{-1}, Index{2}, std::numeric_limits<Index>::max()}) {
    CHECK_THROWS_AS((void)stream.hidden(layer), IndexError);
    CHECK_THROWS_AS((void)stream.cell(layer), IndexError);
  }
  for (const std::size_t size : {0u, 1u, 3u})
    CHECK_THROWS_AS(stream.step(std::vector<float>(size)), ShapeError);
  CHECK(stream.steps() == 0);

  nn::InferenceRnn moved_from(lstm);
  const nn::InferenceRnn moved_to(std::move(moved_from));
  CHECK_THROWS_AS(moved_from.last_hidden(ragged(right), result), Error);
  CHECK_THROWS_AS(nn::RnnStream{moved_from}, Error);
}

TEST_CASE("a copy of a stream goes on by itself") {
  set_seed(3);
  const nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 3, .layers = 2});
  const nn::InferenceRnn inference(lstm);
  const std::vector<float> x{1, 2}, y{-1, 0.5f};
  const auto states = [](const nn::RnnStream& stream) {
    std::vector<float> all;
    for (const Index layer : {0, 1})
      for (const auto part : {stream.hidden(layer), stream.cell(layer)})
        all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  nn::RnnStream a(inference);
  a.step(x);
  const auto after_x = states(a);
  nn::RnnStream b = a, c(inference);
  c = a;
  CHECK(states(b) == after_x);
  CHECK(c.steps() == 1);
  b.step(y);
  const auto after_y = states(b);
  CHECK(after_y != after_x);
  CHECK(states(a) == after_x);
  CHECK(states(c) == after_x);
  a.step(y);
  c.step(y);
  CHECK(states(a) == after_y);
  CHECK(states(c) == after_y);
  CHECK(a.steps() == 2);
  b.reset();
  CHECK(states(a) == after_y);
  auto& self = c;
  c = self;
  CHECK(states(c) == after_y);
  nn::RnnStream d = std::move(c);
  CHECK(states(d) == after_y);
}
