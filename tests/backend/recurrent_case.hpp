// SPDX-License-Identifier: MIT
#pragma once
// Recurrent layers of random shapes on any back end, compared with plain_recurrent.hpp.

#include "lstmlib/backend/backend.hpp"

#include "plain_recurrent.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <utility>

namespace lstmlib::test {

/// Numbers on a device; none: absent.
template <Real T>
class OnDevice {
 public:
  template <class Number>
  OnDevice(Backend& backend, const std::vector<Number>& numbers)
      : backend_(&backend),
        count_(numbers.size()),
        data_(count_ ? static_cast<T*>(backend.allocate(0, bytes())) : nullptr) {
    const std::vector<T> values(numbers.begin(), numbers.end());
    if (data_) backend.copy_from_host(0, data_, values.data(), bytes());
  }
  OnDevice(OnDevice&& other) noexcept
      : backend_(other.backend_), count_(other.count_), data_(std::exchange(other.data_, nullptr)) {}
  ~OnDevice() {
    if (data_) backend_->release(0, data_, bytes());
  }

  View<T> view(Shape shape) { return {data_, shape}; }
  std::vector<T> values() const {
    std::vector<T> copied(count_);
    if (data_) backend_->copy_to_host(0, copied.data(), data_, bytes());
    return copied;
  }

 private:
  std::size_t bytes() const { return count_ * sizeof(T); }

  Backend* backend_;
  std::size_t count_;
  T* data_;
};

/// Largest difference, relative to the largest value where that is above 1; infinite if anything is not
/// finite.
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

/// A layer of random shape with the results and gradients that it should have.
struct RecurrentCase {
  std::mt19937 random;
  std::vector<Index> lengths;
  std::unique_ptr<SequenceLayout> layout;
  std::unique_ptr<PlainRecurrent> plain;
  PlainRecurrent::Result d, result;
  PlainRecurrent::Gradients gradients;

  Index one_to(Index max) { return std::uniform_int_distribution<Index>(1, max)(random); }
  bool coin() { return one_to(2) == 1; }
  Numbers numbers(Index size, double scale = 1) {
    Numbers v(static_cast<std::size_t>(size));
    // Floats, so that single precision starts from the same numbers.
    for (auto& x : v) x = static_cast<float>(std::uniform_real_distribution<double>(-scale, scale)(random));
    return v;
  }

  explicit RecurrentCase(unsigned seed, double (*operand)(double) = nullptr) : random(seed) {
    const Index sizes[] = {one_to(6), one_to(40), one_to(100), 16 * one_to(6)};
    const Index n = sizes[random() % 4], input = sizes[random() % 4], sequences = one_to(coin() ? 3 : 20);
    for (Index i = 0; i < sequences; ++i) lengths.push_back(one_to(coin() ? 1 : 9));
    make(n, input, operand);
  }
  RecurrentCase(unsigned seed, Index n, Index input, Index sequences, Index longest,
                double (*operand)(double) = nullptr)
      : random(seed) {
    for (Index i = 0; i < sequences; ++i) lengths.push_back(one_to(longest));
    make(n, input, operand);
  }

