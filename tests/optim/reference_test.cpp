// SPDX-License-Identifier: MIT
// Trajectories of every optimizer and hook against those of the reference framework.
#include "reference.hpp"

using namespace lstmlib;
using test::ReferenceCase;

namespace {

template <Real T>
struct Parameters final : nn::Module {
  nn::Parameter<T> weight, bias, nograd;
  explicit Parameters(const ReferenceCase& one)
      : weight(one.tensor<T>("W0")), bias(one.tensor<T>("b0")), nograd(one.tensor<T>("nograd")) {}
  void visit_members(nn::MemberVisitor& visit) override { visit("W", weight)("b", bias)("nograd", nograd); }
};

std::unique_ptr<optim::Optimizer> make_optimizer(const ReferenceCase& one, nn::Module& model) {
  const auto& h = one.about().at("hyperparameters");
  const auto number = [&](const char* key) { return h.at(key).get<double>(); };
  const std::string name = one.about().at("optimizer");
  if (name == "SGD") return std::make_unique<optim::Sgd>(model, optim::SgdOptions{number("lr")});
  const auto momentum = [&] { return optim::MomentumOptions{number("lr"), number("momentum")}; };
  if (name == "MomentumSGD") return std::make_unique<optim::MomentumSgd>(model, momentum());
  if (name == "CorrectedMomentumSGD") return std::make_unique<optim::CorrectedMomentumSgd>(model, momentum());
  if (name == "NesterovAG") return std::make_unique<optim::NesterovAg>(model, momentum());
  if (name == "AdaGrad")
    return std::make_unique<optim::AdaGrad>(model, optim::AdaGradOptions{number("lr"), number("eps")});
  if (name == "AdaDelta")
    return std::make_unique<optim::AdaDelta>(model, optim::AdaDeltaOptions{number("rho"), number("eps")});
  if (name == "RMSprop")
    return std::make_unique<optim::RmsProp>(
        model, optim::RmsPropOptions{number("lr"), number("alpha"), number("eps"),
                                     h.at("eps_inside_sqrt").get<bool>()});
  if (name == "RMSpropGraves")
    return std::make_unique<optim::RmsPropGraves>(
        model, optim::RmsPropGravesOptions{number("lr"), number("alpha"), number("momentum"), number("eps")});
  if (name == "SMORMS3")
    return std::make_unique<optim::Smorms3>(model, optim::Smorms3Options{number("lr"), number("eps")});
  const optim::AdamOptions adam{number("alpha"), number("beta1"), number("beta2"),
                                number("eps"),   number("eta"),   number("weight_decay_rate")};
  if (name == "AMSGrad") return std::make_unique<optim::AmsGrad>(model, adam);
  if (name == "Adam" || name == "AdamW") return std::make_unique<optim::Adam>(model, adam);
  const optim::AdaBoundOptions bound{adam, number("final_lr"), number("gamma")};
  if (name == "AdaBound") return std::make_unique<optim::AdaBound>(model, bound);
  REQUIRE(name == "AMSBound");
  return std::make_unique<optim::AmsBound>(model, bound);
}

void add_hooks(const ReferenceCase& one, optim::Optimizer& optimizer) {
  for (const auto& hook : one.about().at("hooks")) {
    const std::string name = hook.at("hook");
    if (name == "WeightDecay") optimizer.add_hook(optim::WeightDecay{hook.at("rate").get<double>()});
    else if (name == "Lasso") optimizer.add_hook(optim::L1Decay{hook.at("rate").get<double>()});
    else if (name == "GradientClipping")
      optimizer.add_hook(optim::ClipGradNorm{hook.at("threshold").get<double>()});
    else {
      REQUIRE(name == "GradientHardClipping");
      optimizer.add_hook(
          optim::ClipGradValue{hook.at("lower_bound").get<double>(), hook.at("upper_bound").get<double>()});
    }
  }
}

template <Real T>
void check_trajectory(const ReferenceCase& one) {
  Parameters<T> model(one);
  const auto optimizer = make_optimizer(one, model);
  add_hooks(one, *optimizer);
  const int steps = one.about().at("steps");
  for (int step = 1; step <= steps; ++step) {
    const auto k = std::to_string(step);
    optimizer->zero_grad();
    model.weight.mutable_grad() = one.tensor<T>("gW" + k);
    model.bias.mutable_grad() = one.tensor<T>("gb" + k);
    optimizer->step();
    one.check("W" + k, model.weight.value());
    one.check("b" + k, model.bias.value());
  }
  one.check("nograd_after", model.nograd.value());
  optimizer->parameters().for_each([&]<Real U>(optim::Entry<U>& entry) {
    if constexpr (std::same_as<T, U>)
      for (std::size_t s = 0; s < entry.state.size(); ++s) {
        const auto name = "state_" + entry.names[0] + "_" + std::string(optimizer->state_name(s));
        if (entry.names[0] != "nograd") one.check(name, entry.state[s]);
      }
  });
}

/// PyTorch's names and defaults.
std::unique_ptr<optim::Optimizer> make_pytorch_optimizer(const ReferenceCase& one, nn::Module& model) {
  const auto& o = one.about().at("options");
  const auto number = [&](const char* key, double otherwise) { return o.value(key, otherwise); };
  const std::string name = one.about().at("optimizer");
  if (name == "AdamW") {
    optim::AdamWOptions options;  // ours are PyTorch's, too
    options.learning_rate = number("lr", options.learning_rate);
    if (o.contains("betas")) options.beta1 = o["betas"][0], options.beta2 = o["betas"][1];
    options.epsilon = number("eps", options.epsilon);
    options.weight_decay = number("weight_decay", options.weight_decay);
    return std::make_unique<optim::AdamW>(model, options);
  }
  if (name == "SGD" && !o.contains("momentum"))
    return std::make_unique<optim::Sgd>(model, optim::SgdOptions{number("lr", 1e-3)});
  if (name == "SGD")
    return std::make_unique<optim::CorrectedMomentumSgd>(
        model, optim::MomentumOptions{number("lr", 1e-3), number("momentum", 0)});
  if (name == "RMSprop") return std::make_unique<optim::RmsProp>(model);  // the same defaults
  if (name == "Adagrad")
    return std::make_unique<optim::AdaGrad>(model,
                                            optim::AdaGradOptions{number("lr", 1e-2), number("eps", 1e-10)});
  REQUIRE(name == "Adadelta");
  REQUIRE(number("lr", 1) == 1);
  return std::make_unique<optim::AdaDelta>(model,
                                           optim::AdaDeltaOptions{number("rho", 0.9), number("eps", 1e-6)});
}

template <Real T>
void check_pytorch_trajectory(const ReferenceCase& one) {
  struct Two final : nn::Module {
    nn::Parameter<T> weight, bias;
    void visit_members(nn::MemberVisitor& visit) override { visit("W", weight)("b", bias); }
  } model;
  model.weight = nn::Parameter<T>(one.tensor<T>("W0"));
  model.bias = nn::Parameter<T>(one.tensor<T>("b0"));
  const auto optimizer = make_pytorch_optimizer(one, model);
  for (int step = 1; step <= one.about().at("steps").get<int>(); ++step) {
    const auto k = std::to_string(step);
    model.weight.mutable_grad() = one.tensor<T>("gW" + k);
    model.bias.mutable_grad() = one.tensor<T>("gb" + k);
    optimizer->step();
    one.check("W" + k, model.weight.value());
    one.check("b" + k, model.bias.value());
  }
}

}  // namespace

TEST_CASE("reference: AdamW and those that are the same elsewhere follow PyTorch's trajectories") {
  const auto check = []<Real T>(const ReferenceCase& one, T) { check_pytorch_trajectory<T>(one); };
  CHECK(test::for_each_reference(test::fixtures() / "pytorch_optimizers", "", check) ==
        16);  // 8 in each type
}

TEST_CASE("reference: optimizers and hooks follow the reference's trajectories") {
  const auto check = []<Real T>(const ReferenceCase& one, T) { check_trajectory<T>(one); };
  CHECK(test::for_each_reference(test::fixtures() / "gradients", "optimizer", check) ==
        34);  // 17 in each type
  if (test::kit_has("compat/gradients"))
    CHECK(test::for_each_reference(test::kit() / "compat/gradients", "optimizer", check) == 60);
}
