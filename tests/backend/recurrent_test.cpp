// SPDX-License-Identifier: MIT
// The recurrent engine against plain_recurrent.hpp on random shapes, for each instruction set of the machine.
#include "lstmlib/backend/registry.hpp"

#include "plain_recurrent.hpp"
#include "settings.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>

using namespace lstmlib;
using test::Numbers, test::PlainRecurrent;

namespace {

template <Real T>
struct Converted {
  std::vector<T> values;
  explicit Converted(const Numbers& v) : values(v.begin(), v.end()) {}
  View<T> view(Shape shape) { return {values.empty() ? nullptr : values.data(), shape}; }
};

/// Largest difference, relative to the largest value where that is above 1.
template <class T>
double difference(const std::vector<T>& ours, const Numbers& expected) {
  double worst = 0, largest = 1;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!std::isfinite(ours[i])) return INFINITY;
    worst = std::max(worst, std::fabs(static_cast<double>(ours[i]) - expected[i]));
    largest = std::max(largest, std::fabs(expected[i]));
  }
  return worst / largest;
}

struct Case {
  std::mt19937 random;
  std::vector<Index> lengths;
  std::unique_ptr<Segments> segments;
  std::unique_ptr<PlainRecurrent> plain;
  PlainRecurrent::Result d, result;
  PlainRecurrent::Gradients gradients;

  Index one_to(Index most) { return std::uniform_int_distribution<Index>(1, most)(random); }
  bool coin() { return one_to(2) == 1; }
  Numbers numbers(Index size, double scale = 1) {
    Numbers v(static_cast<std::size_t>(size));
    // Floats, so that single precision starts from the same numbers.
    for (auto& x : v) x = static_cast<float>(std::uniform_real_distribution<double>(-scale, scale)(random));
    return v;
  }

  explicit Case(unsigned seed, double (*operand)(double) = nullptr) : random(seed) {
    const Index sizes[] = {one_to(6), one_to(40), one_to(100), 16 * one_to(6)};
    const Index n = sizes[random() % 4], input = sizes[random() % 4], sequences = one_to(coin() ? 3 : 20);
    for (Index i = 0; i < sequences; ++i) lengths.push_back(one_to(coin() ? 1 : 9));
    make(n, input, operand);
  }
  Case(unsigned seed, Index n, Index input, Index sequences, Index longest) : random(seed) {
    for (Index i = 0; i < sequences; ++i) lengths.push_back(one_to(longest));
    make(n, input, nullptr);
  }

 private:
  void make(Index n, Index input, double (*operand)(double)) {
    const auto sequences = static_cast<Index>(lengths.size());
    segments = std::make_unique<Segments>(lengths);
    const auto cell = static_cast<RecurrentCell>(random() % 4);
    const Index width = gate_count(cell) * n, rows = segments->rows();
    const double scale = 1.5 / std::sqrt(static_cast<double>(n));
    plain.reset(new PlainRecurrent{cell,
                                   coin(),
                                   *segments,
                                   input,
                                   n,
                                   numbers(rows * input),
                                   numbers(width * input, scale),
                                   numbers(width * n, scale),
                                   numbers(width),
                                   numbers(width),
                                   {},
                                   {}});
    if (operand) plain->operand = operand;
    if (coin()) plain->first_hidden = numbers(sequences * n);
    if (cell == RecurrentCell::lstm && coin()) plain->first_cell = numbers(sequences * n);
    if (coin()) d.hidden = numbers(rows * n);
    if (coin()) d.last_hidden = numbers(sequences * n);
    if (cell == RecurrentCell::lstm && coin()) d.last_cell = numbers(sequences * n);
    plain->run(d, result, gradients);
  }
};

