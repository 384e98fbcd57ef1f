// SPDX-License-Identifier: MIT
// A hook that is a function of the user's stands in the order of all hooks.
#include "lstmlib/core.hpp"
#include "support.hpp"

#include <vector>

namespace lstmlib::test {
namespace {

struct Weights final : nn::Module {
  void visit_members(nn::MemberVisitor& visit) override { visit("w", w)("unused", unused); }
  nn::Parameter<double> w{Tensor<double>::from({1.0, -2.0}, {2})};
  nn::Parameter<double> unused{Tensor<double>::from({4.0}, {1})};
};

std::vector<double> numbers(const Tensor<double>& x) {
  const auto values = x.values();
  return {values.begin(), values.end()};
}

TEST_CASE(
    "optim: a user's hook sees what the hooks before it made of all gradients, and those after see its") {
  Weights model;
  optim::Sgd sgd(model, {.learning_rate = 1});
  std::vector<std::vector<double>> seen;
  const auto note = [&seen](optim::ParameterList& parameters) {
    parameters.for_each([&]<Real T>(optim::Entry<T>& entry) {
      if constexpr (std::same_as<T, double>) seen.push_back(numbers(entry.parameter.grad()));
    });
  };
  sgd.add_hook(note);
  sgd.add_hook(optim::WeightDecay{0.5});
  sgd.add_hook(note);
  sgd.add_hook([](optim::ParameterList& parameters) {  // makes all gradients 3
    parameters.for_each([]<Real T>(optim::Entry<T>& entry) {
      std::ranges::fill(entry.parameter.mutable_grad().mutable_values(), T(3));
    });
  });
  sgd.add_hook(optim::ClipGradValue{-2, 2});
  sgd.add_hook(note);

  model.w.mutable_grad() = Tensor<double>::from({0.25, 0.5}, {2});
  sgd.step();
  using Numbers = std::vector<double>;
  CHECK(seen == std::vector<Numbers>{{0.25, 0.5},
                                     {0},  // nothing was before: zeros where there is none
                                     {0.75, -0.5},
                                     {2},  // plus half of the weights
                                     {2, 2},
                                     {2}});  // made 3, then clipped
  CHECK(numbers(model.w.value()) == Numbers{-1, -4});
  CHECK(numbers(model.unused.value()) == Numbers{2});
}

}  // namespace
}  // namespace lstmlib::test
