// SPDX-License-Identifier: MIT
// Every operation's handwritten gradient against central differences, in double.
#include "lstmlib/core.hpp"

#include "support.hpp"

using namespace lstmlib;

namespace {

/// Reproducible values away from 0, where relu and max have corners.
Tensor<double> values(Shape shape, std::uint64_t stream) {
  auto made = Tensor<double>::uninitialized(shape);
  const auto key = math::random_key(7, 99, stream);
  for (std::size_t i = 0; i < made.values().size(); ++i) {
    const double u = 2 * static_cast<double>(math::uniform(key, i)) - 1;
    made.mutable_values()[i] = u + (u < 0 ? -0.05 : 0.05);
  }
  return made;
}

/// A scalar that depends on each element of x with a weight of its own.
Variable<double> weighed(const Variable<double>& x) {
  return ops::sum(x * Variable<double>(values(x.shape(), 1234)));
}

std::shared_ptr<const SequenceLayout> layout(std::initializer_list<Index> lengths) {
  return std::make_shared<const SequenceLayout>(std::vector<Index>(lengths));
}

}  // namespace

TEST_CASE("gradients: arithmetic") {
  const std::vector<Tensor<double>> two{values({3, 4}, 1), values({3, 4}, 2)};
  check_gradient([](auto in) { return weighed(in[0] + in[1]); }, two);
  check_gradient([](auto in) { return weighed(in[0] - in[1]); }, two);
  check_gradient([](auto in) { return weighed(in[0] * in[1]); }, two);
  check_gradient([](auto in) { return weighed(in[0] * in[0]); }, two);
  check_gradient([](auto in) { return weighed(2.5 * in[0]); }, two);
}

TEST_CASE("gradients: activations and softmax") {
  const std::vector<Tensor<double>> x{values({2, 3, 4}, 3)};
  check_gradient([](auto in) { return weighed(ops::tanh(in[0])); }, x);
  check_gradient([](auto in) { return weighed(ops::sigmoid(in[0])); }, x);
  check_gradient([](auto in) { return weighed(ops::relu(in[0])); }, x);
  for (int axis : {0, 1, 2, -1}) {
    check_gradient([axis](auto in) { return weighed(ops::softmax(in[0], axis)); }, x);
    check_gradient([axis](auto in) { return weighed(ops::log_softmax(in[0], axis)); }, x);
  }
}

TEST_CASE("gradients: sums, means, maxima") {
  const std::vector<Tensor<double>> x{values({2, 3, 4}, 4)};
  for (int axis : {0, 1, 2, -1}) {
    check_gradient([axis](auto in) { return weighed(ops::sum(in[0], axis)); }, x);
    check_gradient([axis](auto in) { return weighed(ops::mean(in[0], axis)); }, x);
    check_gradient([axis](auto in) { return weighed(ops::max(in[0], axis)); }, x);
  }
  check_gradient([](auto in) { return ops::mean(in[0]); }, x);
  const std::vector<Tensor<double>> rows{values({7, 3}, 5)};
  const auto s = layout({2, 1, 4});
  check_gradient(
      [s](auto in) {
        return weighed(ops::max_over_time(Ragged<Variable<double>>{in[0], s}));
      },
      rows);
  check_gradient(
      [s](auto in) {
        return weighed(ops::sum_over_time(Ragged<Variable<double>>{in[0], s}));
      },
      rows);
  check_gradient(
      [s](auto in) {
        return weighed(ops::mean_over_time(Ragged<Variable<double>>{in[0], s}));
      },
      rows);
}

TEST_CASE("gradients: changes of shape") {
  const std::vector<Tensor<double>> parts{values({3, 2}, 6), values({3, 4}, 7)};
  check_gradient([](auto in) { return weighed(ops::concat<double>({in[0], in[1], in[0]})); }, parts);
  check_gradient([](auto in) { return weighed(ops::transpose(in[1])); }, parts);
  check_gradient([](auto in) { return weighed(ops::reshape(in[1], {2, 6})); }, parts);
  check_gradient(
      [](auto in) {
        const Index sizes[] = {1, 3};
        const auto cut = ops::split(in[1], sizes);
        return weighed(cut[0]) + weighed(ops::tanh(cut[1]));
      },
      parts);
}

TEST_CASE("gradients: linear, with and without bias") {
  const std::vector<Tensor<double>> in{values({3, 4}, 8), values({2, 4}, 9), values({2}, 10)};
  check_gradient([](auto v) { return weighed(ops::linear(v[0], v[1], v[2])); }, in);
  check_gradient([](auto v) { return weighed(ops::linear(v[0], v[1])); }, in);
}