/// Gradients start at 1, as kernels must add to them. Returns all results, for comparisons of bits.
template <Real T>
std::vector<std::vector<T>> run(Case& one, double tolerance, Precision precision = Precision::fp32) {
  auto& p = *one.plain;
  const Index n = p.hidden_size, width = gate_count(p.cell) * n, rows = p.segments.rows(),
              sequences = p.segments.count();
  const bool lstm = p.cell == RecurrentCell::lstm;
  Converted<T> input(p.input), wi(p.weight_input), wh(p.weight_hidden), bi(p.bias_input), bh(p.bias_hidden),
      h(p.first_hidden), c(p.first_cell);
  const Shape states{sequences, n};
  const RecurrentProblem<T> problem{p.cell,
                                    p.reverse,
                                    p.segments,
                                    input.view({rows, p.input_size}),
                                    wi.view({width, p.input_size}),
                                    wh.view({width, n}),
                                    bi.view({width}),
                                    bh.view({width}),
                                    h.view(states),
                                    c.view(states),
                                    precision};
  auto& kernels = cpu_backend().kernels<T>(0).recurrent;
  const Numbers empty;
  Converted<T> hidden(one.result.hidden), last_hidden(one.result.last_hidden),
      last_cell(lstm ? one.result.last_cell : empty);
  for (auto* result : {&hidden, &last_hidden, &last_cell})
    std::fill(result->values.begin(), result->values.end(), T(NAN));
  const RecurrentResult<T> result{hidden.view({rows, n}), last_hidden.view(states), last_cell.view(states)};
  const auto bytes = kernels.saved_bytes(problem);
  const std::shared_ptr<void> saved(cpu_backend().allocate(0, bytes),
                                    [bytes](void* data) { cpu_backend().release(0, data, bytes); });
  kernels.forward(problem, result, nullptr);
  const auto inference = hidden.values;
  kernels.forward(problem, result, saved.get());
  CHECK(inference == hidden.values);
  CHECK(difference(hidden.values, one.result.hidden) < tolerance);
  CHECK(difference(last_hidden.values, one.result.last_hidden) < tolerance);
  CHECK(difference(last_cell.values, one.result.last_cell) < tolerance);

  Converted<T> d_hidden(one.d.hidden), d_last_hidden(one.d.last_hidden), d_last_cell(one.d.last_cell);
  auto& g = one.gradients;
  std::vector<const Numbers*> expected = {&g.input,
                                          &g.weight_input,
                                          &g.weight_hidden,
                                          &g.bias_input,
                                          &g.bias_hidden,
                                          p.first_hidden.empty() ? &empty : &g.first_hidden,
                                          p.first_cell.empty() ? &empty : &g.first_cell};
  std::vector<std::vector<T>> d;
  for (const auto* e : expected) d.emplace_back(e->size(), T(1));
  const auto view = [&](std::size_t i, Shape shape) {
    return View<T>{d[i].empty() ? nullptr : d[i].data(), shape};
  };
  const RecurrentResult<const T> d_result{d_hidden.view({rows, n}), d_last_hidden.view(states),
                                          d_last_cell.view(states)};
  const RecurrentResult<const T> const_result{result.hidden, result.last_hidden, result.last_cell};
  kernels.backward(problem, const_result, saved.get(), d_result,
                   {view(0, {rows, p.input_size}), view(1, {width, p.input_size}), view(2, {width, n}),
                    view(3, {width}), view(4, {width}), view(5, states), view(6, states)});
  for (std::size_t i = 0; i < d.size(); ++i) {
    auto without = d[i];
    for (auto& x : without) x -= T(1);
    CAPTURE(i);
    CHECK(difference(without, *expected[i]) < tolerance);
  }
  d.push_back(hidden.values);
  return d;
}

/// More seeds where a test asks for them: see slow/recurrent_shapes.
unsigned seeds() {
  const char* count = std::getenv("LSTMLIB_TEST_SEEDS");
  return count ? static_cast<unsigned>(std::atoi(count)) : 150;
}

double rounded_to_bf16(double x) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
  return std::bit_cast<float>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u);
}

}  // namespace

TEST_CASE("recurrent layers of random shapes agree with plain loops in double precision") {
  for (unsigned seed = 0; seed < seeds(); ++seed) {
    Case one(seed);
    CAPTURE(seed);
    CAPTURE(static_cast<int>(one.plain->cell));
    CAPTURE(one.plain->hidden_size);
    CAPTURE(one.plain->input_size);
    test::with_each_instruction_set([&] {
      run<float>(one, 3e-5);
      run<double>(one, 1e-12);
    });
  }
}

TEST_CASE("recurrent layers with more tokens and columns than a block of a product has") {
  const std::array<std::array<Index, 4>, 3> shapes = {
      {{20, 70, 60, 80}, {40, 9, 3, 1100}, {66, 66, 300, 12}}};
  for (unsigned i = 0; i < shapes.size(); ++i) {
    const auto [n, input, sequences, longest] = shapes[i];
    Case one(500 + i, n, input, sequences, longest);
    CAPTURE(i);
    test::with_each_instruction_set([&] {
      run<float>(one, 1e-4);
      run<double>(one, 1e-11);
    });
  }
}

TEST_CASE("recurrent layers with operands of bfloat16 agree with plain loops that round the same operands") {
  for (unsigned seed = 2000; seed < 2040; ++seed) {
    Case one(seed, rounded_to_bf16);
    CAPTURE(seed);
    CAPTURE(static_cast<int>(one.plain->cell));
    // Sums differ in the last bits of float, and so does, rarely, which way an operand is rounded: 1/256 of
    // it.
    test::with_each_instruction_set([&] { run<float>(one, 4e-3, Precision::bf16); });
  }
}

TEST_CASE("recurrent layers give the same bits whatever the number of threads") {
  const test::KeepThreads keep;
  for (unsigned seed = 1000; seed < 1012; ++seed)
    for (const auto precision : {Precision::fp32, Precision::bf16}) {
      const bool exact = precision == Precision::fp32;
      Case one(seed, exact ? nullptr : rounded_to_bf16);
      const double tolerance = exact ? 3e-5 : 4e-3;
      CAPTURE(seed);
      CAPTURE(exact);
      cpu::set_threads(1);
      const auto alone = run<float>(one, tolerance, precision);
      for (const int count : {2, 3}) {
        cpu::set_threads(count);
        CHECK(run<float>(one, tolerance, precision) == alone);
      }
    }
}
