// SPDX-License-Identifier: MIT
// Every operation with every argument wrong in each way it can be wrong: one line that says so, and no kernel
// that reads where nothing is (which sanitizers would tell).
#include "arguments.hpp"

#include <cmath>
#include <limits>

using namespace lstmlib;
using test::Argument;
using test::check_arguments;
using test::numbers;
using test::refused;
using V = Variable<float>;
using Arguments = std::vector<V>;

namespace {
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr Index most = std::numeric_limits<Index>::max(), least = std::numeric_limits<Index>::min();

Tensor<std::int32_t> ids(std::initializer_list<std::int32_t> values) {
  return Tensor<std::int32_t>::from(values, {static_cast<Index>(values.size())});
}
Ragged<V> ragged(V rows) { return {std::move(rows), test::layout_of({2, 1, 3})}; }

/// SequenceLayout that do not fit rows [6, 2], or are none, for an operation of a ragged batch.
template <class Op>
void check_segments(const std::string& name, Op op) {
  const V rows = numbers<float>({6, 2});
  refused(name, "without layout", [&] { (void)op(Ragged<V>{rows, nullptr}); });
  refused(name, "layout of fewer rows", [&] { (void)op(Ragged<V>{rows, test::layout_of({2, 3})}); });
  refused(name, "layout of more rows", [&] { (void)op(Ragged<V>{rows, test::layout_of({2, 3, 2})}); });
  refused(name, "no sequences", [&] { (void)op(Ragged<V>{rows, test::layout_of({})}); });
  CHECK_NOTHROW((void)op(Ragged<V>{numbers<float>({0, 2}), test::layout_of({})}));
}
const Argument any{"x", {2, 3}, {"any"}};
const Argument rows{"rows", {6, 2}, {"axis 1 longer", "axis 1 shorter"}};
}  // namespace

TEST_CASE("arguments: elementwise operations") {
  check_arguments<float>("tanh", {any}, [](const Arguments& a) { return ops::tanh(a[0]); });
  check_arguments<float>("sigmoid", {any}, [](const Arguments& a) { return ops::sigmoid(a[0]); });
  check_arguments<float>("relu", {any}, [](const Arguments& a) { return ops::relu(a[0]); });
  check_arguments<float>("scale", {any}, [](const Arguments& a) { return 2 * a[0]; });
  const std::vector<std::string> broadcast{"without axes", "axis 0 shorter"};
  const std::vector<Argument> two{{"a", {2, 3}, broadcast}, {"b", {2, 3}, broadcast}};
  check_arguments<float>("add", two, [](const Arguments& a) { return a[0] + a[1]; });
  check_arguments<float>("subtract", two, [](const Arguments& a) { return a[0] - a[1]; });
  check_arguments<float>("multiply", two, [](const Arguments& a) { return a[0] * a[1]; });
  refused("add", "both absent", [] { (void)(V() + V()); });
}

