// SPDX-License-Identifier: MIT
// The kernels of a training step on the CPU: recurrent layers, products, Adam. Rates count multiplications
// and additions. LSTMLIB_ISA chooses an instruction set.
#include "lstmlib/backend/registry.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <memory>
#include <random>
#include <vector>

namespace {

using namespace lstmlib;

std::vector<float> numbers(Index count, float scale = 1) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> v(static_cast<std::size_t>(count));
  for (auto& x : v) x = uniform(random);
  return v;
}

const Kernels<float>& cpu_kernels() { return cpu_backend().kernels<float>(0); }

/// `batch` sentences of lengths like those of film reviews: 20 words on average, the longest about 50.
std::vector<Index> review_lengths(Index batch) {
  std::mt19937 random(2);
  std::gamma_distribution<double> gamma(4.5, 4.5);
  std::vector<Index> lengths;
  for (Index i = 0; i < batch; ++i)
    lengths.push_back(std::clamp<Index>(static_cast<Index>(gamma(random)), 2, 53));
  return lengths;
}

/// One layer with input size = hidden size, its memory and gradients.
struct Layer {
  Index n, width;
  SequenceLayout layout;
  std::vector<float> input, wi, wh, b, hidden, last, cell, d_hidden, d_last, d_input, d_wi, d_wh, d_bi, d_bh;
  RecurrentProblem<float> problem;
  RecurrentResult<float> result;
  std::shared_ptr<void> saved;

  Layer(RecurrentCell kind, std::span<const Index> lengths, Index hidden_size)
      : n(hidden_size),
        width(gate_count(kind) * n),
        layout(lengths),
        input(numbers(layout.rows() * n)),
        wi(numbers(width * n, 0.1f)),
        wh(wi),
        b(numbers(width)),
        hidden(input.size()),
        last(static_cast<std::size_t>(layout.sequences() * n)),
        cell(last),
        d_hidden(numbers(layout.rows() * n)),
        d_last(numbers(layout.sequences() * n)),
        d_input(input.size()),
        d_wi(wi.size()),
        d_wh(wi.size()),
        d_bi(b.size()),
        d_bh(b.size()),
        problem{kind,
                false,
                layout,
                {input.data(), {layout.rows(), n}},
                {wi.data(), {width, n}},
                {wh.data(), {width, n}},
                {b.data(), {width}},
                {b.data(), {width}},
                {},
                {}},
        result{{hidden.data(), {layout.rows(), n}}, {last.data(), {layout.sequences(), n}}, {}} {
    if (kind == RecurrentCell::lstm) result.last_cell = {cell.data(), {layout.sequences(), n}};
    const auto bytes = cpu_kernels().recurrent.saved_bytes(problem);
    saved = {cpu_backend().allocate(0, bytes),
             [bytes](void* data) { cpu_backend().release(0, data, bytes); }};
  }
  void forward(bool training) {
    cpu_kernels().recurrent.forward(problem, result, training ? saved.get() : nullptr);
  }
  /// From gradients of the last states, or of all.
  void backward(bool of_all = false) {
    const Shape weights{width, n};
    RecurrentResult<const float> d{{}, {d_last.data(), result.last_hidden.shape}, {}};
    if (of_all) d = {{d_hidden.data(), result.hidden.shape}, {}, {}};
    cpu_kernels().recurrent.backward(problem, {result.hidden, result.last_hidden, result.last_cell},
                                     saved.get(), d,
                                     {{d_input.data(), {layout.rows(), n}},
                                      {d_wi.data(), weights},
                                      {d_wh.data(), weights},
                                      {d_bi.data(), {width}},
                                      {d_bh.data(), {width}},
                                      {},
                                      {}});
  }
  double forward_operations() const { return 4.0 * static_cast<double>(layout.rows() * width * n); }
};

