// SPDX-License-Identifier: MIT
// Shapes and values that do not fit: one clear line each.
#include "lstmlib/core.hpp"
#include "support.hpp"

using namespace lstmlib;

namespace {
Variable<float> zeros(Shape shape) { return Variable<float>(Tensor<float>::zeros(shape)); }
}  // namespace

TEST_CASE("errors: the message names the operation and both shapes") {
  CHECK_THROWS_WITH_AS(
      ops::linear(zeros({32, 128}), zeros({64, 300})),
      "linear: input has 128 features, weight expects 300 (input [32, 128], weight [64, 300])", ShapeError);
  CHECK_THROWS_WITH_AS(
      zeros({2, 3}) + zeros({3, 2}),
      "add: shapes [2, 3] and [3, 2] do not broadcast: axis -1 has 3 and 2, expected equal sizes "
      "or 1",
      ShapeError);
}

TEST_CASE("errors: shapes that do not fit") {
  CHECK_THROWS_AS(ops::linear(zeros({3}), zeros({2, 3})), ShapeError);
  CHECK_THROWS_AS(ops::concat<float>({zeros({2, 3}), zeros({3, 3})}), ShapeError);
  CHECK_THROWS_AS(ops::concat<float>({}), ShapeError);
  CHECK_THROWS_AS(ops::transpose(zeros({2, 3, 4})), ShapeError);
  CHECK_THROWS_AS(ops::reshape(zeros({2, 3}), {7}), ShapeError);
  CHECK_THROWS_AS(ops::columns(zeros({2, 3}), 2, 2), IndexError);
  const Index sizes[] = {1, 1};
  CHECK_THROWS_AS(ops::split(zeros({2, 3}), sizes), ShapeError);
  CHECK_THROWS_AS(ops::softmax(zeros({2, 3}), 2), IndexError);
  CHECK_THROWS_AS(ops::max(zeros({2, 0}), 1), ShapeError);
  CHECK_THROWS_AS(ops::convolution_2d(zeros({1, 1, 2, 2}), zeros({1, 1, 3, 3})), ShapeError);
  CHECK_THROWS_AS(ops::convolution_2d(zeros({1, 1, 4, 4}), zeros({1, 2, 3, 3})), ShapeError);
  CHECK_THROWS_AS(ops::convolution_2d(zeros({1, 1, 4, 4}), zeros({1, 1, 3, 3}), {}, {.stride = {0, 1}}),
                  ValueError);
}

TEST_CASE("errors: ids and labels outside their range") {
  const auto ids = [](std::int32_t id) { return Tensor<std::int32_t>::from({id}, {1}); };
  CHECK_THROWS_WITH_AS(ops::embedding(ids(5), zeros({5, 2})), "embedding: id 5, expected 0 to 4", IndexError);
  CHECK_THROWS_AS(ops::embedding(ids(-1), zeros({5, 2})), IndexError);
  CHECK_THROWS_WITH_AS(ops::softmax_cross_entropy(zeros({1, 2}), ids(2)),
                       "softmax_cross_entropy: label 2, expected 0 to 1", IndexError);
  CHECK_THROWS_AS(ops::softmax_cross_entropy(zeros({1, 2}), ids(-2)), IndexError);
  CHECK_THROWS_AS(ops::softmax_cross_entropy(zeros({2, 2}), ids(0)), ShapeError);
  CHECK_THROWS_AS(ops::softmax_cross_entropy(zeros({1, 2}), ids(0), {}, Tensor<float>::zeros({3})),
                  ShapeError);
}

TEST_CASE("errors: recurrent layers say what does not fit") {
  const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{2});
  const ops::RecurrentWeights<float> weights{zeros({12, 4}), zeros({12, 3}), zeros({12}), zeros({12})};
  const auto run = [&](Shape rows, const ops::RecurrentWeights<float>& w,
                       const ops::RecurrentState<float>& first) {
    (void)ops::recurrent(RecurrentCell::lstm, Ragged<Variable<float>>{zeros(rows), layout}, w, first);
  };
  CHECK_NOTHROW(run({2, 4}, weights, {}));
  CHECK_THROWS_AS(run({2, 5}, weights, {}), ShapeError);
  CHECK_THROWS_AS(run({3, 4}, weights, {}), ShapeError);
  CHECK_THROWS_AS(run({2, 4}, {zeros({9, 4}), zeros({12, 3}), zeros({12}), zeros({12})}, {}), ShapeError);
  CHECK_THROWS_AS(run({2, 4}, weights, {zeros({2, 3}), {}}), ShapeError);
  CHECK_THROWS_AS(SequenceLayout(std::vector<Index>{2, 0}), ShapeError);
}