TEST_CASE("arguments: changes of shape") {
  check_arguments<float>("reshape", {{"x", {2, 3}, {"an axis more"}}}, [](const Arguments& a) {
    return ops::reshape(a[0], {3, 2});
  });
  refused("reshape", "absent to nothing", [] { (void)ops::reshape(V(), {0}); });
  check_arguments<float>(
      "transpose", {{"x", {2, 3}, {"axis 0 longer", "axis 0 shorter", "axis 1 longer", "axis 1 shorter"}}},
      [](const Arguments& a) { return ops::transpose(a[0]); });
  check_arguments<float>("concat",
                         {{"a", {2, 3}, {"axis 1 longer", "axis 1 shorter"}},
                          {"b", {2, 1}, {"axis 1 longer", "axis 1 shorter"}}},
                         [](const Arguments& a) { return ops::concat<float>(a); });
  refused("concat", "no parts", [] { (void)ops::concat<float>({}); });
  const V x = numbers<float>({2, 3});
  check_arguments<float>("columns", {{"x", {2, 3}, {"axis 0 longer", "axis 0 shorter", "axis 1 longer"}}},
                         [](const Arguments& a) { return ops::columns(a[0], 1, 2); });
  for (const auto& range : std::vector<std::pair<Index, Index>>{{-1, 1},
                                                                {0, 4},
                                                                {3, 1},
                                                                {4, 0},
                                                                {0, -1},
                                                                {1, most},
                                                                {most, 1},
                                                                {most, most},
                                                                {least, 1},
                                                                {1, least}})
    refused("columns", message(range.first, ", ", range.second),
            [&] { (void)ops::columns(x, range.first, range.second); });
  CHECK_NOTHROW((void)ops::columns(x, 3, 0));
  check_arguments<float>("split", {{"x", {2, 3}, {"axis 0 longer", "axis 0 shorter"}}},
                         [](const Arguments& a) {
                           const Index sizes[] = {1, 2};
                           return ops::split(a[0], sizes)[0];
                         });
  for (const std::vector<Index>& sizes :
       std::vector<std::vector<Index>>{{}, {2}, {4}, {-1, 4}, {1, 1}, {most, most}}) {
    refused("split", message(sizes.size(), " sizes"), [&] { (void)ops::split(x, sizes); });
  }
}

TEST_CASE("arguments: reductions and softmax") {
  const Argument matrix{
      "x", {2, 3}, {"an axis more", "axis 0 longer", "axis 0 shorter", "axis 1 longer", "axis 1 shorter"}};
  check_arguments<float>("sum", {matrix}, [](const Arguments& a) { return ops::sum(a[0], 1); });
  check_arguments<float>("mean", {matrix}, [](const Arguments& a) { return ops::mean(a[0], 1); });
  check_arguments<float>("max", {matrix}, [](const Arguments& a) { return ops::max(a[0], 1); });
  check_arguments<float>("softmax", {matrix}, [](const Arguments& a) { return ops::softmax(a[0]); });
  check_arguments<float>("log_softmax", {matrix}, [](const Arguments& a) { return ops::log_softmax(a[0]); });
  check_arguments<float>("sum", {any}, [](const Arguments& a) { return ops::sum(a[0]); });
  check_arguments<float>("mean", {any}, [](const Arguments& a) { return ops::mean(a[0]); });
  const V x = numbers<float>({2, 3});
  for (const int axis : {2, -3, 1000, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()}) {
    refused("sum", message(axis), [&] { (void)ops::sum(x, axis); });
    refused("mean", message(axis), [&] { (void)ops::mean(x, axis); });
    refused("max", message(axis), [&] { (void)ops::max(x, axis); });
    refused("softmax", message(axis), [&] { (void)ops::softmax(x, axis); });
    refused("log_softmax", message(axis), [&] { (void)ops::log_softmax(x, axis); });
  }
  refused("max", "an empty axis", [] { (void)ops::max(numbers<float>({2, 0}), 1); });
}

TEST_CASE("arguments: operations over the rows of sequences") {
  const auto over = [](const char* name, auto op) {
    check_arguments<float>(name, {rows}, [op](const Arguments& a) { return op(ragged(a[0])); });
    check_segments(name, op);
  };
  over("max_over_time", [](const Ragged<V>& x) { return ops::max_over_time(x); });
  over("sum_over_time", [](const Ragged<V>& x) { return ops::sum_over_time(x); });
  over("mean_over_time", [](const Ragged<V>& x) { return ops::mean_over_time(x); });
  over("dropout", [](const Ragged<V>& x) { return ops::dropout(x, 0.5).values; });
  check_arguments<float>("dropout", {any}, [](const Arguments& a) { return ops::dropout(a[0], 0.5); });
  for (const double ratio : {-0.1, 1.0, 2.0, not_a_number})
    refused("dropout", message(ratio), [&] { (void)ops::dropout(numbers<float>({2}), ratio); });
}