 private:
  void make(Index n, Index input, double (*operand)(double)) {
    const auto sequences = static_cast<Index>(lengths.size());
    layout = std::make_unique<SequenceLayout>(lengths);
    const auto cell = static_cast<RecurrentCell>(random() % 4);
    const Index width = gate_count(cell) * n, rows = layout->rows();
    const double scale = 1.5 / std::sqrt(static_cast<double>(n));
    plain.reset(new PlainRecurrent{cell,
                                   coin(),
                                   *layout,
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
    if (coin()) plain->initial_hidden = numbers(sequences * n);
    if (cell == RecurrentCell::lstm && coin()) plain->initial_cell = numbers(sequences * n);
    if (coin()) d.hidden = numbers(rows * n);
    if (coin()) d.last_hidden = numbers(sequences * n);
    if (cell == RecurrentCell::lstm && coin()) d.last_cell = numbers(sequences * n);
    plain->run(d, result, gradients);
  }
};

/// All results, and gradients that start at 1, as kernels must add to them, for comparisons of bits.
template <Real T>
std::vector<std::vector<T>> check_recurrent(
    Backend& backend, RecurrentCase& one, double tolerance, Precision precision = Precision::fp32,
    const std::function<void()>& before_backward = [] {}) {
  auto& p = *one.plain;
  const Index n = p.hidden_size, width = gate_count(p.cell) * n, rows = p.layout.rows(),
              sequences = p.layout.sequences();
  const bool lstm = p.cell == RecurrentCell::lstm;
  const auto there = [&](const Numbers& v) { return OnDevice<T>(backend, v); };
  const auto filled = [&](std::size_t size, T value) {
    return OnDevice<T>(backend, std::vector<T>(size, value));
  };
  auto input = there(p.input), wi = there(p.weight_input), wh = there(p.weight_hidden),
       bi = there(p.bias_input), bh = there(p.bias_hidden), h = there(p.initial_hidden),
       c = there(p.initial_cell);
  const Shape states{sequences, n};
  const RecurrentProblem<T> problem{p.cell,
                                    p.reverse,
                                    p.layout,
                                    input.view({rows, p.input_size}),
                                    wi.view({width, p.input_size}),
                                    wh.view({width, n}),
                                    bi.view({width}),
                                    bh.view({width}),
                                    h.view(states),
                                    c.view(states),
                                    precision};
  auto& kernels = backend.kernels<T>(0).recurrent;
  auto hidden = filled(one.result.hidden.size(), T(NAN)),
       last_hidden = filled(one.result.last_hidden.size(), T(NAN)),
       last_cell = filled(lstm ? one.result.last_cell.size() : 0, T(NAN));
  const RecurrentResult<T> result{hidden.view({rows, n}), last_hidden.view(states), last_cell.view(states)};
  const auto bytes = kernels.saved_bytes(problem);
  const std::shared_ptr<void> saved(backend.allocate(0, bytes),
                                    [&backend, bytes](void* data) { backend.release(0, data, bytes); });
  kernels.forward(problem, result, nullptr);
  const auto inference = hidden.values();
  kernels.forward(problem, result, saved.get());
  CHECK(inference == hidden.values());
  CHECK(difference(hidden.values(), one.result.hidden) < tolerance);
  CHECK(difference(last_hidden.values(), one.result.last_hidden) < tolerance);
  CHECK(difference(last_cell.values(), one.result.last_cell) < tolerance);

  auto d_hidden = there(one.d.hidden), d_last_hidden = there(one.d.last_hidden),
       d_last_cell = there(one.d.last_cell);
  auto& g = one.gradients;
  const Numbers empty;
  const std::vector<const Numbers*> expected = {&g.input,
                                                &g.weight_input,
                                                &g.weight_hidden,
                                                &g.bias_input,
                                                &g.bias_hidden,
                                                p.initial_hidden.empty() ? &empty : &g.initial_hidden,
                                                p.initial_cell.empty() ? &empty : &g.initial_cell};
  std::vector<OnDevice<T>> d;
  for (const auto* e : expected) d.push_back(filled(e->size(), T(1)));
  const RecurrentResult<const T> d_result{d_hidden.view({rows, n}), d_last_hidden.view(states),
                                          d_last_cell.view(states)};
  const RecurrentResult<const T> const_result{result.hidden, result.last_hidden, result.last_cell};
  before_backward();
  kernels.backward(problem, const_result, saved.get(), d_result,
                   {d[0].view({rows, p.input_size}), d[1].view({width, p.input_size}), d[2].view({width, n}),
                    d[3].view({width}), d[4].view({width}), d[5].view(states), d[6].view(states)});
  std::vector<std::vector<T>> all;
  for (std::size_t i = 0; i < d.size(); ++i) {
    all.push_back(d[i].values());
    auto without = all.back();
    for (auto& x : without) x -= T(1);
    CAPTURE(i);
    CHECK(difference(without, *expected[i]) < tolerance);
  }
  all.push_back(hidden.values());
  return all;
}

inline double rounded_to_bf16(double x) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
  return std::bit_cast<float>((bits + 0x7fff + ((bits >> 16) & 1)) & 0xffff0000u);
}

}  // namespace lstmlib::test
