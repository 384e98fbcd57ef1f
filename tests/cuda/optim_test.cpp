// SPDX-License-Identifier: MIT
// Optimizers and hooks on the CUDA part take the same way as on the CPU, and a model trains alike.
#include "backends.hpp"

#include <functional>

using namespace lstmlib;

namespace {

/// Dense parameters of awkward sizes, a table with a gradient of rows, one without a gradient, and more of
/// them than one launch takes.
template <Real T>
struct Parameters final : nn::Module {
  nn::Parameter<T> weight, bias, table, without;
  std::vector<nn::Parameter<T>> many;
  std::vector<std::string> names;

  explicit Parameters(Device device)
      : weight(test::values<T>({70, 33}, 1, device)),
        bias(test::values<T>({1}, 2, device)),
        table(test::values<T>({41, 7}, 3, device)),
        without(test::values<T>({5, 3}, 4, device)) {
    for (std::uint64_t i = 0; i < 45; ++i) {
      many.emplace_back(test::values<T>({3}, 10 + i, device));
      names.push_back("many" + std::to_string(i));
    }
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("weight", weight)("bias", bias)("table", table)("without", without);
    for (std::size_t i = 0; i < many.size(); ++i) visit(names[i].c_str(), many[i]);
  }
  /// Those of step `step`.
  void set_gradients(int step) {
    const Device device = weight.device();
    const auto stream = static_cast<std::uint64_t>(1000 * step);
    weight.mutable_grad() = test::values<T>(weight.shape(), stream + 1, device);
    bias.mutable_grad() = test::values<T>(bias.shape(), stream + 2, device);
    const auto words = Tensor<std::int32_t>::from({7, 0, 40, step, 7, -1, 3}, {7}, device);
    ops::sum(ops::embedding(words, table, -1) * Variable<T>(test::values<T>({7, 7}, stream + 3, device)))
        .backward();
    for (std::size_t i = 0; i < many.size(); ++i)
      many[i].mutable_grad() = test::values<T>({3}, stream + 10 + i, device);
  }
};

using Made = std::unique_ptr<optim::Optimizer>;
struct Kind {
  const char* name;
  std::function<Made(nn::Module&)> make;
};
template <class Optimizer, class... Options>
Kind kind(const char* name, Options... options) {
  return {name, [=](nn::Module& model) -> Made { return std::make_unique<Optimizer>(model, options...); }};
}
std::vector<Kind> kinds() {
  using namespace optim;
  const AdamOptions adam{.learning_rate = 0.02, .weight_decay_rate = 0.01};
  return {kind<Sgd>("Sgd", SgdOptions{0.1}),
          kind<MomentumSgd>("MomentumSgd", MomentumOptions{0.1, 0.9}),
          kind<CorrectedMomentumSgd>("CorrectedMomentumSgd", MomentumOptions{0.1, 0.9}),
          kind<NesterovAg>("NesterovAg", MomentumOptions{0.1, 0.9}),
          kind<AdaGrad>("AdaGrad", AdaGradOptions{0.1, 1e-6}),
          kind<AdaDelta>("AdaDelta"),
          kind<RmsProp>("RmsProp"),
          kind<RmsProp>("RmsProp, epsilon inside", RmsPropOptions{0.01, 0.9, 1e-6, true}),
          kind<RmsPropGraves>("RmsPropGraves"),
          kind<Smorms3>("Smorms3"),
          kind<Adam>("Adam", adam),
          kind<AdamW>("AdamW"),
          kind<AmsGrad>("AmsGrad", adam),
          kind<AdaBound>("AdaBound", AdaBoundOptions{adam, 0.1, 1e-3}),
          kind<AmsBound>("AmsBound", AdaBoundOptions{adam, 0.1, 1e-3})};
}

/// Copies of all on the CPU, by one copy of their joined elements: each wait costs a test much.
template <Real T>
std::vector<Tensor<T>> on_cpu(const std::vector<Tensor<T>>& all) {
  std::vector<Variable<T>> rows;
  for (const auto& tensor : all) rows.emplace_back(tensor.reshape({1, tensor.size()}));
  const Tensor<T> joined = ops::concat<T>(rows).value().to(Device::cpu());
  std::vector<Tensor<T>> made;
  Index first = 0;
  for (const auto& tensor : all) {
    const auto part =
        joined.values().subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(tensor.size()));
    made.push_back(Tensor<T>::from(std::span<const T>(part), tensor.shape()));
    first += tensor.size();
  }
  return made;
}

/// All parameters and states after some steps.
template <Real T>
std::vector<Tensor<T>> trajectory(const Kind& kind, const std::vector<optim::Hook>& hooks, Device device) {
  Parameters<T> model(device);
  const auto optimizer = kind.make(model);
  for (const auto& hook : hooks) optimizer->add_hook(hook);
  for (int step = 1; step <= 4; ++step) {
    optimizer->zero_grad();
    model.set_gradients(step);
    device.backend().run_as_graph(device.number(), [&] { optimizer->step(); });
  }
  std::vector<Tensor<T>> result;
  optimizer->parameters().for_each([&]<Real U>(optim::Entry<U>& entry) {
    if constexpr (std::same_as<T, U>) {
      result.push_back(entry.parameter.value());
      for (const auto& state : entry.state) result.push_back(state);
    }
  });
  return on_cpu(result);
}
template <Real T>
void check_trajectory(const Kind& kind, const std::vector<optim::Hook>& hooks) {
  const auto cpu = trajectory<T>(kind, hooks, Device::cpu()), cuda = trajectory<T>(kind, hooks, test::gpu());
  REQUIRE(cuda.size() == cpu.size());
  // Quotients by roots of small means of squares magnify a last place; four steps add up.
  for (std::size_t i = 0; i < cpu.size(); ++i) test::check_close(cuda[i], cpu[i], 64, kind.name);
}

}  // namespace