TEST_CASE("arguments: linear") {
  check_arguments<float>("linear",
                         {{"x", {4, 3}, {"axis 0 longer", "axis 0 shorter", "an axis more"}},
                          {"weight", {2, 3}},
                          {"bias", {2}, {"absent"}}},
                         [](const Arguments& a) { return ops::linear(a[0], a[1], a[2]); });
  CHECK_THROWS_WITH_AS((void)ops::linear(numbers<float>({4, 3}), numbers<float>({2, 3}), numbers<float>({1})),
                       "linear: bias [1] for weight [2, 3], expected [2]", ShapeError);
  const auto weight = numbers<float>({2, 3}), bias = numbers<float>({2});
  ops::sum(ops::linear(numbers<float>({0, 3}), weight, bias)).backward();  // a batch without rows
  CHECK(weight.grad().values()[0] == 0);
  CHECK(bias.grad().values()[0] == 0);
  refused("linear", "no rows of other features", [&] {
    (void)ops::linear(numbers<float>({0, 4}), weight, bias);
  });
}

TEST_CASE("arguments: embedding") {
  const auto words = ids({0, 4, 2});
  check_arguments<float>("embedding",
                         {{"table", {5, 2}, {"axis 0 longer", "axis 1 longer", "axis 1 shorter"}}},
                         [&](const Arguments& a) { return ops::embedding(words, a[0]); });
  const V table = numbers<float>({5, 2});
  refused("embedding", "absent ids", [&] { (void)ops::embedding(Tensor<std::int32_t>(), table); });
  refused("embedding", "ids elsewhere", [&] { (void)ops::embedding(words.to(test::other_device()), table); });
  for (const std::int32_t id : {5, -1, 1000000, std::numeric_limits<std::int32_t>::max(),
                                std::numeric_limits<std::int32_t>::min() + 1}) {
    INFO(id);
    CHECK_THROWS_AS((void)ops::embedding(ids({0, id}), table), IndexError);
    CHECK_NOTHROW((void)ops::embedding(ids({0, id}), table, id));  // ignored
  }
  CHECK_THROWS_AS((void)ops::embedding(words.reshape({1, 1, 1, 1, 1, 3}), table), ShapeError);  // seven axes
  CHECK_NOTHROW((void)ops::embedding(ids({}), table));

  const auto with = [&](const Tokens& tokens, double ratio) {
    return ops::embedding_with_dropout(tokens, table, ignore_none, ratio);
  };
  const auto one = test::layout_of({3});
  CHECK_NOTHROW((void)with({words, one}, 0.5));
  refused("embedding_with_dropout", "no layout", [&] { (void)with({words, nullptr}, 0.5); });
  refused("embedding_with_dropout", "absent", [&] { (void)with({{}, one}, 0.5); });
  refused("embedding_with_dropout", "too few", [&] { (void)with({words, test::layout_of({2})}, 0.5); });
  refused("embedding_with_dropout", "too many", [&] { (void)with({words, test::layout_of({4})}, 0.5); });
  refused("embedding_with_dropout", "rank", [&] { (void)with({words.reshape({3, 1}), one}, 0.5); });
  for (const double ratio : {-0.1, 1.0, not_a_number})
    CHECK_THROWS_AS((void)with({words, one}, ratio), ValueError);
}

