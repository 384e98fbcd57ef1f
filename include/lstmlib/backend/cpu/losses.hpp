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

namespace cpu {
/// The entries of a loss over classes.
template <class T>
class ClassEntries {
 public:
  explicit ClassEntries(const ClassLossProblem<T>& p) : p_(p) {}
  [[nodiscard]] Index count() const { return p_.axis.outer * p_.axis.inner; }
  /// Index of the first class of an entry.
  [[nodiscard]] Index first(Index entry) const {
    return entry / p_.axis.inner * p_.axis.size * p_.axis.inner + entry % p_.axis.inner;
  }
  [[nodiscard]] bool counts(Index entry) const {
    return !p_.labels || p_.labels.data[entry] != p_.ignore_label;
  }
  /// The smoothed target of a class times its weight.
  [[nodiscard]] T target(Index entry, Index c) const {
    const T hard = p_.labels ? (p_.labels.data[entry] == c ? T(1) : T(0))
                             : p_.probabilities.data[first(entry) + c * p_.axis.inner];
    const T q = (1 - p_.smoothing) * hard + p_.smoothing / static_cast<T>(p_.axis.size);
    return p_.class_weights ? q * p_.class_weights.data[c] : q;
  }

 private:
  const ClassLossProblem<T>& p_;
};
}  // namespace cpu

template <Real T>
void CpuClassLoss<T>::forward(const ClassLossProblem<T>& p, View<const T> log_probabilities,
                              const LossResult<T>& result) {
  const cpu::ClassEntries<T> entries(p);
  Index counted = 0;
  for (Index entry = 0; entry < entries.count(); ++entry) {
    if (!entries.counts(entry)) continue;
    ++counted;
    if (p.labels && (p.labels.data[entry] < 0 || p.labels.data[entry] >= p.axis.size))
      fail<IndexError>(p.op, ": label ", p.labels.data[entry], ", expected 0 to ", p.axis.size - 1);
  }
  const double sum = cpu::sum_of(entries.count(), p.axis.size, [&](Index entry) {
    T loss = 0;
    for (Index c = 0; entries.counts(entry) && c < p.axis.size; ++c) {
      const T q = entries.target(entry, c);
      if (q != T(0)) loss -= q * log_probabilities.data[entries.first(entry) + c * p.axis.inner];
    }
    if (result.losses) result.losses.data[entry] = loss;
    return static_cast<double>(loss);
  });
  cpu::finish_loss(result, sum, static_cast<double>(counted));
}

template <Real T>
void CpuClassLoss<T>::backward(const ClassLossProblem<T>& p, View<const T> log_probabilities, bool of_scores,
                               View<const T> factor, View<const T> d_losses, View<T> d) {
  if (!d) return;
  const cpu::ClassEntries<T> entries(p);
  cpu::parallel_ranges(entries.count(), p.axis.size * cpu::loss_cost, [&](Index begin, Index end) {
    for (Index entry = begin; entry < end; ++entry) {
      if (!entries.counts(entry)) continue;
      const T d_loss = cpu::chained(factor, d_losses, entry);
      T sum = 0;
      for (Index c = 0; of_scores && c < p.axis.size; ++c) sum += entries.target(entry, c);
      for (Index c = 0; c < p.axis.size; ++c) {
        const Index at = entries.first(entry) + c * p.axis.inner;
        const T probability = of_scores ? sum * std::exp(log_probabilities.data[at]) : T(0);
        d.data[at] += d_loss * (probability - entries.target(entry, c));
      }
    }
  });
}

}  // namespace lstmlib::inline LSTMLIB_ABI
