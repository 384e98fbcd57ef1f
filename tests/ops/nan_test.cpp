// SPDX-License-Identifier: MIT
// What is not a number stays visible: maxima, accuracy, activations and clipping, on every instruction set.
#include "lstmlib/core.hpp"

#include "backend/settings.hpp"

#include <cmath>
#include <limits>

using namespace lstmlib;

namespace {

/// Calls `use(nan, infinity)` in both element types, for each instruction set.
template <class Use>
void everywhere(Use use) {
  test::with_each_instruction_set([&] {
    const auto of = [&]<Real T>(std::type_identity<T>) {
      use(std::numeric_limits<T>::quiet_NaN(), std::numeric_limits<T>::infinity());
    };
    of(std::type_identity<float>{});
    of(std::type_identity<double>{});
  });
}
template <Real T>
Variable<T> leaf(std::vector<T> values, Shape shape) {
  return Variable<T>(Tensor<T>::from(values, shape), true);
}
/// Equal, or both NaN.
template <Real T>
void check_values(const Tensor<T>& ours, const std::vector<T>& expected) {
  REQUIRE(static_cast<std::size_t>(ours.size()) == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    INFO("element ", i);
    const T value = ours.values()[i];
    CHECK((value == expected[i] || (std::isnan(value) && std::isnan(expected[i]))));
  }
}

}  // namespace

TEST_CASE(
    "nan: the maximum of elements with a NaN is NaN wherever it stands, and all NaNs have the gradient") {
  everywhere([]<Real T>(T nan, T inf) {
    const auto x = leaf<T>({nan, 2, 3, 1, nan, 3, 1, 2, nan, inf, nan, -inf, 3, 3, 1, nan, nan, 7}, {6, 3});
    const auto y = ops::max(x, 1);
    check_values<T>(y.value(), {nan, nan, nan, nan, 3, nan});
    ops::sum(y).backward();
    check_values<T>(x.grad(), {1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0});
    const auto columns = leaf<T>({nan, 1, 5, 2, 3, 5}, {2, 3});  // over an axis whose lines lie side by side
    const auto largest = ops::max(columns, 0);
    check_values<T>(largest.value(), {nan, 3, 5});
    ops::sum(largest).backward();
    check_values<T>(columns.grad(), {1, 0, 1, 0, 1, 1});
    check_values<T>(ops::max(leaf<T>({-inf, -inf}, {1, 2}), 1).value(), {-inf});
  });
}

TEST_CASE("nan: the maximum over time, with ties") {
  everywhere([]<Real T>(T nan, T) {
    const auto layout = std::make_shared<const SequenceLayout>(std::vector<Index>{3, 1, 2});
    const auto x = leaf<T>({1, nan, 4, 2, nan, 4, 2, 0, 1, nan, 7, -1, 5, 1, 2, 5, 1, nan}, {6, 3});
    const auto y = ops::max_over_time(Ragged<Variable<T>>{x, layout});
    check_values<T>(y.value(), {2, nan, 4, nan, 7, -1, 5, 1, nan});
    ops::sum(y).backward();
    check_values<T>(x.grad(), {0, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1});
    // As wide as several vectors and a rest.
    const Index width = 37;
    std::vector<T> values(static_cast<std::size_t>(2 * width), T(1));
    for (std::size_t i = 0; i < 37; i += 5) values[i] = nan;
    for (std::size_t i = 37; i < 74; i += 3) values[i] = nan;
    const auto wide = ops::max_over_time(Ragged<Variable<T>>{
        leaf<T>(values, {2, width}), std::make_shared<const SequenceLayout>(std::vector<Index>{2})});
    for (std::size_t i = 0; i < 37; ++i)
      CHECK(std::isnan(wide.value().values()[i]) == (i % 5 == 0 || i % 3 == 0));
  });
}

TEST_CASE("nan: a row with a NaN among its scores is not right, whatever its label") {
  everywhere([]<Real T>(T nan, T inf) {
    const auto right = [](std::vector<T> scores, std::int32_t label) {
      const auto size = static_cast<Index>(scores.size());
      return ops::accuracy(leaf<T>(scores, {1, size}), Tensor<std::int32_t>::from({label}, {1}));
    };
    for (const std::int32_t label : {0, 1}) {
      CHECK(right({nan, nan}, label) == 0);
      CHECK(right({nan, 5}, label) == 0);
      CHECK(right({5, nan}, label) == 0);
    }
    CHECK(right({inf, 5}, 0) == 1);
    CHECK(right({-inf, -inf}, 0) == 1);  // the first of equal ones
    CHECK(right({3, 3, 1}, 1) == 0);
    const auto scores = leaf<T>({nan, 1, 2, 1, 0, 3}, {3, 2});
    const auto counts = ops::count_correct(scores, Tensor<std::int32_t>::from({1, 0, 1}, {3})).counts();
    CHECK(counts.correct == 2);
    CHECK(counts.counted == 3);
  });
}

TEST_CASE("nan: activations, softmax and losses pass it on") {
  everywhere([]<Real T>(T nan, T) {
    for (const Index size : {1, 7, 40}) {  // part of a vector, and several
      std::vector<T> values(static_cast<std::size_t>(size), T(0.5));
      values.back() = nan;
      const auto x = leaf<T>(values, {1, size});
      for (const auto& y : {ops::tanh(x), ops::sigmoid(x), ops::relu(x)}) {
        CHECK(std::isnan(y.value().values().back()));
        if (size > 1) CHECK(std::isfinite(y.value().values().front()));
      }
      const auto probabilities = ops::softmax(x);
      for (const T probability : probabilities.value().values()) CHECK(std::isnan(probability));
      CHECK(std::isnan(ops::softmax_cross_entropy(x, Tensor<std::int32_t>::zeros({1})).item()));
      CHECK(std::isnan(ops::sum(x).item()));
    }
  });
}

TEST_CASE("nan: a gradient with one makes all clipped ones NaN; without one, clipping is as ever") {
  everywhere([]<Real T>(T nan, T inf) {
    struct Two final : nn::Module {
      nn::Parameter<T> a{Tensor<T>::zeros({2})}, b{Tensor<T>::zeros({40})};
      void visit_members(nn::MemberVisitor& visit) override { visit("a", a)("b", b); }
    };
    const auto after = [&](T bad) {
      Two model;
      optim::Sgd sgd(model, {.learning_rate = 1});
      sgd.add_hook(optim::ClipGradNorm{1});
      model.a.mutable_grad() = Tensor<T>::from({bad, T(3)}, {2});
      model.b.mutable_grad() = Tensor<T>::zeros({40});
      sgd.step();
      return std::vector<T>{model.a.value().values()[1], model.b.value().values()[39]};
    };
    CHECK(std::isnan(after(nan)[0]));
    CHECK(std::isnan(after(nan)[1]));
    CHECK(after(inf)[0] == 0);  // PyTorch's: the factor is 0
    CHECK(after(4)[0] == doctest::Approx(-0.6));
    CHECK(after(0)[0] == doctest::Approx(-1));

    Two model;  // limits of single values leave a NaN where it is
    optim::Sgd sgd(model, {.learning_rate = 1});
    sgd.add_hook(optim::ClipGradValue{-1, 1});
    model.a.mutable_grad() = Tensor<T>::from({nan, T(3)}, {2});
    sgd.step();
    CHECK(std::isnan(model.a.value().values()[0]));
    CHECK(model.a.value().values()[1] == -1);
  });
}
