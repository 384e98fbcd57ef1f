// SPDX-License-Identifier: MIT
// Parameter groups and frozen parameters in optimizers.
#include "lstmlib/core.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

#include <cmath>
#include <functional>

using namespace lstmlib;

namespace {

struct BodyAndHead final : nn::Module {
  nn::Linear<double> body{{.input_size = 2, .output_size = 2}}, head{{.input_size = 2, .output_size = 1}};
  void visit_members(nn::MemberVisitor& visit) override { visit("body", body)("head", head); }
};
struct TiedDoubles final : nn::Module {
  nn::Embedding<double> embedding{{.vocabulary_size = 3, .output_size = 2}};
  nn::Linear<double> output{{.input_size = 2, .output_size = 3}};
  TiedDoubles() { output.weight = embedding.weight; }
  void visit_members(nn::MemberVisitor& visit) override { visit("embedding", embedding)("output", output); }
};

using Numbers = std::vector<double>;
Numbers numbers_of(const Tensor<double>& tensor) { return {tensor.values().begin(), tensor.values().end()}; }
Numbers numbers_of_all(BodyAndHead& model) {
  Numbers values;
  for (auto* p : {&model.body.weight, &model.body.bias, &model.head.weight, &model.head.bias})
    for (const double value : p->value().values()) values.push_back(value);
  return values;
}
/// Gradients that differ from step to step and from element to element.
void set_gradients(nn::Module& model, int step) {
  double number = 0.1 * (step + 1);
  for (const auto& one : model.named_parameters()) {
    auto& p = model.parameter<double>(one.path);
    if (p.is_frozen()) continue;
    auto gradient = Tensor<double>::zeros(p.shape());
    for (double& g : gradient.mutable_values()) g = std::sin(number += 1);
    p.mutable_grad() = gradient;
  }
}
void copy_values(const nn::Module& from, nn::Module& to) { io::from_archive(io::to_archive(from), to); }

bool is_bias(const nn::NamedParameter& p) { return p.shape.rank() == 1; }

/// Every optimizer that has a learning rate, by a function that makes one with such a rate.
using Make = std::function<std::unique_ptr<optim::Optimizer>(nn::Module&, double)>;
template <class Optimizer>
Make with_rate() {
  return [](nn::Module& model, double rate) {
    auto made = std::make_unique<Optimizer>(model);
    made->options.learning_rate = rate;
    return made;
  };
}
const std::vector<Make>& makers() {
  static const std::vector<Make> all = {with_rate<optim::Sgd>(),
                                        with_rate<optim::MomentumSgd>(),
                                        with_rate<optim::CorrectedMomentumSgd>(),
                                        with_rate<optim::NesterovAg>(),
                                        with_rate<optim::AdaGrad>(),
                                        with_rate<optim::RmsProp>(),
                                        with_rate<optim::RmsPropGraves>(),
                                        with_rate<optim::Smorms3>(),
                                        with_rate<optim::Adam>(),
                                        with_rate<optim::AdamW>(),
                                        with_rate<optim::AmsGrad>()};
  return all;
}

}  // namespace

TEST_CASE("a group's parameters move as those of an optimizer with its rate, for every optimizer") {
  for (std::size_t which = 0; which < makers().size(); ++which) {
    CAPTURE(which);
    const Make& make = makers()[which];
    BodyAndHead model, slow, fast;
    copy_values(model, slow);
    copy_values(model, fast);
    const auto grouped = make(model, 0.02), of_slow = make(slow, 0.005), of_fast = make(fast, 0.02);
    if (which % 2 == 0) grouped->add_group({.path = "body", .learning_rate_factor = 0.25});
    else grouped->add_group({.path = "body", .learning_rate = 0.005});
    for (int step = 0; step < 3; ++step) {
      for (auto* each : {&model, &slow, &fast}) set_gradients(*each, step);
      for (auto* each : {&grouped, &of_slow, &of_fast}) (*each)->step();
    }
    CHECK(numbers_of(model.body.weight.value()) == numbers_of(slow.body.weight.value()));
    CHECK(numbers_of(model.body.bias.value()) == numbers_of(slow.body.bias.value()));
    CHECK(numbers_of(model.head.weight.value()) == numbers_of(fast.head.weight.value()));
    CHECK(numbers_of(model.head.weight.value()) != numbers_of(slow.head.weight.value()));
  }
}

