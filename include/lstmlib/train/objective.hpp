// SPDX-License-Identifier: MIT
#pragma once
// Objectives: functions from a batch to a loss, in the forms that updaters and evaluators call.

#include "lstmlib/autograd/backward.hpp"
#include "lstmlib/train/observation.hpp"

#include <cmath>
#include <concepts>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// The sum of the losses of `count` tokens, examples or other things, for an objective to return in place of
/// their mean. The gradient is that of the mean over all batches of an update, and the reported loss is a mean
/// over all that was counted, also where batches differ in what they count.
///
///     return train::SummedLoss{ops::sum(losses), tokens};
template <Real T>
struct SummedLoss {
  Variable<T> sum;
  Index count;  ///< at least 0
};
template <Real T>  // clang before 17 does not deduce members
SummedLoss(Variable<T>, Index) -> SummedLoss<T>;

/// One part of a mixed objective, see weighted_sum.
template <Real T>
struct WeightedLoss {
  std::string name;  ///< key of its report
  Variable<T> loss;  ///< a scalar
  double weight = 1;
};
/// The sum of weight times loss. Observes each loss under its name, without its weight. Throws ValueError for
/// no losses and for a weight that is not finite, ShapeError for a loss that is not a scalar.
///
///     return train::weighted_sum(seen, {{"tags", of_tags}, {"language", of_words, 0.2}});
template <Real T = float>
[[nodiscard]] Variable<T> weighted_sum(Observation& seen,
                                       const std::vector<WeightedLoss<std::type_identity_t<T>>>& parts) {
  if (parts.empty()) fail<ValueError>("weighted_sum: no losses");
  for (const auto& [name, loss, weight] : parts) {
    if (!std::isfinite(weight))
      fail<ValueError>("weighted_sum: the weight of ", name, " is ", weight, ", expected a finite number");
    if (!loss || loss.value().size() != 1)
      fail<ShapeError>("weighted_sum: ", name, " is ", loss.shape(), ", expected a scalar");
  }
  auto& tensor_kernels = kernels("weighted_sum", parts.front().loss.value()).tensor;
  auto sum = Tensor<T>::zeros(parts.front().loss.shape(), parts.front().loss.device());
  std::vector<Variable<T>> losses;
  std::vector<T> weights;
  for (const auto& [name, loss, weight] : parts) {
    kernels("weighted_sum", sum, loss.value());
    seen[name] = 0;  // reserve its position in the report
    seen.defer([key = name, value = loss.value()](Observation& read) {
      read[key] = static_cast<double>(value.item());
    });
    losses.push_back(loss);
    weights.push_back(static_cast<T>(weight));
    tensor_kernels.add_scaled(weights.back(), loss.view(), sum.mutable_view());
  }
  return record("weighted_sum", sum, losses, reads(), [&tensor_kernels, weights](auto d_sum, auto d) {
    for (std::size_t i = 0; i < weights.size(); ++i)
      tensor_kernels.add_scaled(weights[i], d_sum[0].view(), d[i].view());
  });
}

namespace detail {

/// In place of a model, for objectives that do not take one.
struct NoModel {};

/// Calls an objective in the form that it has.
template <class Model, class Objective, class Batch>
auto call_objective([[maybe_unused]] Model& model, Objective& objective, const Batch& batch,
                    [[maybe_unused]] Observation& seen) {
  // The model comes first: a lambda of two `auto` is loss(model, batch).
  if constexpr (std::invocable<Objective&, Model&, const Batch&, Observation&>)
    return objective(model, batch, seen);
  else if constexpr (std::invocable<Objective&, const Batch&>) return objective(batch);
  else if constexpr (std::invocable<Objective&, Model&, const Batch&>) return objective(model, batch);
  else {
    static_assert(std::invocable<Objective&, const Batch&, Observation&>,
                  "an objective is called as loss(model, batch, observation), loss(model, batch), "
                  "loss(batch, observation) or loss(batch), with const batches");
    return objective(batch, seen);
  }
}

/// An objective that is referred to, or kept if it was a temporary.
template <class Objective>
class KeptObjective {
 public:
  KeptObjective(Objective& given) : given_(&given) {}
  KeptObjective(Objective&& temporary) : own_(std::move(temporary)) {}
  Objective& operator*() {
    if constexpr (keeps) return given_ ? *given_ : *own_;
    else return *given_;
  }

 private:
  // What cannot be moved is always referred to.
  static constexpr bool keeps = std::is_move_constructible_v<std::remove_const_t<Objective>>;
  using Own = std::conditional_t<keeps, std::remove_const_t<Objective>, Objective*>;
  Objective* given_ = nullptr;
  std::optional<Own> own_;
};

/// A loss and, if it is a sum, the number of what was counted.
template <Real T>
struct Loss {
  Variable<T> value;
  std::optional<Index> count = {};

  Loss() = default;
  Loss(Variable<T> mean) : value(std::move(mean)) {}
  Loss(SummedLoss<T> sum) : value(std::move(sum.sum)), count(sum.count) {
    if (*count < 0) fail<ValueError>("SummedLoss: count is ", *count, ", expected at least 0");
  }
  /// Observes the mean as "loss"; waits for the device.
  void observe(Observation& seen) const {
    const auto total = static_cast<double>(value.item());
    if (!count) seen["loss"] = total;
    else seen.set("loss", *count == 0 ? 0 : total / static_cast<double>(*count), *count);
  }
};
template <Real T>
Loss(Variable<T>) -> Loss<T>;
template <Real T>
Loss(SummedLoss<T>) -> Loss<T>;

/// The observation of several batches: means, weighted where a weight was given.
inline Observation mean_of(std::span<const Observation> observations) {
  if (observations.size() == 1) return observations.front();
  Observation result;
  for (const auto& first : observations)
    for (const Observation::Entry& entry : first) {
      if (result.find(entry.key)) continue;
      Observation::Entry mean{entry.key, 0, 0, entry.weighted};
      Index weights = 0;
      for (const auto& seen : observations)
        for (const auto& other : seen)
          if (other.key == entry.key) {
            const Index weight = entry.weighted ? other.weight : 1;
            mean.value += static_cast<double>(weight) * other.value;
            weights += weight;
          }
      if (weights > 0) mean.value /= static_cast<double>(weights);
      mean.weight = entry.weighted ? weights : 1;
      result.set(mean);
    }
  return result;
}

}  // namespace detail

}  // namespace lstmlib::inline LSTMLIB_ABI::train
