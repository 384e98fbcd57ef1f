// SPDX-License-Identifier: MIT
// Rules of a user's own with what all optimizers have: groups, hooks, sparse gradients, threads, snapshots.
#include "lstmlib/core.hpp"
#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/optim/custom_optimizer.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "support.hpp"
#include "two_devices.hpp"

#include <cmath>

using namespace lstmlib;

namespace {

/// What optim::MomentumSgd does, as a rule of a user's.
struct OwnMomentum {
  double learning_rate = 0.01, momentum = 0.9;
  static constexpr std::string_view states[] = {"v"};
  void check() const {
    if (!(momentum < 1)) fail<ValueError>("OwnMomentum: momentum is ", momentum);
  }
  template <class T>
  void operator()(T& p, T g, T& v) const {
    v = static_cast<T>(momentum) * v - static_cast<T>(learning_rate) * g;
    p += v;
  }
};
/// Without states or options.
struct Decrease {
  template <class T>
  void operator()(T& p, T g) const {
    p -= g;
  }
};
struct FromOne {
  static constexpr std::string_view states[] = {"s"};
  double initial_state(std::size_t) const { return 1; }
  template <class T>
  void operator()(T& p, T, T& s) const {
    p = s;
    s += 1;
  }
};

struct WordModel final : nn::Module {
  nn::Embedding<double> table{{.vocabulary_size = 3000, .output_size = 7}};
  nn::Linear<double> output{{.input_size = 7, .output_size = 2}};
  void visit_members(nn::MemberVisitor& visit) override { visit("table", table)("output", output); }
  void backward(int step) {
    const Tokens tokens = make_tokens({{{1, 2999, 5 + step, 5 + step}, {0, 2500}}});
    const auto y = ops::tanh(output(table(tokens).values));
    ops::sum(y * y).backward();
  }
  std::vector<double> values() const {
    std::vector<double> all;
    for (const auto* p : {&table.weight, &output.weight, &output.bias})
      all.insert(all.end(), p->value().values().begin(), p->value().values().end());
    return all;
  }
};
void train(WordModel& model, optim::Optimizer& optimizer, int from, int to) {
  for (int step = from; step < to; ++step) {
    optimizer.zero_grad();
    model.backward(step);
    optimizer.step();
  }
}
void add_all(optim::Optimizer& optimizer) {
  optimizer.add_hook(optim::WeightDecay{0.01});
  optimizer.add_hook(optim::ClipGradNorm{0.3});
  optimizer.add_group({.path = "output", .learning_rate_factor = 0.5, .decay_factor = 0});
}

}  // namespace

TEST_CASE("a rule of one's own does what a built-in one does: tables, hooks, groups, any number of threads") {
  WordModel built_in, own, one_thread;
  io::from_archive(io::to_archive(built_in), own);
  io::from_archive(io::to_archive(built_in), one_thread);
  optim::MomentumSgd reference(built_in, {.learning_rate = 0.1});
  optim::CustomOptimizer custom(own, OwnMomentum{.learning_rate = 0.1}),
      alone(one_thread, OwnMomentum{.learning_rate = 0.1});
  for (optim::Optimizer* each :
       {static_cast<optim::Optimizer*>(&reference), static_cast<optim::Optimizer*>(&custom),
        static_cast<optim::Optimizer*>(&alone)})
    add_all(*each);
  train(built_in, reference, 0, 4);
  train(own, custom, 0, 4);
  {
    const int threads = cpu::ThreadPool::instance().threads();
    cpu::ThreadPool::instance().set_threads(1);
    train(one_thread, alone, 0, 4);
    cpu::ThreadPool::instance().set_threads(threads);
  }
  const auto expected = built_in.values(), found = own.values();
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(found[i] == doctest::Approx(expected[i]).epsilon(1e-12));
  CHECK(one_thread.values() == found);
  CHECK(io::to_archive(custom).names() == io::to_archive(reference).names());
}

TEST_CASE("states of a rule of one's own are saved, and a run goes on bit by bit") {
  WordModel straight, first, resumed;
  io::from_archive(io::to_archive(straight), first);
  optim::CustomOptimizer a(straight, OwnMomentum{}), b(first, OwnMomentum{}), c(resumed, OwnMomentum{});
  train(straight, a, 0, 4);
  train(first, b, 0, 2);
  io::from_archive(io::to_archive(first), resumed);
  io::from_archive(io::to_archive(b), c);
  CHECK(c.steps() == 2);
  train(resumed, c, 2, 4);
  CHECK(resumed.values() == straight.values());
}

TEST_CASE("rules without states, and with first values of their own") {
  nn::Linear<float> model({.input_size = 2, .output_size = 2});
  model.bias.mutable_grad() = nn::constant<float>({2}, 3);
  optim::CustomOptimizer decrease(model, Decrease{});
  decrease.step();
  CHECK(model.bias.value().values()[1] == -3);
  CHECK_THROWS_AS(decrease.add_group({.learning_rate_factor = 2}), ValueError);
  optim::CustomOptimizer from_one(model, FromOne{});
  from_one.step();
  CHECK(model.weight.value().values()[3] == 1);
  from_one.step();
  CHECK(model.bias.value().values()[0] == 2);
}

TEST_CASE("options of a rule of one's own are checked, and gradients of other shapes refused") {
  nn::Linear<float> model({.input_size = 2, .output_size = 2});
  CHECK_THROWS_AS(optim::CustomOptimizer(model, OwnMomentum{.momentum = 1}), ValueError);
  CHECK_THROWS_WITH_AS(optim::CustomOptimizer(model, OwnMomentum{.learning_rate = NAN}),
                       "CustomOptimizer: learning_rate is nan, expected a finite number of at least 0",
                       ValueError);
  optim::CustomOptimizer optimizer(model, OwnMomentum{});
  optimizer.options.momentum = 2;
  CHECK_THROWS_AS(optimizer.step(), ValueError);
  optimizer.options.momentum = 0;
  model.weight.mutable_grad() = Tensor<float>::zeros({3, 2});
  CHECK_THROWS_AS(optimizer.step(), ShapeError);
}

TEST_CASE("on another device a rule for numbers is refused, and one for tensors runs") {
  nn::Linear<float> model({.input_size = 2, .output_size = 2});
  model.to(test::other_device());
  model.bias.mutable_grad() = nn::constant<float>({2}, 3).to(test::other_device());
  optim::CustomOptimizer by_numbers(model, Decrease{});
  CHECK_THROWS_WITH_AS(
      by_numbers.step(),
      "CustomOptimizer: the parameters are on other:0, where a rule for numbers does not run; use a "
      "rule for whole tensors, or add the rule to the library, see docs/add_an_optimizer.md",
      DeviceError);
  struct DecreaseTensor {
    void operator()(Tensor<float>& p, const Tensor<float>& g, std::span<Tensor<float>>) const {
      kernels("decrease", p, g).tensor.add_scaled(-1, g.view(), p.mutable_view());
    }
    void operator()(Tensor<double>&, const Tensor<double>&, std::span<Tensor<double>>) const {}
  };
  optim::CustomOptimizer by_tensors(model, DecreaseTensor{});
  by_tensors.add_hook(optim::ClipGradValue{-1, 2});
  by_tensors.step();
  CHECK(model.bias.value().to(Device::cpu()).values()[0] == -2);
}