TEST_CASE("the bounds of AdaBound follow a group's rate") {
  const optim::AdaBoundOptions options{
      .adam = {.learning_rate = 0.02}, .final_learning_rate = 0.1, .gamma = 0.5};
  BodyAndHead model, slow;
  copy_values(model, slow);
  optim::AdaBound grouped(model, options), of_slow(slow, options);
  grouped.add_group({.learning_rate_factor = 0.25});
  of_slow.options.learning_rate = 0.005;
  for (int step = 0; step < 3; ++step) {
    set_gradients(model, step), set_gradients(slow, step);
    grouped.step(), of_slow.step();
  }
  CHECK(numbers_of_all(model) == numbers_of_all(slow));
  CHECK(grouped.options.learning_rate == 0.02);  // as the program set it
}

TEST_CASE("no decay on biases: of options, of hooks, and of both together") {
  BodyAndHead model;
  for (auto* bias : {&model.body.bias, &model.head.bias})
    for (double& value : bias->mutable_value().mutable_values()) value = 3;
  const auto before = numbers_of_all(model);
  const auto check = [&](optim::Optimizer& optimizer, double kept) {
    optimizer.add_group({.match = is_bias, .decay_factor = 0});
    optimizer.step();  // no gradients: only decay moves anything
    const auto after = numbers_of_all(model);
    for (std::size_t i = 0; i < before.size(); ++i) {
      const bool bias = before[i] == 3;
      CHECK(after[i] == doctest::Approx(bias ? 3 : kept * before[i]).epsilon(1e-12));
    }
    model.body.weight.mutable_value().assign(Tensor<double>::from(std::span(before).first(4), {2, 2}));
    model.head.weight.mutable_value().assign(Tensor<double>::from(std::span(before).subspan(6, 2), {1, 2}));
  };
  optim::AdamW adamw(model, {.learning_rate = 0.1, .weight_decay = 0.5});
  check(adamw, 0.95);
  optim::Adam adam(model, {.weight_decay_rate = 0.2});
  check(adam, 0.8);
  optim::Sgd sgd(model, {.learning_rate = 0.5});
  sgd.add_hook(optim::WeightDecay{0.4});
  check(sgd, 0.8);
}

TEST_CASE("decays of a group's own: factor of hooks, and the option of AdamW") {
  BodyAndHead model;
  const auto before = numbers_of_all(model);
  optim::AdamW adam(model, {.learning_rate = 0.1, .weight_decay = 0.5});
  adam.add_group({.path = "head/W", .weight_decay = 2});
  adam.step();
  CHECK(model.body.weight.value().values()[0] == doctest::Approx(0.95 * before[0]).epsilon(1e-12));
  CHECK(model.head.weight.value().values()[0] == doctest::Approx(0.8 * before[6]).epsilon(1e-12));
  CHECK(adam.options.weight_decay == 0.5);

  BodyAndHead other;
  const auto start = numbers_of_all(other);
  optim::Sgd sgd(other, {.learning_rate = 1});
  sgd.add_hook(optim::L1Decay{0.1});
  sgd.add_group({.path = "body", .decay_factor = 3});
  sgd.step();
  CHECK(other.body.weight.value().values()[0] ==
        doctest::Approx(start[0] - std::copysign(0.3, start[0])).epsilon(1e-12));
  CHECK(other.head.weight.value().values()[0] ==
        doctest::Approx(start[6] - std::copysign(0.1, start[6])).epsilon(1e-12));
}

