// SPDX-License-Identifier: MIT
// The last states of a stack: of both directions joined, and of one layer and direction.
#include "lstmlib/core.hpp"
#include "support.hpp"

using namespace lstmlib;
using nn::Direction;

namespace {
std::vector<float> copy(const Tensor<float>& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}
Ragged<Variable<float>> input() {
  return {Variable<float>(nn::normal<float>({6, 2}, 1), true),
          std::make_shared<const SequenceLayout>(std::vector<Index>{2, 1, 3})};
}
}  // namespace

TEST_CASE("last_hidden: of one direction, the top layer's state after the last row of each sequence") {
  set_seed(1);
  const nn::Gru<float> gru({.input_size = 2, .hidden_size = 4, .layers = 2});
  const auto out = gru(input());
  CHECK(out.layers() == 2);
  CHECK(out.last_hidden().shape() == Shape{3, 4});
  const auto all = copy(out.hidden.values.value()), last = copy(out.last_hidden().value());
  for (const auto& [sequence, row] : {std::pair{0, 1}, {1, 2}, {2, 5}})
    for (int i = 0; i < 4; ++i)
      CHECK(last[static_cast<std::size_t>(4 * sequence + i)] == all[static_cast<std::size_t>(4 * row + i)]);
  CHECK(out.last_hidden(1, Direction::forward).state() == out.last_hidden().state());
}

TEST_CASE("last_hidden: of two directions, forward and backward side by side, as packed layers have it") {
  set_seed(1);
  const nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 4, .layers = 2, .bidirectional = true});
  const auto x = input();
  const auto out = lstm(x);
  CHECK(out.layers() == 2);
  REQUIRE(out.last_hidden().shape() == Shape{3, 8});
  // The forward half of the last row and the backward half of the first row of each sequence.
  const auto all = copy(out.hidden.values.value()), last = copy(out.last_hidden().value());
  const auto at = [](const std::vector<float>& values, int row, int column) {
    return values[static_cast<std::size_t>(8 * row + column)];
  };
  const int first[] = {0, 2, 3}, end[] = {1, 2, 5};
  for (const int s : {0, 1, 2})
    for (int i = 0; i < 4; ++i) {
      CHECK(at(last, s, i) == at(all, end[s], i));
      CHECK(at(last, s, 4 + i) == at(all, first[s], 4 + i));
    }
  std::vector<float> inference(24);
  nn::InferenceRnn(lstm).last_hidden({x.values.value(), x.layout}, inference);
  for (std::size_t i = 0; i < 24; ++i) CHECK(inference[i] == doctest::Approx(last[i]).epsilon(1e-5));
}

TEST_CASE("last_hidden: one layer and direction by name") {
  set_seed(1);
  const nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 4, .layers = 2, .bidirectional = true});
  const auto out = lstm(input());
  CHECK(out.last_hidden(0, Direction::backward).state() == out.last[1].hidden.state());
  CHECK(out.last_hidden(1, Direction::forward).state() == out.last[2].hidden.state());
  CHECK(out.last_state(1, Direction::backward).cell.state() == out.last[3].cell.state());
  CHECK_THROWS_WITH_AS((void)out.last_hidden(2, Direction::forward),
                       "last_state: layer 2, forward; there are 2 layers in 2 directions", IndexError);
  CHECK_THROWS_AS((void)out.last_hidden(-1, Direction::forward), IndexError);
  const nn::Lstm<float> one({.input_size = 2, .hidden_size = 4});
  const auto of_one = one(input());
  CHECK_THROWS_AS((void)of_one.last_hidden(0, Direction::backward), IndexError);
}

TEST_CASE("last_hidden: the gradient reaches both directions") {
  set_seed(1);
  const nn::Lstm<double> lstm({.input_size = 2, .hidden_size = 3, .bidirectional = true});
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{2, 3});
  const Variable<double> weights(nn::normal<double>({2, 6}, 1));
  const auto loss = [&](std::span<const Variable<double>> in) {
    return ops::sum(lstm({in[0], layout}).last_hidden() * weights);
  };
  CHECK(check_gradient(loss, {nn::normal<double>({5, 2}, 1)}) < 1e-7);
}