TEST_CASE("arguments: cross entropy and accuracy") {
  const auto labels = ids({0, 2});
  const Argument scores{"scores", {2, 3}, {"axis 1 longer"}};
  check_arguments<float>("softmax_cross_entropy", {scores},
                         [&](const Arguments& a) { return ops::softmax_cross_entropy(a[0], labels); });
  check_arguments<float>("softmax_cross_entropy", {scores}, [&](const Arguments& a) {
    return ops::softmax_cross_entropy(a[0], labels, {.reduction = ops::Reduction::none});
  });
  const V right = numbers<float>({2, 3});
  const auto each = [](const std::string& name, auto op) {
    const V x = numbers<float>({2, 3});
    CHECK_NOTHROW((void)op(x, ids({0, 2})));
    refused(name, "absent labels", [&] { (void)op(x, Tensor<std::int32_t>()); });
    refused(name, "fewer labels", [&] { (void)op(x, ids({0})); });
    refused(name, "more labels", [&] { (void)op(x, ids({0, 1, 2})); });
    refused(name, "a matrix of labels", [&] { (void)op(x, ids({0, 1}).reshape({2, 1})); });
    refused(name, "a scalar", [&] { (void)op(x, ids({0}).reshape({})); });
    refused(name, "labels elsewhere", [&] { (void)op(x, ids({0, 2}).to(test::other_device())); });
    refused(name, "no classes", [&] { (void)op(numbers<float>({2, 0}), ids({0, 0})); });
    for (const std::int32_t label : {3, -2, 1000000, std::numeric_limits<std::int32_t>::min()}) {
      INFO(name, label);
      CHECK_THROWS_AS((void)op(x, ids({0, label})), IndexError);
    }
    CHECK_NOTHROW((void)op(x, ids({0, -1})));  // ignored
    CHECK_NOTHROW((void)op(numbers<float>({0, 3}), ids({})));
  };
  each("softmax_cross_entropy",
       [](const V& x, const ops::Labels& l) { return ops::softmax_cross_entropy(x, l); });
  each("softmax_cross_entropy", [](const V& x, const ops::Labels& l) {
    return ops::softmax_cross_entropy(x, l, {.reduction = ops::Reduction::none});
  });
  each("accuracy", [](const V& x, const ops::Labels& l) { return ops::accuracy(x, l); });
  refused("accuracy", "absent scores", [&] { (void)ops::accuracy(V(), labels); });
  for (const auto& [what, shape] : test::wrong_shapes({2, 3}))
    if (what.find("axis 1") == what.npos)
      refused("accuracy", what, [&, s = shape] { (void)ops::accuracy(numbers<float>(s), labels); });
  for (const Shape& shape : {Shape{2}, Shape{4}, Shape{3, 1}, Shape{}}) {
    const auto weights = Tensor<float>::zeros(shape);
    refused("softmax_cross_entropy", "weights",
            [&] { (void)ops::softmax_cross_entropy(right, labels, {}, weights); });
    refused("softmax_cross_entropy", "weights", [&] {
      (void)ops::softmax_cross_entropy(right, labels, {.reduction = ops::Reduction::none}, weights);
    });
  }
  const auto elsewhere = Tensor<float>::zeros({3}, test::other_device());
  CHECK_THROWS_AS((void)ops::softmax_cross_entropy(right, labels, {}, elsewhere), DeviceError);
  CHECK_NOTHROW((void)ops::softmax_cross_entropy(right, labels, {}, Tensor<float>::zeros({3})));
  CHECK_THROWS_AS(ops::Correct(Tensor<std::int32_t>()), ShapeError);
  CHECK_THROWS_AS(ops::Correct(ids({1})), ShapeError);
}