TEST_CASE("a parameter of several groups has all their factors, and the last one's rate") {
  BodyAndHead model;
  const auto before = numbers_of_all(model);
  optim::Sgd sgd(model, {.learning_rate = 1});
  sgd.add_group({.path = "body", .learning_rate_factor = 0.5, .learning_rate = 8});
  sgd.add_group({.match = is_bias, .learning_rate_factor = 0.25, .learning_rate = 4});
  auto& changing = sgd.add_group({.path = "head", .learning_rate_factor = 0});
  const auto moved = [&] {
    for (auto* p : {&model.body.weight, &model.body.bias, &model.head.weight, &model.head.bias})
      p->mutable_grad() = nn::constant<double>(p->shape(), 1);
    const auto from = numbers_of_all(model);
    sgd.step();
    const auto to = numbers_of_all(model);
    return Numbers{from[0] - to[0], from[4] - to[4], from[6] - to[6], from[8] - to[8]};
  };
  const auto check = [&](const Numbers& expected) {
    const auto by = moved();
    for (std::size_t i = 0; i < by.size(); ++i) CHECK(by[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  };
  check({4, 0.5, 0, 0});
  changing.learning_rate_factor = 2;  // between steps
  check({4, 0.5, 2, 2});
}

TEST_CASE("a norm is clipped over all groups, after each group's decay") {
  BodyAndHead model;
  optim::Sgd sgd(model, {.learning_rate = 1});
  sgd.add_hook(optim::WeightDecay{0.5});
  sgd.add_hook(optim::ClipGradNorm{0.01});
  sgd.add_group({.path = "head", .learning_rate_factor = 0.5, .decay_factor = 0});
  set_gradients(model, 0);
  Numbers gradients;
  for (auto* p : {&model.body.weight, &model.body.bias, &model.head.weight, &model.head.bias})
    for (std::size_t i = 0; i < p->grad().values().size(); ++i)
      gradients.push_back(p->grad().values()[i] + (gradients.size() < 6 ? 0.5 * p->value().values()[i] : 0));
  double square = 0;
  for (const double g : gradients) square += g * g;
  const auto before = numbers_of_all(model);
  sgd.step();
  const auto after = numbers_of_all(model);
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(before[i] - after[i] ==
          doctest::Approx((i < 6 ? 1 : 0.5) * gradients[i] * 0.01 / std::sqrt(square)).epsilon(1e-9));
}

TEST_CASE("tied weights belong to a group by any of their names, and move once") {
  for (const char* path : {"embedding", "output/W"}) {
    TiedDoubles model;
    const auto before = numbers_of(model.output.weight.value());
    optim::Sgd sgd(model, {.learning_rate = 1});
    sgd.add_group({.path = path, .learning_rate_factor = 0.5});
    std::vector<std::string> seen;
    sgd.add_group({.match = [&](const nn::NamedParameter& p) {
      seen.push_back(p.path + (p.tied_to.empty() ? "" : " of " + p.tied_to));
      return p.path == "output/b";
    }});
    CHECK(seen == std::vector<std::string>{"embedding/W", "output/W of embedding/W", "output/b"});
    model.output.weight.mutable_grad() = nn::constant<double>({3, 2}, 1);
    sgd.step();
    CHECK(model.embedding.weight.value().values()[0] == before[0] - 0.5);
  }
}

TEST_CASE("groups with nothing in them, with numbers out of range or that the optimizer lacks, are refused") {
  BodyAndHead model;
  optim::Sgd sgd(model);
  CHECK_THROWS_WITH_AS(sgd.add_group({.path = "haed"}),
                       "add_group: no parameter at \"haed\"; the nearest are \"head\", \"body\", \"head/W\"",
                       IndexError);
  CHECK_THROWS_WITH_AS(sgd.add_group({.path = "head", .match = [](const auto&) { return false; }}),
                       "add_group: `match` is true for none of the parameters at head", ValueError);
  for (const double number : {-1.0, double(NAN), double(INFINITY)}) {
    CHECK_THROWS_AS(sgd.add_group({.learning_rate_factor = number}), ValueError);
    CHECK_THROWS_AS(sgd.add_group({.decay_factor = number}), ValueError);
    CHECK_THROWS_AS(sgd.add_group({.learning_rate = number}), ValueError);
    CHECK_THROWS_AS(optim::AdamW(model).add_group({.weight_decay = number}), ValueError);
    CHECK_THROWS_AS(sgd.step({.divisor = number}), ValueError);
  }
  CHECK_THROWS_AS(sgd.step({.divisor = 0}), ValueError);
  CHECK_THROWS_AS(sgd.add_group({.weight_decay = 0.1}), ValueError);
  optim::AdaDelta adadelta(model);
  CHECK_THROWS_WITH_AS(adadelta.add_group({.learning_rate_factor = 0.5}),
                       "GroupOptions: this optimizer has no learning rate", ValueError);
  CHECK_NOTHROW(adadelta.add_group({.decay_factor = 0}));
  auto& group = sgd.add_group({});
  group.learning_rate_factor = NAN;  // later
  CHECK_THROWS_AS(sgd.step(), ValueError);
  CHECK(sgd.steps() == 0);
}

TEST_CASE("gradients are divided before the hooks") {
  BodyAndHead model;
  optim::Sgd sgd(model, {.learning_rate = 1});
  sgd.add_hook(optim::ClipGradValue{-1, 1});
  model.head.bias.mutable_grad() = nn::constant<double>({1}, 6);
  sgd.step({.divisor = 8});
  CHECK(model.head.bias.item() == -0.75);
  sgd.step({.divisor = 4});
  CHECK(model.head.bias.item() == -1.75);
}

TEST_CASE("frozen parameters have no state, are not moved by decay, and do not count in a norm") {
  BodyAndHead model, other;
  copy_values(model, other);
  optim::AdamW adam(model, {.learning_rate = 0.1, .weight_decay = 0.5});
  adam.add_hook(optim::L1Decay{0.1});
  adam.add_hook(optim::ClipGradNorm{0.1});
  int seen = 0;
  adam.add_hook([&](optim::ParameterList& parameters) { parameters.for_each([&](auto&) { ++seen; }); });
  const auto body = numbers_of(model.body.weight.value()), head = numbers_of(model.head.weight.value());
  set_gradients(model, 0);
  const auto stale = model.body.weight.grad().clone();
  model.freeze("body");
  model.body.weight.mutable_grad() = stale;  // a gradient that should not be there
  adam.step();
  CHECK(seen == 2);
  CHECK(numbers_of(model.body.weight.value()) == body);
  CHECK(numbers_of(model.head.weight.value()) != head);
  adam.parameters().for_each_type([](auto& entries) {
    for (auto& entry : entries) CHECK(entry.state.size() == (entry.is_frozen() ? 0 : 2));
  });
  adam.zero_grad();
  CHECK_FALSE(model.body.weight.has_grad());

  // The head moved as that of an optimizer which knows nothing else.
  optim::AdamW alone(other.head, {.learning_rate = 0.1, .weight_decay = 0.5});
  alone.add_hook(optim::L1Decay{0.1});
  alone.add_hook(optim::ClipGradNorm{0.1});
  set_gradients(other, 0);
  alone.step();
  CHECK(numbers_of(other.head.weight.value()) == numbers_of(model.head.weight.value()));

  model.unfreeze();
  set_gradients(model, 1);
  CHECK_NOTHROW(adam.step());
  CHECK(numbers_of(model.body.weight.value()) != body);
}

TEST_CASE("a snapshot says what is frozen once something was, and a run goes on bit by bit") {
  const auto run = [](BodyAndHead& model, optim::Optimizer& adam, int from, int to) {
    for (int step = from; step < to; ++step) {
      if (step == 3) model.unfreeze("body"), model.freeze("head/W");
      set_gradients(model, step);
      adam.step();
    }
  };
  const auto make = [](BodyAndHead& model) {
    model.freeze("body");
    auto adam = std::make_unique<optim::Adam>(model);
    adam->add_group({.path = "head", .learning_rate_factor = 0.5});
    return adam;
  };
  BodyAndHead straight;
  const auto first = io::to_archive(straight);
  const auto adam = make(straight);
  run(straight, *adam, 0, 6);
  for (const int at : {2, 4}) {
    CAPTURE(at);
    BodyAndHead model, resumed;
    io::from_archive(first, model);
    const auto before = make(model), after = make(resumed);
    run(model, *before, 0, at);
    const auto saved = io::to_archive(*before);
    CHECK(saved.find("body/W/frozen"));
    CHECK((saved.find("body/W/m") != nullptr) == (at == 4));
    CHECK(saved.find("head/W/m"));  // it was trained before
    io::from_archive(saved, *after);
    io::from_archive(io::to_archive(model), resumed);
    CHECK(resumed.body.weight.is_frozen() == (at == 2));
    CHECK(resumed.head.weight.is_frozen() == (at == 4));
    run(resumed, *after, at, 6);
    CHECK(numbers_of_all(resumed) == numbers_of_all(straight));
  }
}

TEST_CASE("a snapshot of a run without frozen parameters has the keys that it had, and frees nothing") {
  BodyAndHead model, frozen;
  optim::Adam adam(model);
  set_gradients(model, 0);
  adam.step();
  const auto saved = io::to_archive(adam);
  for (const auto& name : saved.names()) CHECK(name.find("frozen") == name.npos);
  frozen.freeze("body");
  optim::Adam resumed(frozen);
  io::from_archive(saved, resumed);
  CHECK(frozen.body.weight.is_frozen());
  frozen.unfreeze();
  CHECK(io::to_archive(resumed).at("body/W/m").data == saved.at("body/W/m").data);  // for later
}