TEST_CASE("gradients: embedding, with an ignored id") {
  const auto ids = Tensor<std::int32_t>::from({1, 3, -1, 1}, {4});
  check_gradient([ids](auto v) { return weighed(ops::embedding(ids, v[0], -1)); }, {values({5, 3}, 11)});
}

TEST_CASE("gradients: dropout, of rows and of sequences") {
  const auto key = math::random_key(1, 2, 3);
  check_gradient([key](auto v) { return weighed(ops::dropout(v[0], 0.4, key)); }, {values({6, 5}, 12)});
  const auto s = layout({1, 5});
  check_gradient(
      [key, s](auto v) {
        return weighed(ops::dropout(Ragged<Variable<double>>{v[0], s}, 0.4, key).values);
      },
      {values({6, 5}, 13)});
}

TEST_CASE("gradients: softmax cross entropy with ignored labels, class weights, more axes, each entry") {
  const auto labels = Tensor<std::int32_t>::from({0, 2, -1, 1}, {4});
  const auto weights = Tensor<double>::from({0.5, 2, 1}, {3});
  const std::vector<Tensor<double>> scores{values({4, 3}, 14)};
  check_gradient([=](auto v) { return ops::softmax_cross_entropy(v[0], labels); }, scores);
  check_gradient([=](auto v) { return ops::softmax_cross_entropy(v[0], labels, {}, weights); }, scores);
  check_gradient(
      [=](auto v) {
        return weighed(ops::softmax_cross_entropy(v[0], labels, {.reduction = ops::Reduction::none}));
      },
      scores);
  const auto deep = Tensor<std::int32_t>::from({0, 2, -1, 1}, {2, 2});
  check_gradient([=](auto v) { return ops::softmax_cross_entropy(v[0], deep, {.normalize = false}); },
                 {values({2, 3, 2}, 15)});
}

TEST_CASE("gradients: convolutions over text and over images") {
  const auto s = layout({1, 4, 2});
  for (Index window : {1, 3, 5})
    check_gradient(
        [s](auto v) {
          return weighed(ops::convolution_over_time(Ragged<Variable<double>>{v[0], s}, v[1]).values);
        },
        {values({7, 3}, 16), values({2, 3, window, 1}, 17)});
  check_gradient(
      [](auto v) {
        return weighed(
            ops::convolution_2d(v[0], v[1], v[2], {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}}));
      },
      {values({2, 2, 5, 4}, 18), values({3, 2, 3, 2}, 19), values({3}, 20)});
}

TEST_CASE("gradients: recurrent layers of every kind, both directions, with and without first states") {
  const auto s = layout({2, 5, 1, 3});
  for (const auto cell :
       {RecurrentCell::lstm, RecurrentCell::gru, RecurrentCell::rnn_tanh, RecurrentCell::rnn_relu})
    for (const bool reverse : {false, true}) {
      const Index width = gate_count(cell) * 3;
      std::vector<Tensor<double>> in{values({11, 4}, 21), values({width, 4}, 22), values({width, 3}, 23),
                                     values({width}, 24), values({width}, 25),    values({4, 3}, 26)};
      if (cell == RecurrentCell::lstm) in.push_back(values({4, 3}, 27));
      const auto loss = [=](bool states) {
        return [=](auto v) {
          ops::RecurrentState<double> first;
          if (states) first.hidden = v[5];
          if (states && cell == RecurrentCell::lstm) first.cell = v[6];
          const auto out = ops::recurrent(cell, Ragged<Variable<double>>{v[0], s}, {v[1], v[2], v[3], v[4]},
                                          first, reverse);
          auto sum = weighed(out.hidden.values) + weighed(ops::scale(out.last.hidden, 0.5));
          return cell == RecurrentCell::lstm ? sum + weighed(out.last.cell) : sum;
        };
      };
      CAPTURE(static_cast<int>(cell));
      CAPTURE(reverse);
      check_gradient(loss(true), in);
      check_gradient(loss(false), in);
      check_gradient(
          [=](auto v) {  // of the last state alone
            return weighed(
                ops::recurrent(cell, Ragged<Variable<double>>{v[0], s}, {v[1], v[2], v[3], v[4]}, {}, reverse)
                    .last.hidden);
          },
          in);
    }
}