TEST_CASE_TEMPLATE("cuda: every optimizer takes the CPU's way", T, float, double) {
  for (const auto& each : kinds()) check_trajectory<T>(each, {});
}

TEST_CASE_TEMPLATE("cuda: hooks, alone and one after another", T, float, double) {
  const optim::Hook decay = optim::WeightDecay{0.1}, l1_decay = optim::L1Decay{0.02},
                    clip = optim::ClipGradNorm{0.8}, limit = optim::ClipGradValue{-0.3, 0.2};
  const optim::Hook user = std::make_shared<const optim::UserHook>([](optim::ParameterList& all) {
    all.for_each([]<Real U>(optim::Entry<U>& entry) {
      auto& gradient = entry.parameter.mutable_grad();
      kernels("test", gradient).tensor.add_scaled(U(0.5), entry.parameter.view(), gradient.mutable_view());
    });
  });
  const Kind sgd = kind<optim::Sgd>("Sgd", optim::SgdOptions{0.1});
  for (const auto& hooks : std::vector<std::vector<optim::Hook>>{
           {decay}, {l1_decay}, {clip}, {limit}, {decay, clip, l1_decay, clip}, {clip, user, limit}})
    check_trajectory<T>(sgd, hooks);
  check_trajectory<T>(kind<optim::Adam>("Adam"), {decay, clip});
}

TEST_CASE("cuda: more hooks than a kernel takes are refused") {
  Parameters<float> model(test::gpu());
  optim::Sgd optimizer(model);
  for (int i = 0; i < 17; ++i) optimizer.add_hook(optim::WeightDecay{0.1});
  model.set_gradients(1);
  CHECK_THROWS_WITH_AS(optimizer.step(), "update: 17 hooks, at most 16 on a GPU", Error);
}

namespace {

/// Words, convolution over them, pooling, dropout, a classifier.
struct SmallClassifier final : nn::Module {
  nn::Parameter<float> table, filters, weight, bias;

  SmallClassifier()
      : table(test::values<float>({30, 9}, 1)),
        filters(test::values<float>({12, 9, 3, 1}, 2)),
        weight(test::values<float>({4, 12}, 3)),
        bias(test::values<float>({4}, 4)) {}
  void visit_members(nn::MemberVisitor& visit) override {
    visit("table", table)("filters", filters)("weight", weight)("bias", bias);
  }
  Variable<float> operator()(const Tokens& tokens, const ops::Labels& labels) const {
    const Ragged<Variable<float>> words = tokens.with(ops::embedding(tokens.values, table, -1));
    const auto features = ops::convolution_over_time(ops::dropout(words, 0.3), filters);
    const auto pooled = ops::dropout(ops::max_over_time(features.with(ops::tanh(features.values))), 0.2);
    return ops::softmax_cross_entropy(ops::linear(pooled, weight, bias), labels);
  }
};

/// Losses of some steps, each over other sentences.
std::vector<float> train(Device device) {
  set_seed(5);
  SmallClassifier model;
  model.to(device);
  optim::Adam optimizer(model, {.learning_rate = 0.01, .weight_decay_rate = 0.001});
  optimizer.add_hook(optim::ClipGradNorm{1});
  std::vector<float> losses;
  for (std::uint64_t step = 0; step < 12; ++step) {
    begin_step(step);
    std::vector<std::vector<std::int32_t>> sentences(5);
    std::vector<std::int32_t> classes;
    for (std::size_t s = 0; s < sentences.size(); ++s) {
      for (std::uint64_t i = 0; i < 1 + (step + 3 * s) % 7; ++i)
        sentences[s].push_back(
            static_cast<std::int32_t>(math::random_word({{3, 4}}, 100 * step + 10 * s + i) % 31) - 1);
      classes.push_back(static_cast<std::int32_t>((step + s) % 4));
    }
    Variable<float> loss;
    const Tokens tokens = make_tokens(sentences, device);
    const auto labels = ops::Labels::from(classes, {5}, device);
    device.backend().run_as_graph(device.number(), [&] {
      optimizer.zero_grad();
      loss = model(tokens, labels);
      loss.backward();
      optimizer.step();
    });
    losses.push_back(loss.item());
  }
  return losses;
}

}  // namespace

TEST_CASE("cuda: a model trains as on the CPU, and twice with equal bits") {
  const auto cpu = train(Device::cpu()), cuda = train(test::gpu());
  REQUIRE(cpu.size() == cuda.size());
  for (std::size_t i = 0; i < cpu.size(); ++i) {
    CAPTURE(i);
    CHECK(std::fabs(cpu[i] - cuda[i]) < 2e-5f);
  }
  CHECK(std::fabs(cpu.front() - cpu.back()) > 0.01f);
  CHECK(train(test::gpu()) == cuda);
}
