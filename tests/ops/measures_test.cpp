// SPDX-License-Identifier: MIT
#include "lstmlib/ops/measures.hpp"
#include "arguments.hpp"
#include "lstmlib/core.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace lstmlib::test {
namespace {
using ops::Average;
using ops::ConfusionMatrix;
using ops::Labels;

Labels ids(std::initializer_list<std::int32_t> values) {
  return Labels::from(values, {static_cast<Index>(values.size())});
}

TEST_CASE("precision, recall and F1 of classes and of all") {
  ConfusionMatrix matrix(4);
  matrix.add(ids({0, 1, 1, 2}), ids({0, 0, 1, 1}));
  matrix.add(ids({2, 0, 3, 1}), ids({2, 1, -1, 0}));  // the third is ignored
  CHECK(to_string(matrix.counts()) == "[[1 2 0 0]\n [1 1 1 0]\n [0 0 1 0]\n [0 0 0 0]]");
  CHECK(matrix.count(0, 1) == 2);
  CHECK(matrix.accuracy() == 3 / 7.0);
  // scikit-learn, of labels 0 0 1 1 2 1 0 and predictions 0 1 1 2 2 0 1
  CHECK(matrix.precision(0) == 1 / 2.0);
  CHECK(matrix.recall(0) == 1 / 3.0);
  CHECK(matrix.f1(0) == doctest::Approx(0.4));
  CHECK(matrix.f1(2) == doctest::Approx(2 / 3.0));
  CHECK(matrix.precision(Average::macro) == doctest::Approx((1 / 2.0 + 1 / 3.0 + 1 / 2.0) / 3));
  CHECK(matrix.recall(Average::macro) == doctest::Approx((1 / 3.0 + 1 / 3.0 + 1) / 3));
  CHECK(matrix.f1(Average::macro) == doctest::Approx((0.4 + 1 / 3.0 + 2 / 3.0) / 3));
  for (const double micro :
       {matrix.precision(Average::micro), matrix.recall(Average::micro), matrix.f1(Average::micro)})
    CHECK(micro == doctest::Approx(3 / 7.0));
  CHECK(matrix.f1(3) == 0);  // no such entry
  matrix.reset();
  CHECK(matrix.accuracy() == 0);
  CHECK(matrix.f1(Average::macro) == 0);
}

TEST_CASE("a confusion matrix takes scores") {
  ConfusionMatrix matrix(2);
  const auto scores = [](std::initializer_list<float> values) {
    return Variable<float>(Tensor<float>::from(values, {static_cast<Index>(values.size()) / 2, 2}));
  };
  matrix.add(scores({1, 2, 3, 3, NAN, 0}), ids({1, 1, -1}));
  CHECK(to_string(matrix.counts()) == "[[0 0]\n [1 1]]");
  CHECK_THROWS_WITH_AS(matrix.add(scores({1, 2, NAN, 3}), ids({0, 0})),
                       "confusion matrix: a score of row 1 is NaN", ValueError);
  CHECK(matrix.count(0, 1) == 0);
}

TEST_CASE("perplexity is that of all words, whatever the batches") {
  ops::Perplexity perplexity;
  CHECK(std::isnan(perplexity.value()));
  perplexity.add(std::log(2.0), 3);
  perplexity.add(Variable<double>(Tensor<double>::from({std::log(16.0)}, {})), 1);
  perplexity.add(double{NAN}, 0);
  CHECK(perplexity.count() == 4);
  CHECK(perplexity.value() == doctest::Approx(std::pow(2.0, 7 / 4.0)));
  perplexity.add(double{NAN}, 1);
  CHECK(std::isnan(perplexity.value()));
  perplexity.reset();
  CHECK(perplexity.count() == 0);
}

TEST_CASE("errors of regression") {
  ops::RegressionErrors errors;
  CHECK(std::isnan(errors.mean_absolute_error()));
  errors.add(Tensor<double>::from({2.5, 0, 2, 8}, {4}), Tensor<double>::from({3, -0.5, 2, 7}, {4}));
  CHECK(errors.count() == 4);
  CHECK(errors.mean_absolute_error() == 0.5);  // as scikit-learn's documentation has it
  CHECK(errors.mean_squared_error() == 0.375);
  CHECK(errors.root_mean_squared_error() == std::sqrt(0.375));
  CHECK(errors.r2() == doctest::Approx(0.948608137));
  ops::RegressionErrors masked, far;
  masked.add(Tensor<float>::from({2.5f, NAN, 0, NAN, 2, 9, 8, 9}, {4, 2}),
             Tensor<float>::from({3, 1, -0.5f, 1, 2, 9, 7, 1}, {4, 2}),
             Tensor<float>::from({1, 0, 1, 0, 1, 0, 1, 0}, {4, 2}));
  CHECK(masked.r2() == doctest::Approx(errors.r2()));
  for (int i = 0; i < 1000; ++i) far.add(1e9 + i % 2, 1e9 + (i / 2) % 2);  // no cancellation
  CHECK(far.r2() == doctest::Approx(-1));
  masked.add(double{NAN}, 1);
  CHECK(std::isnan(masked.r2()));
  masked.reset();
  masked.add(Variable<float>(Tensor<float>::from({1, 5}, {2, 1})),
             Variable<float>(Tensor<float>::from({2, 1}, {2, 1})), Tensor<float>::from({1, 0}, {2}));
  CHECK(masked.mean_absolute_error() == 1);
  CHECK(masked.r2() == -INFINITY);
}

TEST_CASE("arguments: measures") {
  for (const Index classes : {Index{0}, Index{-1}, std::numeric_limits<Index>::max()})
    CHECK_THROWS_AS(ConfusionMatrix{classes}, ValueError);
  ConfusionMatrix matrix(2);
  const std::string op = "confusion matrix";
  refused(op, "absent predictions", [&] { matrix.add(Labels(), ids({0})); });
  refused(op, "absent labels", [&] { matrix.add(ids({0}), Labels()); });
  refused(op, "shapes", [&] { matrix.add(ids({0}), ids({0, 1})); });
  refused(op, "a label", [&] { matrix.add(ids({0, 0}), ids({0, 2})); });
  refused(op, "a prediction", [&] { matrix.add(ids({0, -1}), ids({0, 1})); });
  CHECK(matrix.accuracy() == 0);  // nothing was added
  refused(op, "absent scores", [&] { matrix.add(Variable<float>(), ids({0})); });
  refused(op, "scores", [&] { matrix.add(numbers<float>({1, 3}), ids({0})); });
  refused(op, "rows of scores", [&] { matrix.add(numbers<float>({2, 2}), ids({0})); });
  for (const Index label : {Index{-1}, Index{2}}) {
    refused(op, "a class", [&] { (void)matrix.f1(label); });
    refused(op, "a count", [&] { (void)matrix.count(0, label); });
  }
  ops::Perplexity perplexity;
  refused("perplexity", "negative", [&] { perplexity.add(1.0, -1); });
  refused("perplexity", "absent", [&] { perplexity.add(Variable<float>(), 1); });
  CHECK_THROWS_AS(perplexity.add(numbers<float>({2}), 1), ShapeError);
  ops::RegressionErrors errors;
  const auto x = Tensor<float>::zeros({2, 3});
  refused("regression errors", "absent", [&] { errors.add(Tensor<float>(), x); });
  refused("regression errors", "absent targets", [&] { errors.add(x, Tensor<float>()); });
  refused("regression errors", "shapes", [&] { errors.add(x, Tensor<float>::zeros({3, 2})); });
  refused("regression errors", "mask", [&] { errors.add(x, x, Tensor<float>::zeros({3})); });
}

}  // namespace
}  // namespace lstmlib::test
