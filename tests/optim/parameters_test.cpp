// SPDX-License-Identifier: MIT
// Which parameters an optimizer has: tied ones once, replaced ones noticed, gradients of other shapes
// refused.
#include "lstmlib/core.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"

#include <cmath>

using namespace lstmlib;

namespace {

/// A language model's way: the table of words is also the weight of the output.
struct Tied final : nn::Module {
  nn::Embedding<float> embedding{{.vocabulary_size = 5, .output_size = 3}};
  nn::Linear<float> output{{.input_size = 3, .output_size = 5, .bias = false}};
  explicit Tied(bool tie = true) {
    if (tie) output.weight = embedding.weight;
  }
  void visit_members(nn::MemberVisitor& visit) override { visit("embedding", embedding)("output", output); }
};
std::vector<float> copy(const Tensor<float>& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}
Index entries(optim::Optimizer& optimizer) {
  Index count = 0;
  optimizer.parameters().for_each([&](auto&) { ++count; });
  return count;
}
void backward(Tied& model) {
  ops::sum(model.output(Variable<float>(nn::constant<float>({2, 3}, 1)))).backward();
}

}  // namespace

TEST_CASE("tied weights that two fields list move by one gradient, and are one parameter") {
  Tied model;
  optim::Sgd sgd(model, {.learning_rate = 0.5});
  CHECK(entries(sgd) == 1);
  const auto before = copy(model.output.weight.value());
  backward(model);
  const auto gradient = copy(model.output.weight.grad());
  CHECK(gradient[0] == 2);
  sgd.step();
  for (std::size_t i = 0; i < before.size(); ++i)
    CHECK(model.embedding.weight.value().values()[i] == before[i] - 0.5f * gradient[i]);

  Tied untied(false);
  optim::Sgd of_both(untied);
  CHECK(entries(of_both) == 2);
}

TEST_CASE("tied weights count once in the norm that is clipped") {
  Tied model;
  optim::Sgd sgd(model, {.learning_rate = 1});
  sgd.add_hook(optim::ClipGradNorm{1});
  const auto before = copy(model.output.weight.value());
  backward(model);
  sgd.step();
  double square = 0;
  for (std::size_t i = 0; i < before.size(); ++i)
    square += std::pow(model.output.weight.value().values()[i] - before[i], 2);
  CHECK(std::sqrt(square) == doctest::Approx(1).epsilon(1e-5));
}

TEST_CASE("tied weights are saved under both names, and stay tied when loaded and moved") {
  Tied model;
  const io::Archive archive = io::to_archive(model);
  CHECK(archive.find("embedding/W"));
  CHECK(archive.find("output/W"));
  Tied other;
  io::from_archive(archive, other);
  CHECK(copy(other.output.weight.value()) == copy(model.output.weight.value()));
  CHECK(other.output.weight.state() == other.embedding.weight.state());
  other.to(Device::cpu());
  CHECK(other.output.weight.state() == other.embedding.weight.state());
}

TEST_CASE(
    "tied weights are loaded from a file that has one of the names, and not from contradicting values") {
  Tied model, other;
  const auto saved = copy(model.output.weight.value());
  const io::Archive both = io::to_archive(model);
  for (const char* name : {"embedding/W", "output/W"}) {
    io::Archive one;
    one.add(name, both.at(name));
    other.output.weight.mutable_value().clear();
    io::from_archive(one, other);
    CHECK(copy(other.output.weight.value()) == saved);
  }
  Tied untied(false);
  other.output.weight.mutable_value().clear();
  CHECK_THROWS_WITH_AS(io::from_archive(io::to_archive(untied), other),
                       "output/W differs from the other name of the same parameter", FormatError);
  CHECK(copy(other.output.weight.value()) == std::vector<float>(15));  // as before
  CHECK_THROWS_WITH_AS(io::from_archive(io::Archive(), other), "embedding/W is missing", FormatError);
  io::from_archive(both, untied);  // and the other way about: two parameters of equal values
  CHECK(copy(untied.embedding.weight.value()) == copy(untied.output.weight.value()));
}

