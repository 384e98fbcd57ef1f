// SPDX-License-Identifier: MIT
// A whole training step of a sentence classifier: embedding, dropout, LSTM, linear layer, loss, backward,
// Adam with weight decay. Batches of 64 sentences with the lengths of film reviews, 7,142 words.
#include "lstmlib/core.hpp"

#include <benchmark/benchmark.h>

#include <random>

namespace {

using namespace lstmlib;

struct Model : nn::Module {
  nn::Embedding<float> embedding;
  nn::Lstm<float> encoder;
  nn::Linear<float> output;
  nn::Dropout dropout{0.4}, last_dropout{0.1};

  Model(Index words, Index units, Precision precision)
      : embedding({.vocabulary_size = words, .output_size = units, .ignore = ignore_none}),
        encoder({.input_size = units, .hidden_size = units, .precision = precision}),
        output({.input_size = units, .output_size = 2}) {}
  Variable<float> operator()(const Tokens& tokens) const {
    return output(last_dropout(encoder(embedding(tokens, dropout)).last_hidden()));
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embedding", embedding)("encoder", encoder)("output", output);
  }
};

Tokens reviews(Index words) {
  std::mt19937 random(2);
  std::gamma_distribution<double> gamma(4.5, 4.5);
  std::vector<Index> lengths;
  for (Index i = 0; i < 64; ++i)
    lengths.push_back(std::clamp<Index>(static_cast<Index>(gamma(random)), 2, 53));
  const auto layout = std::make_shared<const SequenceLayout>(lengths);
  std::vector<std::int32_t> ids;
  for (Index i = 0; i < layout->rows(); ++i) {
    const double u = std::uniform_real_distribution<double>(0, 1)(random);
    ids.push_back(
        static_cast<std::int32_t>(static_cast<double>(words - 1) * u * u * u));  // few words are frequent
  }
  return {Tensor<std::int32_t>::from(ids, {layout->rows()}), layout};
}

void step(benchmark::State& state) {
  const Index words = 7142;
  Model model(words, state.range(0), state.range(1) ? Precision::bf16 : Precision::fp32);
  optim::Adam adam(model, {});
  adam.add_hook(optim::WeightDecay{1e-4});
  const Tokens tokens = reviews(words);
  std::vector<std::int32_t> classes;
  for (std::int32_t i = 0; i < 64; ++i) classes.push_back(i % 2);
  const auto labels = Tensor<std::int32_t>::from(classes, {64});
  std::uint64_t number = 0;
  const auto one_step = [&] {
    begin_step(number++);
    adam.zero_grad();
    ops::softmax_cross_entropy(model(tokens), labels).backward();
    adam.step();
  };
  for (int i = 0; i < 3; ++i) one_step();
  for (auto _ : state) one_step();
  state.SetItemsProcessed(state.iterations() * 64);
  state.counters["words"] = static_cast<double>(tokens.layout->rows());
}
BENCHMARK(step)
    ->ArgNames({"units", "bf16"})
    ->Args({300, 0})
    ->Args({300, 1})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
