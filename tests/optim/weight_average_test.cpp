// SPDX-License-Identifier: MIT
// Averages of weights against PyTorch's, exchanged with the model's and saved.
#include "lstmlib/optim/weight_average.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "pytorch_training.hpp"

#include <cmath>

using namespace lstmlib;

namespace {

/// Sets the weights of a step of the fixtures.
void set_weights(nn::Linear<double>& model, int step) {
  const std::string k = std::to_string(step);
  model.weight.mutable_value().assign(
      Tensor<double>::from(test::pytorch_numbers("average/weight" + k), {2, 3}));
  model.bias.mutable_value().assign(Tensor<double>::from(test::pytorch_numbers("average/bias" + k), {2}));
}
std::vector<double> weights_of(const nn::Linear<double>& model) {
  std::vector<double> all;
  for (const auto* p : {&model.weight, &model.bias})
    all.insert(all.end(), p->value().values().begin(), p->value().values().end());
  return all;
}
std::vector<double> pytorch_average(const std::string& kind, int step) {
  auto all = test::pytorch_numbers("average/" + kind + "/weight" + std::to_string(step));
  const auto bias = test::pytorch_numbers("average/" + kind + "/bias" + std::to_string(step));
  all.insert(all.end(), bias.begin(), bias.end());
  return all;
}
const nn::LinearOptions three_to_two{.input_size = 3, .output_size = 2};

}  // namespace

TEST_CASE("averages are PyTorch's, and the model has them in a scope only") {
  nn::Linear<double> model(three_to_two);
  optim::Ema ema(model, {.decay = 0.8});
  optim::Swa swa(model);
  for (int step = 0; step < 6; ++step) {
    set_weights(model, step);
    const auto own = weights_of(model);
    ema.update();
    swa.update();
    {
      const optim::AveragedWeights scope(ema);
      test::check_near(weights_of(model), pytorch_average("ema", step));
    }
    CHECK(weights_of(model) == own);
    {
      const optim::AveragedWeights scope(swa);
      test::check_near(weights_of(model), pytorch_average("swa", step));
      CHECK(swa.is_swapped());
    }
    CHECK(weights_of(model) == own);
  }
  CHECK(ema.updates() == 6);
}

TEST_CASE("averages are saved, and go on bit by bit") {
  nn::Linear<double> straight(three_to_two);
  optim::Ema ema(straight, {.decay = 0.8});
  for (int step = 0; step < 6; ++step) set_weights(straight, step), ema.update();
  const auto expected = io::to_archive(ema);
  CHECK(expected.names() == std::vector<std::string>{"n", "W/average", "b/average"});
  for (int at = 0; at <= 6; ++at) {
    nn::Linear<double> model(three_to_two), resumed_model(three_to_two);
    optim::Ema first(model, {.decay = 0.8}), resumed(resumed_model, {.decay = 0.8});
    for (int step = 0; step < at; ++step) set_weights(model, step), first.update();
    resumed.update();  // is forgotten
    io::from_archive(io::to_archive(first), resumed);
    for (int step = at; step < 6; ++step) set_weights(resumed_model, step), resumed.update();
    for (const auto& entry : io::to_archive(resumed)) CHECK(entry.array == expected.at(entry.name));
  }
  io::Archive wrong;
  wrong.add("n", io::Array::scalar(Index{-1}));
  CHECK_THROWS_AS(io::from_archive(wrong, ema), FormatError);
}

TEST_CASE("averages of stacked parameters are saved by the names of their blocks") {
  nn::Lstm<float> lstm({.input_size = 2, .hidden_size = 3}), other({.input_size = 2, .hidden_size = 3});
  optim::Swa swa(lstm), loaded(other);
  swa.update();
  const auto saved = io::to_archive(swa);
  CHECK(saved.find("0/w3/average"));
  io::from_archive(saved, loaded);
  loaded.swap();
  for (const auto& entry : io::to_archive(lstm)) CHECK(entry.array == io::to_archive(other).at(entry.name));
}

TEST_CASE("frozen parameters have no average; one that is trained later has its own from then on") {
  nn::Linear<double> model(three_to_two);
  model.bias.freeze();
  optim::Swa swa(model);
  set_weights(model, 0);
  swa.update();
  CHECK_FALSE(io::to_archive(swa).find("b/average"));
  model.unfreeze();
  set_weights(model, 1);
  swa.update();
  set_weights(model, 2);
  const optim::AveragedWeights scope(swa);
  CHECK(model.bias.value().values()[0] == test::pytorch_numbers("average/bias1")[0]);
  CHECK(model.weight.value().values()[0] ==
        doctest::Approx(
            (test::pytorch_numbers("average/weight0")[0] + test::pytorch_numbers("average/weight1")[0]) / 2)
            .epsilon(1e-12));
}

TEST_CASE("before the first average the model keeps its weights; tied weights are exchanged once") {
  struct Tied final : nn::Module {
    nn::Linear<double> a{three_to_two}, b{three_to_two};
    Tied() { b.weight = a.weight; }
    void visit_members(nn::MemberVisitor& visit) override { visit("a", a)("b", b); }
  } model;
  optim::Ema ema(model, {.decay = 0.5});
  const auto before = weights_of(model.a);
  {
    const optim::AveragedWeights scope(ema);
    CHECK(weights_of(model.a) == before);
  }
  ema.update();
  model.a.weight.mutable_value().clear();
  const optim::AveragedWeights scope(ema);
  CHECK(weights_of(model.b)[0] == before[0]);
}

TEST_CASE("averages refuse what would go wrong") {
  nn::Linear<double> model(three_to_two);
  for (const double bad : {-0.1, 1.0, double(NAN)})
    CHECK_THROWS_AS(optim::Ema(model, {.decay = bad}), ValueError);
  optim::Ema ema(model);
  ema.options.decay = 1;
  CHECK_THROWS_AS(ema.update(), ValueError);
  ema.options.decay = 0.9;
  ema.update();
  {
    const optim::AveragedWeights scope(ema);
    CHECK_THROWS_WITH_AS(ema.update(), "weight average: update() while the model has the averages", Error);
    CHECK_THROWS_AS(optim::AveragedWeights{ema}, Error);
    CHECK_THROWS_AS(io::to_archive(ema), Error);
  }
  model.bias = nn::Parameter<double>(Tensor<double>::zeros({2}));
  CHECK_THROWS_AS(ema.update(), Error);
}