void rate(benchmark::State& state, double operations) {
  state.counters["GFLOP/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void recurrent(benchmark::State& state, RecurrentCell kind, bool backward, std::span<const Index> lengths,
               Index hidden_size, Precision precision = Precision::fp32) {
  Layer layer(kind, lengths, hidden_size);
  layer.problem.precision = precision;
  layer.forward(backward);  // the system gives memory at its first use
  if (backward) layer.backward();
  for (auto _ : state) {
    layer.forward(backward);
    if (backward) layer.backward();
  }
  rate(state, layer.forward_operations() * (backward ? 3 : 1));
}

/// Sequences of 20 steps.
template <RecurrentCell kind, bool backward>
void equal_lengths(benchmark::State& state) {
  const std::vector<Index> lengths(static_cast<std::size_t>(state.range(0)), 20);
  recurrent(state, kind, backward, lengths, state.range(1));
}
BENCHMARK(equal_lengths<RecurrentCell::lstm, false>)
    ->Name("lstm_forward")
    ->ArgNames({"batch", "hidden"})
    ->ArgsProduct({{1, 64}, {32, 128, 300, 512}})
    ->UseRealTime();
BENCHMARK(equal_lengths<RecurrentCell::lstm, true>)
    ->Name("lstm_forward_backward")
    ->ArgNames({"batch", "hidden"})
    ->ArgsProduct({{1, 64}, {32, 128, 300, 512}})
    ->UseRealTime();
BENCHMARK(equal_lengths<RecurrentCell::gru, true>)
    ->Name("gru_forward_backward")
    ->ArgNames({"batch", "hidden"})
    ->ArgsProduct({{64}, {128, 300}})
    ->UseRealTime();
BENCHMARK(equal_lengths<RecurrentCell::rnn_tanh, true>)
    ->Name("rnn_forward_backward")
    ->ArgNames({"batch", "hidden"})
    ->ArgsProduct({{64}, {128, 300}})
    ->UseRealTime();

template <bool backward>
void reviews(benchmark::State& state) {
  recurrent(state, RecurrentCell::lstm, backward, review_lengths(64), 300,
            state.range(0) ? Precision::bf16 : Precision::fp32);
}
BENCHMARK(reviews<false>)->Name("lstm_reviews_forward")->ArgName("bf16")->Arg(0)->Arg(1)->UseRealTime();
BENCHMARK(reviews<true>)
    ->Name("lstm_reviews_forward_backward")
    ->ArgName("bf16")
    ->Arg(0)
    ->Arg(1)
    ->UseRealTime();

/// Shapes that other libraries are compared at: all sequences of `steps`, or, with `ragged`, evenly spread
/// from an eighth of it; gradients of all states.
template <bool backward>
void layer(benchmark::State& state) {
  const Index steps = state.range(0), batch = state.range(1);
  std::vector<Index> lengths(static_cast<std::size_t>(batch), steps);
  if (state.range(3))
    for (Index i = 0; i < batch; ++i)
      lengths[static_cast<std::size_t>(i)] =
          steps - (steps - std::max<Index>(1, steps / 8)) * i / std::max<Index>(1, batch - 1);
  Layer one(RecurrentCell::lstm, lengths, state.range(2));
  one.forward(backward);
  if (backward) one.backward(true);
  for (auto _ : state) {
    one.forward(backward);
    if (backward) one.backward(true);
  }
  rate(state, one.forward_operations() * (backward ? 3 : 1));
}
void layer_shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"steps", "batch", "hidden", "ragged"})->UseRealTime()->Unit(benchmark::kMillisecond);
  const std::vector<std::array<Index, 3>> shapes = {{20, 64, 300},   {50, 64, 300},  {100, 64, 512},
                                                    {100, 1, 300},   {100, 1, 1024}, {100, 16, 128},
                                                    {256, 128, 1024}};
  for (const auto& [steps, batch, hidden] : shapes)
    for (const Index ragged : {0, 1})
      if (!ragged || batch > 1) bench->Args({steps, batch, hidden, ragged});
}
BENCHMARK(layer<false>)->Name("layer_forward")->Apply(layer_shapes);
BENCHMARK(layer<true>)->Name("layer_forward_backward")->Apply(layer_shapes);

void gemm(benchmark::State& state) {
  const Index m = state.range(0), k = state.range(1), n = state.range(2);
  const auto a = numbers(m * k), b = numbers(k * n);
  auto c = numbers(m * n);
  const bool turned = state.range(3) != 0;
  for (auto _ : state)
    cpu_kernels().tensor.gemm(View<const float>{a.data(), {m, k}},
                              {View<const float>{b.data(), turned ? Shape{n, k} : Shape{k, n}}, turned},
                              {c.data(), {m, n}}, OutputMode::overwrite);
  rate(state, 2.0 * static_cast<double>(m * k * n));
}
BENCHMARK(gemm)
    ->ArgNames({"rows", "inner", "columns", "turned"})
    ->Args({1280, 300, 1200, 0})
    ->Args({1280, 300, 1200, 1})
    ->Args({64, 300, 1200, 1})
    ->Args({64, 300, 2, 1})
    ->Args({1024, 1024, 1024, 0})
    ->UseRealTime();

/// With L2 regularisation, over a table of 7,142 words of 300 of which 537 have a gradient, and over as many
/// elements dense.
void adam(benchmark::State& state) {
  const Shape shape{7142, 300};
  auto value = numbers(shape.elements()), m = numbers(shape.elements()), v = std::vector<float>(m.size(), 1);
  const auto gradient = numbers(shape.elements());
  std::vector<std::int32_t> ids;
  for (std::int32_t i = 0; i < 537; ++i) ids.push_back(i * 13);
  GradientView<float> view;
  if (state.range(0)) view.indices = {ids.data(), {537}}, view.values = {gradient.data(), {537, 300}};
  else view.dense = {gradient.data(), shape};
  const UpdateItem<float> item{view, {value.data(), shape}, {{{m.data(), shape}, {v.data(), shape}}}};
  const math::GradientTransform decay[] = {{math::GradientTransform::Kind::decay, 1e-4}};
  for (auto _ : state)
    cpu_kernels().update.update(math::AdamRule{1e-9, 0.9, 0.999, 1e-8, 1, 0}, decay, {&item, 1});
  state.SetBytesProcessed(state.iterations() * shape.elements() * 24);
}
BENCHMARK(adam)->ArgName("rows")->Arg(0)->Arg(1)->UseRealTime();

void dropout(benchmark::State& state) {
  const SequenceLayout layout(review_lengths(64));
  const Shape shape{layout.rows(), 300};
  const auto x = numbers(shape.elements());
  auto y = x;
  for (auto _ : state)
    cpu_kernels().nn.dropout({{{1, 2}}, 0.4, {&layout, 0}}, {x.data(), shape}, {y.data(), shape},
                             OutputMode::overwrite);
  state.SetItemsProcessed(state.iterations() * shape.elements());
}
BENCHMARK(dropout)->UseRealTime();

}  // namespace
