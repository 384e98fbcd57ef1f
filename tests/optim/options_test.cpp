// SPDX-License-Identifier: MIT
// Options of optimizers and hooks outside their range: refused by name, when made and when set later.
#include "lstmlib/core.hpp"
#include "support.hpp"

#include <cmath>
#include <functional>
#include <limits>

using namespace lstmlib;

namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double inf = std::numeric_limits<double>::infinity();

struct OneStepWeight final : nn::Module {
  nn::Parameter<double> weight{Tensor<double>::from({1}, {1})};
  void visit_members(nn::MemberVisitor& visit) override { visit("W", weight); }
};

/// Values that an option must not have: those of its range's kind, and NaN.
const std::vector<double> not_negative{not_a_number, inf, -inf, -1e-9}, positive{not_a_number, inf, 0, -1},
    below_one{not_a_number, inf, 1, 1.5, -0.1};

/// `set(options)` gives a number of the options, which `name` names.
template <class Optimizer, class Options>
void refuses(const char* name, const std::vector<double>& values, std::function<double&(Options&)> set) {
  for (const double value : values) {
    INFO(name, " = ", value);
    OneStepWeight model;
    Options options;
    Optimizer later(model, options);
    set(options) = value;
    const auto says = [&](auto use) {
      try {
        use();
        FAIL_CHECK("accepted");
      } catch (const ValueError& error) { CHECK(test::says(error.what(), message(name, " is ", value))); }
    };
    says([&] { Optimizer made(model, options); });
    if constexpr (requires { set(later.options) = value; }) {
      set(later.options) = value;
      says([&] { later.step(); });
      CHECK(model.weight.item() == 1);
      CHECK(later.steps() == 0);
      set(later.options) = 0.5;
      CHECK_NOTHROW(later.step());
    }
  }
}

}  // namespace

TEST_CASE("options of optimizers outside their range are refused by name, when made and when set later") {
  using namespace optim;
  const auto rate = [](auto& o) -> double& { return o.learning_rate; };
  const auto epsilon = [](auto& o) -> double& { return o.epsilon; };
  const auto beta1 = [](auto& o) -> double& { return o.beta1; };
  const auto beta2 = [](auto& o) -> double& { return o.beta2; };
  const auto momentum = [](auto& o) -> double& { return o.momentum; };
  const auto alpha = [](auto& o) -> double& { return o.alpha; };
  refuses<Sgd, SgdOptions>("SgdOptions: learning_rate", not_negative, rate);
  refuses<MomentumSgd, MomentumOptions>("MomentumOptions: learning_rate", not_negative, rate);
  refuses<MomentumSgd, MomentumOptions>("momentum", below_one, momentum);
  refuses<CorrectedMomentumSgd, MomentumOptions>("momentum", below_one, momentum);
  refuses<NesterovAg, MomentumOptions>("momentum", below_one, momentum);
  refuses<AdaGrad, AdaGradOptions>("learning_rate", not_negative, rate);
  refuses<AdaGrad, AdaGradOptions>("epsilon", not_negative, epsilon);
  refuses<AdaDelta, AdaDeltaOptions>("rho", below_one, [](auto& o) -> double& { return o.rho; });
  refuses<AdaDelta, AdaDeltaOptions>("epsilon", not_negative, epsilon);
  refuses<RmsProp, RmsPropOptions>("learning_rate", not_negative, rate);
  refuses<RmsProp, RmsPropOptions>("alpha", below_one, alpha);
  refuses<RmsProp, RmsPropOptions>("epsilon", not_negative, epsilon);
  refuses<RmsPropGraves, RmsPropGravesOptions>("learning_rate", not_negative, rate);
  refuses<RmsPropGraves, RmsPropGravesOptions>("alpha", below_one, alpha);
  refuses<RmsPropGraves, RmsPropGravesOptions>("momentum", below_one, momentum);
  refuses<RmsPropGraves, RmsPropGravesOptions>("epsilon", not_negative, epsilon);
  refuses<Smorms3, Smorms3Options>("learning_rate", not_negative, rate);
  refuses<Smorms3, Smorms3Options>("epsilon", not_negative, epsilon);
  refuses<Adam, AdamOptions>("AdamOptions: learning_rate", not_negative, rate);
  refuses<Adam, AdamOptions>("AdamOptions: beta1", below_one, beta1);
  refuses<Adam, AdamOptions>("AdamOptions: beta2", below_one, beta2);
  refuses<Adam, AdamOptions>("AdamOptions: epsilon", not_negative, epsilon);
  refuses<Adam, AdamOptions>("AdamOptions: eta", not_negative, [](auto& o) -> double& { return o.eta; });
  refuses<AmsGrad, AdamOptions>("weight_decay_rate", not_negative,
                                [](auto& o) -> double& { return o.weight_decay_rate; });
  refuses<AdamW, AdamWOptions>("AdamWOptions: learning_rate", not_negative, rate);
  refuses<AdamW, AdamWOptions>("AdamWOptions: beta1", below_one, beta1);
  refuses<AdamW, AdamWOptions>("AdamWOptions: beta2", below_one, beta2);
  refuses<AdamW, AdamWOptions>("AdamWOptions: epsilon", not_negative, epsilon);
  refuses<AdamW, AdamWOptions>("AdamWOptions: weight_decay", not_negative,
                               [](auto& o) -> double& { return o.weight_decay; });
}