TEST_CASE("the optimizer's state of tied weights is saved under both names and loaded from either") {
  const auto trained = [](Tied& model, optim::Adam& adam) {
    backward(model);
    adam.step();
  };
  Tied model;
  optim::Adam adam(model);
  trained(model, adam);
  const io::Archive state = io::to_archive(adam);
  for (const bool first_name : {true, false}) {
    io::Archive part;
    for (const auto& entry : state)
      if (entry.name == "t" || entry.name.starts_with(first_name ? "embedding" : "output"))
        part.add(entry.name, entry.array);
    Tied other;
    io::from_archive(io::to_archive(model), other);
    optim::Adam resumed(other);
    io::from_archive(part, resumed);
    CHECK(io::to_archive(resumed).at("output/W/m").data == state.at("output/W/m").data);
  }
}

TEST_CASE("a parameter that was replaced after the optimizer was made is noticed") {
  Tied model(false);
  optim::Sgd sgd(model);
  CHECK_NOTHROW(sgd.step());
  model.output.weight = nn::Parameter<float>(Tensor<float>::zeros({5, 3}));
  CHECK_THROWS_WITH_AS(sgd.step(),
                       "optimizer: output/W is another parameter than when the optimizer was made, and would "
                       "not be trained; assign to its mutable_value(), or make a new optimizer",
                       Error);
  CHECK(sgd.steps() == 1);
  optim::Sgd fresh(model);
  CHECK_NOTHROW(fresh.step());
  model.output.bias = nn::Parameter<float>(Tensor<float>::zeros({5}));  // one more
  CHECK_THROWS_AS(fresh.step(), Error);
}

TEST_CASE("an optimizer follows its module when that is moved, and may live longer") {
  auto model = std::make_unique<nn::Linear<float>>(nn::LinearOptions{.input_size = 1, .output_size = 1});
  optim::Sgd sgd(*model);
  nn::Linear<float> moved(std::move(*model));
  CHECK_NOTHROW(sgd.step());
  moved.weight = nn::Parameter<float>(Tensor<float>::zeros({1, 1}));
  CHECK_THROWS_AS(sgd.step(), Error);

  nn::Linear<float> target({.input_size = 1, .output_size = 1});
  optim::Sgd of_target(target);
  target = std::move(moved);  // the parameters of target are gone: its optimizer says so
  CHECK_THROWS_AS(of_target.step(), Error);
  CHECK_THROWS_AS(sgd.step(), Error);
  optim::Sgd of_both(target);
  CHECK_NOTHROW(of_both.step());
  {
    nn::Linear<float> short_lived({.input_size = 1, .output_size = 1});
    target = std::move(short_lived);
  }
  CHECK_THROWS_AS(of_both.step(), Error);
  model = std::make_unique<nn::Linear<float>>(nn::LinearOptions{.input_size = 1, .output_size = 1});
  optim::Sgd survivor(*model);
  model.reset();
  CHECK_NOTHROW(survivor.step());
}

TEST_CASE("gradients, values and states of another shape than the parameter are refused") {
  nn::Linear<float> model({.input_size = 2, .output_size = 3});
  optim::Adam adam(model);
  model.weight.mutable_grad() = Tensor<float>::zeros({3, 1});
  CHECK_THROWS_WITH_AS(adam.step(), "optimizer: the gradient of W is [3, 1], expected [3, 2]", ShapeError);
  adam.add_hook(optim::ClipGradNorm{1});
  CHECK_THROWS_AS(adam.step(), ShapeError);
  model.weight.clear_grad();
  const auto rows = [&](Shape ids, Shape values) {
    CHECK_THROWS_AS(
        model.weight.set_sparse_grad({Tensor<std::int32_t>::zeros(ids), Tensor<float>::zeros(values)}),
        ShapeError);
  };
  rows({1}, {2, 2});
  rows({2}, {1, 2});
  rows({1}, {1, 3});
  rows({1, 1}, {1, 2});
  rows({1}, {2});
  model.weight.clear_grad();
  CHECK_NOTHROW(adam.step());
  model.weight.mutable_value() = Tensor<float>::zeros({4, 2});
  CHECK_THROWS_AS(adam.step(), ShapeError);
}
