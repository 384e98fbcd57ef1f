// SPDX-License-Identifier: MIT
// Losses beside PyTorch's (fixtures/make_loss_fixtures.py) and beside differences.
#include "arguments.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/io/npz.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace lstmlib::test {
namespace {
using ops::LossOptions;
using ops::Reduction;

const io::Archive& arrays() {
  static const io::Archive all = io::read_npz(fixtures() / "losses.npz");
  return all;
}
template <Element T>
Tensor<T> given(const std::string& name) {
  const io::Array& array = arrays().at(name);
  return Tensor<T>::from(array.as_numbers<T>(), Shape(std::span<const Index>(array.shape)));
}
template <Real T>
void compare(const std::string& name, const Tensor<T>& mine) {
  const auto theirs = given<double>(name);
  INFO(name);
  REQUIRE(mine);
  REQUIRE(mine.shape() == theirs.shape());
  for (std::size_t i = 0; i < mine.values().size(); ++i)
    CHECK(static_cast<double>(mine.values()[i]) ==
          doctest::Approx(theirs.values()[i]).epsilon(std::same_as<T, float> ? 2e-6 : 1e-12));
}

/// Calls `loss(x, t, reduction)` and compares results and gradients. `t`: name of the target; empty: a loss that
/// has no gradient by it. `mean_as`: what PyTorch computed under the name "mean".
template <Real T, class Loss>
void check_loss(const std::string& name, const std::string& t_name, const std::string& g_name, Loss loss,
                Reduction mean_as = Reduction::mean) {
  const std::pair<const char*, Reduction> ways[] = {
      {"mean", mean_as}, {"sum", Reduction::sum}, {"none", Reduction::none}};
  for (const auto& [word, reduction] : ways) {
    const std::string key = name + "/" + word;
    const Variable<T> x(given<T>(name.starts_with("ctc") ? "ctc/scores" : "x"), true);
    const Variable<T> t(t_name.empty() ? Tensor<T>::zeros({1}) : given<T>(t_name), true);
    const Variable<T> y = loss(x, t, reduction);
    compare(key, y.value());
    (reduction == Reduction::none ? ops::sum(y * Variable<T>(given<T>(g_name))) : y).backward();
    compare(key + "/x", x.grad());
    if (!t_name.empty()) compare(key + "/t", t.grad());
  }
}
template <Real T>
void check_all() {
  using V = const Variable<T>&;
  check_loss<T>("mse", "t", "g", [](V x, V t, Reduction r) { return ops::mse_loss(x, t, {r}); });
  check_loss<T>("l1", "t", "g", [](V x, V t, Reduction r) { return ops::l1_loss(x, t, {r}); });
  check_loss<T>("huber", "t", "g",
                [](V x, V t, Reduction r) { return ops::huber_loss(x, t, {.delta = 0.7, .loss = {r}}); });
  check_loss<T>("smooth_l1", "t", "g",
                [](V x, V t, Reduction r) { return ops::smooth_l1_loss(x, t, {.beta = 0.7, .loss = {r}}); });
  check_loss<T>("bce", "p", "g", [](V x, V t, Reduction r) {
    return ops::binary_cross_entropy_with_logits(x, t, {r, false}, given<T>("w"), given<T>("pw"));
  });
  check_loss<T>("kl", "p", "g", [](V x, V t, Reduction r) { return ops::kl_div(x, t, {.loss = {r}}); });
  check_loss<T>("kl_log", "t", "g",
                [](V x, V t, Reduction r) { return ops::kl_div(x, t, {.log_target = true, .loss = {r}}); });
  check_loss<T>("ranking", "", "g", [](V x, V, Reduction r) {
    return ops::hinge_loss(x - Variable<T>(given<T>("t")), given<T>("sign"), {.margin = 0.5, .loss = {r}});
  });
  const auto labels = given<std::int32_t>("labels");
  const auto class_weights = given<T>("cw");
  check_loss<T>("nll", "", "gl",
                [&](V x, V, Reduction r) { return ops::nll_loss(x, labels, {.reduction = r}); });
  check_loss<T>(
      "nll_weights", "", "gl",
      [&](V x, V, Reduction r) { return ops::nll_loss(x, labels, {.reduction = r}, class_weights); },
      Reduction::sum);
  check_loss<T>("plain", "", "gl",
                [&](V x, V, Reduction r) { return ops::softmax_cross_entropy(x, labels, {.reduction = r}); });
  check_loss<T>("smooth", "", "gl", [&](V x, V, Reduction r) {
    return ops::softmax_cross_entropy(x, labels, {.reduction = r, .label_smoothing = 0.2});
  });
  check_loss<T>(
      "smooth_weights", "", "gl",
      [&](V x, V, Reduction r) {
        return ops::softmax_cross_entropy(x, labels, {.reduction = r, .label_smoothing = 0.2}, class_weights);
      },
      Reduction::sum);
  check_loss<T>("soft", "", "gl", [&](V x, V, Reduction r) {
    return ops::softmax_cross_entropy(x, given<T>("q"), {.reduction = r, .label_smoothing = 0.1},
                                      class_weights);
  });
}

TEST_CASE("losses and their gradients are PyTorch's") {
  check_all<double>();
  check_all<float>();
}

TEST_CASE("gradients of losses agree with differences") {
  set_seed(4);
  const auto weights = Tensor<double>::from({0.5, 0, 2}, {3});  // of rows
  const auto x = nn::normal<double>({3, 2}, 2), t = nn::normal<double>({3, 2}, 2);
  const auto probability = Tensor<double>::from({0.1, 0.9, 0.3, 0.6, 1, 0.2}, {3, 2});
  const auto check = [&](const Tensor<double>& target, auto loss) {
    for (const auto reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
      const auto scalar = [&](auto in) {
        const auto y = loss(in[0], in[1], LossOptions{reduction});
        return ops::sum(y * y);
      };
      CHECK(check_gradient(scalar, {x, target}) < 1e-6);
    }
  };
  check(t, [&](auto a, auto b, auto o) { return ops::mse_loss(a, b, o, weights); });
  check(t, [&](auto a, auto b, auto o) { return ops::l1_loss(a, b, o, weights); });
  check(t, [&](auto a, auto b, auto o) { return ops::huber_loss(a, b, {.delta = 0.8, .loss = o}, weights); });
  check(t,
        [&](auto a, auto b, auto o) { return ops::smooth_l1_loss(a, b, {.beta = 2, .loss = o}, weights); });
  check(t, [&](auto a, auto b, auto o) { return ops::hinge_loss(a, b, {.loss = o}, weights); });
  check(t,
        [&](auto a, auto b, auto o) { return ops::kl_div(a, b, {.log_target = true, .loss = o}, weights); });
  check(probability, [&](auto a, auto b, auto o) { return ops::kl_div(a, b, {.loss = o}, weights); });
  check(probability, [&](auto a, auto b, auto o) {
    return ops::binary_cross_entropy_with_logits(a, b, o, weights, Tensor<double>::from({0.5, 3}, {2}));
  });
  const auto labels = ops::Labels::from({1, 0, -1, 2}, {2, 2});
  const auto smoothed = [&](auto in) {
    return ops::softmax_cross_entropy(in[0], labels, {.label_smoothing = 0.3},
                                      Tensor<double>::from({1, 2, 0.5}, {3}));
  };
  CHECK(check_gradient(smoothed, {nn::normal<double>({2, 3, 2}, 1)}) < 1e-8);
  const auto likelihood = [&](auto in) { return ops::nll_loss(in[0] * in[0], labels, {.normalize = false}); };
  CHECK(check_gradient(likelihood, {nn::normal<double>({2, 3, 2}, 1)}) < 1e-8);
}

TEST_CASE("weights are a mask: what has weight 0 does not count, even if it is NaN") {
  const Variable<double> x(Tensor<double>::from({1, 2, NAN, INFINITY, 5, 6}, {3, 2}), true);
  const auto t = Tensor<double>::zeros({3, 2});
  const auto mask = Tensor<double>::from({1, 0, 1}, {3});
  const auto loss = ops::mse_loss(x, t, {}, mask);
  CHECK(loss.item() == (1 + 4 + 25 + 36) / 4.0);
  loss.backward();
  CHECK(to_string(x.grad()) == "[[0.5 1. ]\n [0.  0. ]\n [2.5 3. ]]");
  CHECK(ops::mse_loss(x, t, {.normalize = false}, mask).item() == 66 / 6.0);
  CHECK(ops::mse_loss(x, t, {.reduction = Reduction::sum}, mask).item() == 66);
  CHECK(to_string(ops::mse_loss(x, t, {.reduction = Reduction::none}, mask)) ==
        "[[ 1.  4.]\n [ 0.  0.]\n [25. 36.]]");
  CHECK(ops::mse_loss(x, t, {}, Tensor<double>::zeros({3})).item() == 0);
  CHECK(std::isnan(ops::mse_loss(x, t).item()));  // without a mask NaN stays visible
  CHECK(std::isnan(ops::huber_loss(x, t).item()));
  CHECK(std::isnan(ops::hinge_loss(x, t).item()));
  CHECK(std::isnan(ops::binary_cross_entropy_with_logits(x, t).item()));
  const auto nothing = numbers<double>({0, 2});
  CHECK(ops::mse_loss(nothing, Tensor<double>::zeros({0, 2})).item() == 0);
  const auto scores = numbers<double>({2, 3});
  CHECK(ops::nll_loss(scores, ops::Labels::from({-1, -1}, {2})).item() == 0);
}

TEST_CASE("binary cross entropy and hinge do not overflow") {
  const Variable<float> x(Tensor<float>::from({500, -500, 500, -500}, {4}), true);
  const auto t = Tensor<float>::from({1, 0, 0, 1}, {4});
  CHECK(to_string(ops::binary_cross_entropy_with_logits(x, t, {.reduction = Reduction::none})) ==
        "[  0.   0. 500. 500.]");
  ops::binary_cross_entropy_with_logits(x, t, {.reduction = Reduction::sum}).backward();
  CHECK(to_string(x.grad()) == "[ 0.  0.  1. -1.]");
}

TEST_CASE("a large loss has the same sum however it is divided") {
  const auto big = nn::normal<float>({300, 200}, 1);
  const Variable<float> x(big, true);
  double exact = 0;
  for (const float value : big.values()) exact += static_cast<double>(value) * static_cast<double>(value);
  CHECK(static_cast<double>(ops::mse_loss(x, Tensor<float>::zeros({300, 200})).item()) ==
        doctest::Approx(exact / 60000).epsilon(1e-6));
}

TEST_CASE("arguments: losses") {
  using V = Variable<float>;
  const std::vector<Argument> two{{"x", {3, 2}}, {"target", {3, 2}}};
  check_arguments<float>("mse_loss", two, [](const std::vector<V>& a) { return ops::mse_loss(a[0], a[1]); });
  check_arguments<float>("l1_loss", two, [](const std::vector<V>& a) { return ops::l1_loss(a[0], a[1]); });
  check_arguments<float>("huber_loss", two,
                         [](const std::vector<V>& a) { return ops::huber_loss(a[0], a[1]); });
  check_arguments<float>("smooth_l1_loss", two,
                         [](const std::vector<V>& a) { return ops::smooth_l1_loss(a[0], a[1]); });
  check_arguments<float>("kl_div", two, [](const std::vector<V>& a) { return ops::kl_div(a[0], a[1]); });
  check_arguments<float>("hinge_loss", two,
                         [](const std::vector<V>& a) { return ops::hinge_loss(a[0], a[1]); });
  check_arguments<float>("binary_cross_entropy_with_logits",
                         {{"x", {3, 2}},
                          {"target", {3, 2}},
                          {"weights", {3}, {"absent", "without axes", "an axis less"}},
                          {"positive", {2}, {"absent", "axis 0 shorter"}}},
                         [](const std::vector<V>& a) {
                           return ops::binary_cross_entropy_with_logits(a[0], a[1], {}, a[2].value(),
                                                                        a[3].value());
                         });
  const V x = numbers<float>({3, 2});
  refused("mse_loss", "absent target", [&] { (void)ops::mse_loss(x, Tensor<float>()); });
  const auto wrong = static_cast<Reduction>(9);
  refused("mse_loss", "reduction", [&] { (void)ops::mse_loss(x, x, {wrong}); });
  const double bad[] = {-1, double{NAN}, double{INFINITY}};
  for (const double value : bad) {
    CHECK_THROWS_AS((void)ops::huber_loss(x, x, {.delta = value}), ValueError);
    CHECK_THROWS_AS((void)ops::smooth_l1_loss(x, x, {.beta = value}), ValueError);
    CHECK_THROWS_AS((void)ops::softmax_cross_entropy(x, ops::Labels::zeros({3}), {.label_smoothing = value}),
                    ValueError);
  }
  CHECK_THROWS_AS((void)ops::huber_loss(x, x, {.delta = 0}), ValueError);
  CHECK_THROWS_AS((void)ops::hinge_loss(x, x, {.margin = double{NAN}}), ValueError);
  CHECK_THROWS_AS((void)ops::softmax_cross_entropy(x, ops::Labels::zeros({3}), {.label_smoothing = 1.5}),
                  ValueError);
  const auto labels = ops::Labels::zeros({3});
  check_arguments<float>("nll_loss", {{"x", {3, 2}, {"axis 1 longer", "axis 1 shorter"}}},
                         [&](const std::vector<V>& a) { return ops::nll_loss(a[0], labels); });
  refused("nll_loss", "absent labels", [&] { (void)ops::nll_loss(x, ops::Labels()); });
  refused("nll_loss", "labels", [&] { (void)ops::nll_loss(x, ops::Labels::zeros({2})); });
  refused("nll_loss", "class weights",
          [&] { (void)ops::nll_loss(x, labels, {}, Tensor<float>::zeros({3})); });
  CHECK_THROWS_WITH_AS((void)ops::nll_loss(x, ops::Labels::from({0, 2, 0}, {3})),
                       "nll_loss: label 2, expected 0 to 1", IndexError);
  CHECK_THROWS_AS(
      (void)ops::softmax_cross_entropy(x, ops::Labels::from({0, -2, 0}, {3}), {.label_smoothing = 0.1}),
      IndexError);
  refused("softmax_cross_entropy", "probabilities", [&] {
    (void)ops::softmax_cross_entropy(x, Tensor<float>::zeros({3, 3}));
  });
  refused("softmax_cross_entropy", "absent probabilities",
          [&] { (void)ops::softmax_cross_entropy(x, Tensor<float>()); });
}

}  // namespace
}  // namespace lstmlib::test