TEST_CASE("options of AdaBound and AMSBound outside their range are refused") {
  const auto each = []<class Optimizer>(std::type_identity<Optimizer>) {
    OneStepWeight model;
    const auto make = [&](optim::AdaBoundOptions o) { Optimizer made(model, o); };
    CHECK_THROWS_WITH_AS(make({.adam = {.beta2 = 1}}), "AdamOptions: beta2 is 1, expected 0 to below 1",
                         ValueError);
    CHECK_THROWS_AS(make({.adam = {.learning_rate = 0}}), ValueError);  // bounds are multiples of it
    for (const double value : not_negative) CHECK_THROWS_AS(make({.final_learning_rate = value}), ValueError);
    for (const double value : positive) CHECK_THROWS_AS(make({.gamma = value}), ValueError);
    Optimizer later(model);
    later.gamma = not_a_number;
    CHECK_THROWS_WITH_AS(later.step(), "AdaBound: gamma is nan, expected a finite number above 0",
                         ValueError);
    later.gamma = 1e-3;
    later.final_learning_rate = -1;
    CHECK_THROWS_AS(later.step(), ValueError);
    later.final_learning_rate = 0.1;
    later.options.beta1 = not_a_number;
    CHECK_THROWS_AS(later.step(), ValueError);
    later.options.beta1 = 0.9;
    CHECK_NOTHROW(later.step());
  };
  each(std::type_identity<optim::AdaBound>{});
  each(std::type_identity<optim::AmsBound>{});
}

TEST_CASE("hooks with numbers outside their range are refused") {
  OneStepWeight model;
  optim::Sgd sgd(model);
  for (const double value : not_negative) {
    CHECK_THROWS_AS(sgd.add_hook(optim::WeightDecay{value}), ValueError);
    CHECK_THROWS_AS(sgd.add_hook(optim::L1Decay{value}), ValueError);
  }
  for (const double value : {not_a_number, 0.0, -1.0})
    CHECK_THROWS_AS(sgd.add_hook(optim::ClipGradNorm{value}), ValueError);
  CHECK_THROWS_AS(sgd.add_hook(optim::ClipGradValue{1, -1}), ValueError);
  CHECK_THROWS_AS(sgd.add_hook(optim::ClipGradValue{not_a_number, 1}), ValueError);
  CHECK_THROWS_AS(sgd.add_hook(optim::ClipGradValue{-1, not_a_number}), ValueError);
  CHECK_THROWS_WITH_AS(sgd.add_hook(optim::WeightDecay{-1}),
                       "WeightDecay: rate is -1, expected a finite number of at least 0", ValueError);
  CHECK_THROWS_AS(sgd.add_hook(optim::UserHook()), ValueError);
  CHECK_THROWS_AS(sgd.add_hook(optim::Hook(std::shared_ptr<const optim::UserHook>())), ValueError);
  CHECK_NOTHROW(sgd.step());  // none of them was kept
  CHECK_NOTHROW(sgd.add_hook(optim::ClipGradNorm{inf}));
}