TEST_CASE("arguments: convolutions") {
  check_arguments<float>(
      "convolution_over_time",
      {{"rows", {6, 2}},
       {"weight", {3, 2, 2, 1}, {"axis 0 longer", "axis 0 shorter", "axis 2 longer", "axis 2 shorter"}}},
      [](const Arguments& a) { return ops::convolution_over_time(ragged(a[0]), a[1]).values; });
  refused("convolution_over_time", "a window of nothing", [] {
    (void)ops::convolution_over_time(ragged(numbers<float>({6, 2})), numbers<float>({3, 2, 0, 1}));
  });
  check_segments("convolution_over_time", [](const Ragged<V>& x) {
    return ops::convolution_over_time(x, numbers<float>({3, 2, 2, 1})).values;
  });
  check_arguments<float>(
      "convolution_2d",
      {{"x",
        {2, 3, 4, 5},
        {"axis 0 longer", "axis 0 shorter", "axis 2 longer", "axis 2 shorter", "axis 3 longer",
         "axis 3 shorter"}},
       {"weight", {2, 3, 2, 3}, {"axis 2 longer", "axis 2 shorter", "axis 3 longer", "axis 3 shorter"}},
       {"bias", {2}, {"absent"}}},
      [](const Arguments& a) { return ops::convolution_2d(a[0], a[1], a[2]); });
  const V x = numbers<float>({1, 1, 4, 4}), w = numbers<float>({1, 1, 2, 2});
  for (const Index value : {Index{0}, Index{-1}, least, most, Index{1} << 40}) {
    refused("convolution_2d", "stride", [&] { (void)ops::convolution_2d(x, w, {}, {.stride = {1, value}}); });
    refused("convolution_2d", "stride", [&] { (void)ops::convolution_2d(x, w, {}, {.stride = {value, 1}}); });
    refused("convolution_2d", "dilation", [&] {
      (void)ops::convolution_2d(x, w, {}, {.dilation = {1, value}});
    });
    if (value != 0)
      refused("convolution_2d", "padding", [&] {
        (void)ops::convolution_2d(x, w, {}, {.padding = {1, value}});
      });
  }
  refused("convolution_2d", "dilation", [&] { (void)ops::convolution_2d(x, w, {}, {.dilation = {4, 1}}); });
  refused("convolution_2d", "no kernel", [&] { (void)ops::convolution_2d(x, numbers<float>({1, 1, 0, 2})); });
  refused("convolution_2d", "no kernel", [&] { (void)ops::convolution_2d(x, numbers<float>({1, 1, 2, 0})); });
  CHECK_NOTHROW((void)ops::convolution_2d(numbers<float>({0, 1, 4, 4}), w));
}

TEST_CASE("arguments: recurrent layers") {
  for (const auto cell :
       {RecurrentCell::lstm, RecurrentCell::gru, RecurrentCell::rnn_tanh, RecurrentCell::rnn_relu}) {
    const Index gates = gate_count(cell);
    const bool lstm = cell == RecurrentCell::lstm;
    std::vector<Argument> arguments{{"x", {6, 2}},
                                    {"input", {3 * gates, 2}},
                                    {"hidden", {3 * gates, 3}},
                                    {"bias_input", {3 * gates}},
                                    {"bias_hidden", {3 * gates}},
                                    {"first hidden", {3, 3}, {"absent"}}};
    if (lstm) arguments.push_back({"first cell", {3, 3}, {"absent"}});
    const auto run = [cell](const Arguments& a, bool reverse) {
      return ops::recurrent(cell, ragged(a[0]), {a[1], a[2], a[3], a[4]}, {a[5], a.size() > 6 ? a[6] : V()},
                            reverse)
          .hidden.values;
    };
    for (const bool reverse : {false, true})
      check_arguments<float>("recurrent", arguments, [&](const Arguments& a) { return run(a, reverse); });
    const ops::RecurrentWeights<float> w{numbers<float>({3 * gates, 2}), numbers<float>({3 * gates, 3}),
                                         numbers<float>({3 * gates}), numbers<float>({3 * gates})};
    check_segments("recurrent", [&](const Ragged<V>& x) { return ops::recurrent(cell, x, w).hidden.values; });
    const auto x = ragged(numbers<float>({6, 2}));
    if (!lstm)
      refused("recurrent", "a cell state", [&] {
        (void)ops::recurrent(cell, x, w, {{}, numbers<float>({3, 3})});
      });
    refused("recurrent", "int8", [&] { (void)ops::recurrent(cell, x, w, {}, false, Precision::int8); });
    refused("recurrent", "no such precision",
            [&] { (void)ops::recurrent(cell, x, w, {}, false, static_cast<Precision>(77)); });
    const ops::RecurrentWeights<float> none{numbers<float>({0, 2}), numbers<float>({0, 0}),
                                            numbers<float>({0}), numbers<float>({0})};
    refused("recurrent", "no units", [&] { (void)ops::recurrent(cell, x, none); });
  }
}
