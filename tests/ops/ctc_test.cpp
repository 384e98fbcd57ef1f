// SPDX-License-Identifier: MIT
// Connectionist temporal classification beside PyTorch's, beside the sum over all alignments, and beside
// differences.
#include "arguments.hpp"
#include "lstmlib/core.hpp"
#include "lstmlib/io/npz.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace lstmlib::test {
namespace {
using Lists = std::vector<std::vector<std::int32_t>>;
using ops::Reduction;

Tensor<double> array(const std::string& name) {
  static const io::Archive all = io::read_npz(fixtures() / "losses.npz");
  const io::Array& found = all.at(name);
  return Tensor<double>::from(found.as_numbers<double>(), Shape(std::span<const Index>(found.shape)));
}
void compare(const std::string& name, const Tensor<double>& mine) {
  const auto theirs = array(name);
  INFO(name);
  REQUIRE(mine.shape() == theirs.shape());
  for (std::size_t i = 0; i < mine.values().size(); ++i)
    CHECK(mine.values()[i] == doctest::Approx(theirs.values()[i]).epsilon(1e-10));
}
const Lists labels{{1, 2, 2}, {3, 1}, {}, {4, 4}};

TEST_CASE("CTC and its gradients are PyTorch's") {
  const std::pair<const char*, Reduction> ways[] = {
      {"mean", Reduction::mean}, {"sum", Reduction::sum}, {"none", Reduction::none}};
  for (const std::int32_t blank : {0, 4})
    for (const auto& [word, reduction] : ways) {
      const std::string key = std::string(blank == 0 ? "ctc/zero/" : "ctc/last_blank/") + word;
      Lists targets = labels;
      for (auto& list : targets)
        for (auto& label : list) label -= blank == 4;
      const Variable<double> scores(array("ctc/scores"), true);
      const auto x = make_ragged(ops::log_softmax(scores), {7, 4, 5, 2});
      const auto loss =
          ops::ctc_loss(x, targets, {.blank = blank, .zero_infinity = true, .reduction = reduction});
      compare(key, loss.value());
      (reduction == Reduction::none ? ops::sum(loss * Variable<double>(array("gs"))) : loss).backward();
      compare(key + "/x", scores.grad());
    }
}

TEST_CASE("CTC is the sum over all alignments") {
  set_seed(5);
  const Index steps = 5, classes = 3;
  const auto log_p = ops::log_softmax(Variable<double>(nn::normal<double>({steps, classes}, 1)));
  for (const Lists& targets : {Lists{{1}}, Lists{{1, 2}}, Lists{{2, 2}}, Lists{{}}, Lists{{1, 1, 2}}}) {
    double probability = 0;
    for (Index path = 0; path < 243; ++path) {  // 3^5 alignments
      double p = 0;
      std::vector<std::int32_t> spelt;
      std::int32_t before = 0;
      Index rest = path;
      for (Index t = 0; t < steps; ++t, rest /= classes) {
        const auto c = static_cast<std::int32_t>(rest % classes);
        p += log_p.value().values()[static_cast<std::size_t>(t * classes + c)];
        if (c != before && c != 0) spelt.push_back(c);
        before = c;
      }
      if (spelt == targets[0]) probability += std::exp(p);
    }
    const auto loss = ops::ctc_loss(make_ragged(log_p, {steps}), targets, {.reduction = Reduction::sum});
    CHECK(loss.item() == doctest::Approx(-std::log(probability)).epsilon(1e-12));
  }
}

TEST_CASE("the gradient of CTC agrees with differences") {
  set_seed(6);
  for (const auto reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    const auto loss = [&](auto in) {
      const auto y =
          ops::ctc_loss(make_ragged(in[0], {6, 3, 4}), Lists{{1, 1, 2}, {3}, {}}, {.reduction = reduction});
      return ops::sum(y * y);
    };
    CHECK(check_gradient(loss, {nn::normal<double>({13, 4}, 1)}) < 1e-7);
  }
  const auto tokens = [](auto in) {
    return ops::ctc_loss(make_ragged(in[0], {4, 3}), make_tokens(Lists{{1, 2}, {3}}));
  };
  CHECK(check_gradient(tokens, {nn::normal<double>({7, 4}, 1)}) < 1e-8);
}

TEST_CASE("a sequence that is too short for its labels has an infinite loss, or none") {
  const Variable<float> x(nn::normal<float>({5, 3}, 1), true);
  const auto batch = make_ragged(x, {2, 3});  // "1 1" needs three rows
  const Lists targets{{1, 1}, {1, 1}};
  const auto losses = ops::ctc_loss(batch, targets, {.reduction = Reduction::none});
  CHECK(losses.value().values()[0] == INFINITY);
  CHECK(std::isfinite(losses.value().values()[1]));
  ops::sum(losses).backward();
  for (std::size_t i = 0; i < 6; ++i) CHECK(std::isnan(x.grad().values()[i]));
  for (std::size_t i = 6; i < 15; ++i) CHECK(std::isfinite(x.grad().values()[i]));
  const Variable<float> other(x.value(), true);
  const auto zero = ops::ctc_loss(make_ragged(other, {2, 3}), targets, {.zero_infinity = true});
  CHECK(zero.item() == losses.value().values()[1] / 4);
  zero.backward();
  for (std::size_t i = 0; i < 6; ++i) CHECK(other.grad().values()[i] == 0);
}

TEST_CASE("CTC of long sequences neither overflows nor vanishes, and NaN stays visible") {
  std::vector<std::int32_t> many(200);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = 1 + static_cast<std::int32_t>(i % 3);
  const Variable<float> x(nn::normal<float>({500, 4}, 3), true);
  const auto loss =
      ops::ctc_loss(make_ragged(ops::log_softmax(x), {500}), Lists{many}, {.reduction = Reduction::sum});
  CHECK(std::isfinite(loss.item()));
  CHECK(loss.item() > 100);
  loss.backward();
  double sum = 0;
  for (const float d : x.grad().values()) sum += static_cast<double>(d);
  CHECK(std::abs(sum) < 1e-2);  // of each row it is 0
  auto bad = Tensor<double>::zeros({3, 2});
  bad.mutable_values()[3] = NAN;
  CHECK(std::isnan(ops::ctc_loss(make_ragged(Variable<double>(bad), {3}), Lists{{1}}).item()));
}

TEST_CASE("arguments: CTC") {
  const auto x = make_ragged(numbers<float>({5, 3}), {2, 3});
  const Lists good{{1}, {2}};
  const std::string op = "ctc_loss";
  CHECK_NOTHROW((void)ops::ctc_loss(x, good));
  refused(op, "absent", [&] { (void)ops::ctc_loss(x.with(Variable<float>()), good); });
  refused(op, "without layout", [&] {
    (void)ops::ctc_loss(Ragged<Variable<float>>{x.values, nullptr}, good);
  });
  refused(op, "one axis", [&] { (void)ops::ctc_loss(x.with(numbers<float>({5})), good); });
  refused(op, "rows", [&] { (void)ops::ctc_loss(x.with(numbers<float>({4, 3})), good); });
  refused(op, "targets", [&] { (void)ops::ctc_loss(x, Lists{{1}}); });
  for (const std::int32_t label : {-1, 0, 3})
    refused(op, "a label", [&] { (void)ops::ctc_loss(x, Lists{{1}, {2, label}}); });
  for (const std::int32_t blank : {-1, 3})
    refused(op, "a blank", [&] { (void)ops::ctc_loss(x, good, {.blank = blank}); });
  refused(op, "no classes", [&] { (void)ops::ctc_loss(x.with(numbers<float>({5, 0})), good); });
  refused(op, "reduction", [&] { (void)ops::ctc_loss(x, good, {.reduction = static_cast<Reduction>(7)}); });
  refused(op, "absent tokens", [&] { (void)ops::ctc_loss(x, Tokens{}); });
}

}  // namespace
}  // namespace lstmlib::test
