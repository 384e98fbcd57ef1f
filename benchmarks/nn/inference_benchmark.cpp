// SPDX-License-Identifier: MIT
// Inference by packed layers: 300 units, 7,142 words. One sentence of 20 words and its end, percentiles in
// microseconds; 1,821 sentences of lengths like those of film reviews. LSTMLIB_ISA chooses an instruction
// set.
#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/core.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace lstmlib;

constexpr Index units = 300, words = 7142;

enum class Kind : std::int64_t { fp32_without_table, fp32, bf16, int8 };

nn::InferenceOptions options(Kind kind) {
  nn::InferenceOptions o;
  if (kind == Kind::fp32_without_table) o.projection_cache_bytes = 0;
  if (kind == Kind::bf16) o.precision = Precision::bf16;
  if (kind == Kind::int8) o.precision = Precision::int8;
  return o;
}

/// Words by Zipf's law, as in a text.
std::vector<std::int32_t> sentence(std::mt19937& random, Index length) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(length));
  std::uniform_real_distribution<double> uniform(0, 1);
  for (auto& id : ids) id = static_cast<std::int32_t>(std::pow(words, uniform(random))) - 1;
  return ids;
}

/// The arguments: Kind, threads.
struct Model {
  nn::InferenceRnn layers;

  explicit Model(const benchmark::State& state)
      : layers(nn::Embedding<float>({.vocabulary_size = words, .output_size = units}),
               nn::Lstm<float>({.input_size = units, .hidden_size = units}), options(Kind{state.range(0)})) {
    cpu::set_threads(static_cast<int>(state.range(1)));
  }
};

void one_sentence(benchmark::State& state) {
  const Model model(state);
  std::mt19937 random(1);
  std::vector<std::vector<std::int32_t>> sentences;
  for (int i = 0; i < 64; ++i) sentences.push_back(sentence(random, 21));
  std::vector<float> last(units);
  std::vector<double> times;
  times.reserve(1 << 20);
  for (auto _ : state) {
    const std::span<const std::int32_t> one[] = {sentences[times.size() % sentences.size()]};
    const auto begin = std::chrono::steady_clock::now();
    model.layers.last_hidden(one, last);
    times.push_back(
        std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  state.counters["min"] = times[0];
  state.counters["p50"] = times[times.size() / 2];
  state.counters["p99"] = times[times.size() * 99 / 100];
}
BENCHMARK(one_sentence)->ArgNames({"kind", "threads"})->ArgsProduct({{0, 1, 2, 3}, {1, 2}})->UseRealTime();

void test_file(benchmark::State& state) {
  const Model model(state);
  std::mt19937 random(2);
  std::gamma_distribution<double> gamma(4.5, 4.5);
  std::vector<std::vector<std::int32_t>> sentences;
  for (int i = 0; i < 1821; ++i)
    sentences.push_back(sentence(random, std::clamp<Index>(static_cast<Index>(gamma(random)), 2, 53)));
  const std::vector<std::span<const std::int32_t>> all(sentences.begin(), sentences.end());
  std::vector<float> last(all.size() * units);
  for (auto _ : state) model.layers.last_hidden(all, last);
  state.SetItemsProcessed(state.iterations() * std::ssize(all));
}
BENCHMARK(test_file)
    ->ArgNames({"kind", "threads"})
    ->ArgsProduct({{0, 1, 2, 3}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void stream_step(benchmark::State& state) {
  const Model model(state);
  std::mt19937 random(3);
  const auto ids = sentence(random, 1024);
  nn::RnnStream stream(model.layers);
  std::size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(stream.step(ids[i++ % ids.size()]).data());
}
BENCHMARK(stream_step)->ArgNames({"kind", "threads"})->ArgsProduct({{0, 1, 2, 3}, {1, 2}})->UseRealTime();

}  // namespace
