// SPDX-License-Identifier: MIT
#pragma once
// Losses on the CPU. Sums are over pieces that do not depend on the number of threads.

#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/backend/losses.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI {
namespace cpu {

/// Calls `value(i)` for 0 to count - 1 and returns the sum, in double. In parallel if `cost` additions of
/// each are enough work.
template <class Value>
double sum_of(Index count, Index cost, Value value) {
  constexpr Index piece = 2048;
  std::vector<double> sums(static_cast<std::size_t>((count + piece - 1) / piece));
  parallel_for(
      std::ssize(sums),
      [&](Index i) {
        double sum = 0;
        for (Index at = i * piece; at < std::min(count, (i + 1) * piece); ++at) sum += value(at);
        sums[static_cast<std::size_t>(i)] = sum;
      },
      count * cost);
  double sum = 0;
  for (const double part : sums) sum += part;
  return sum;
}
template <class T>
void finish_loss(const LossResult<T>& result, double sum, double weights) {
  const double divisor = result.divisor == LossDivisor::one      ? 1
                         : result.divisor == LossDivisor::number ? static_cast<double>(result.number)
                                                                 : weights;
  const double factor = divisor == 0 ? 1 : 1 / divisor;
  if (result.factor) *result.factor.data = static_cast<T>(factor);
  if (result.total) *result.total.data = static_cast<T>(factor * sum);
}
template <class T>
T chained(View<const T> factor, View<const T> d_losses, Index at) {
  return (factor ? *factor.data : T(1)) * d_losses.data[d_losses.size() == 1 ? 0 : at];
}

/// Cost of a loss in additions, for dividing the work.
inline constexpr Index loss_cost = 8;

}  // namespace cpu

template <Real T, math::LossFunction f>
void CpuElementLoss<T, f>::forward(const ElementLossProblem<T>& p, const LossResult<T>& result) {
  const Index count = p.input.size(), inner = p.weights ? count / std::max<Index>(1, p.weights.size()) : 1;
  const double sum = cpu::sum_of(count, cpu::loss_cost, [&](Index i) {
    const T weight = p.weights ? p.weights.data[i / inner] : T(1);
    const auto parameters = p.at(p.parameters, p.positive_weights.data, p.positive_weights.size(), i);
    const T loss =
        weight == T(0) ? T(0) : weight * math::loss_value<f>(p.input.data[i], p.target.data[i], parameters);
    if (result.losses) result.losses.data[i] = loss;
    return static_cast<double>(loss);
  });
  double weights = static_cast<double>(count);
  if (result.divisor == LossDivisor::weights && p.weights)
    weights = static_cast<double>(inner) * cpu::sum_of(p.weights.size(), 1, [&](Index i) {
                return static_cast<double>(p.weights.data[i]);
              });
  cpu::finish_loss(result, sum, weights);
}

template <Real T, math::LossFunction f>
void CpuElementLoss<T, f>::backward(const ElementLossProblem<T>& p, View<const T> factor,
                                    View<const T> d_losses, View<T> d_input, View<T> d_target) {
  const Index count = p.input.size(), inner = p.weights ? count / std::max<Index>(1, p.weights.size()) : 1;
  cpu::parallel_ranges(count, cpu::loss_cost, [&](Index first, Index last) {
    for (Index i = first; i < last; ++i) {
      const T weight = p.weights ? p.weights.data[i / inner] : T(1);
      if (weight == T(0)) continue;
      const auto parameters = p.at(p.parameters, p.positive_weights.data, p.positive_weights.size(), i);
      const T d = weight * cpu::chained(factor, d_losses, i), x = p.input.data[i], t = p.target.data[i];
      if (d_input) d_input.data[i] += d * math::loss_derivative<f>(x, t, parameters);
      if (d_target) d_target.data[i] += d * math::loss_target_derivative<f>(x, t, parameters);
    }
  });
}

template <Real T>
void CpuClassLoss<T>::forward(const ClassLossProblem<T>& p, View<const T> log_probabilities,
                              const LossResult<T>& result) {
  const ClassEntries<T> entries{p};
  Index counted = 0;
  for (Index entry = 0; entry < entries.count(); ++entry) {
    if (entries.bad(entry))
      fail<IndexError>(p.op, ": label ", p.labels.data[entry], ", expected 0 to ", p.axis.size - 1);
    counted += entries.counts(entry);
  }
  const double sum = cpu::sum_of(entries.count(), p.axis.size, [&](Index entry) {
    const T loss = entries.loss(entry, log_probabilities.data);
    if (result.losses) result.losses.data[entry] = loss;
    return static_cast<double>(loss);
  });
  cpu::finish_loss(result, sum, static_cast<double>(counted));
}

template <Real T>
void CpuClassLoss<T>::backward(const ClassLossProblem<T>& p, View<const T> log_probabilities, bool of_scores,
                               View<const T> factor, View<const T> d_losses, View<T> d) {
  if (!d) return;
  const ClassEntries<T> entries{p};
  cpu::parallel_ranges(entries.count(), p.axis.size * cpu::loss_cost, [&](Index begin, Index end) {
    for (Index entry = begin; entry < end; ++entry)
      entries.backward(entry, log_probabilities.data, of_scores, cpu::chained(factor, d_losses, entry),
                       d.data);
  });
}

}  // namespace lstmlib::inline LSTMLIB_ABI
