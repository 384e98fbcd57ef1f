// SPDX-License-Identifier: MIT
#pragma once
// Averages of a model's weights over training, which often generalize better than the last weights.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/optim/parameter_list.hpp"
#include "lstmlib/serialization/serializer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// Base class of Ema and Swa. It keeps an average of each parameter that is not frozen. State that is not a
/// parameter is not averaged. The model may be moved or destroyed, as for an optimizer.
///
///     optim::Ema ema(model, {.decay = 0.999});
///     for (...) {
///       ...
///       adam.step();
///       ema.update();
///     }
///     const optim::AveragedWeights scope(ema);  // the model has the averages until the end of the scope
///     evaluate(model);
class WeightAverage {
 public:
  LSTMLIB_LAZY explicit WeightAverage(nn::Module& model);
  LSTMLIB_INLINE virtual ~WeightAverage();
  WeightAverage(const WeightAverage&) = delete;
  WeightAverage& operator=(const WeightAverage&) = delete;

  /// Takes the current weights into the average. The first call copies them. Throws Error while the model has
  /// the averages, or if a member of the model now has another parameter.
  LSTMLIB_LAZY void update();
  /// Exchanges the model's weights and the averages; a second call changes them back. Without an update so
  /// far, nothing is exchanged. See AveragedWeights.
  void swap();
  /// Number of calls of update() so far.
  [[nodiscard]] Index updates() const noexcept { return updates_; }
  /// Whether the model has the averages now.
  [[nodiscard]] bool is_swapped() const noexcept { return swapped_; }

  /// Saves or loads the averages by parameter ("output/W/average") and their number. Throws Error while the
  /// model has the averages.
  LSTMLIB_LAZY void serialize(io::Serializer& serializer);

 protected:
  /// Weight of the current weights in the average, which follows `updates()` earlier ones.
  virtual double next_weight() const = 0;

 private:
  template <Real T>
  static Tensor<T>& to_device_of(Entry<T>& entry);
  /// average += weight (value - average), by the kernel of Sgd: one pass over all parameters.
  template <Real T>
  void update(std::vector<Entry<T>>& entries, double weight);
  template <Real T>
  void serialize_entry(io::Serializer& serializer, Entry<T>& entry);

  std::shared_ptr<const nn::ModulePlace> model_;
  ParameterList parameters_;  // the state of an entry is its average, once there is one
  Index updates_ = 0;
  bool swapped_ = false;
};

struct EmaOptions {
  double decay = 0.999;  ///< share of the average that an update keeps, 0 <= decay < 1
};
/// Exponential moving average: average = decay average + (1 - decay) weights. PyTorch: AveragedModel with
/// get_ema_multi_avg_fn. Throws ValueError for a decay out of range.
class Ema final : public WeightAverage {
 public:
  LSTMLIB_LAZY explicit Ema(nn::Module& model, EmaOptions o = {});

  EmaOptions options;  ///< may be changed between updates

 private:
  LSTMLIB_INLINE double next_weight() const override;
};

/// Stochastic weight averaging [Izmailov 2018]: the mean of the weights at all updates, such as one an epoch
/// late in training. PyTorch: AveragedModel.
class Swa final : public WeightAverage {
 public:
  using WeightAverage::WeightAverage;

 private:
  double next_weight() const override { return 1 / static_cast<double>(updates() + 1); }
};

/// While an object of this class exists, the model has the averaged weights. Throws Error if it has them
/// already.
class [[nodiscard]] AveragedWeights {
 public:
  explicit AveragedWeights(WeightAverage& average) : average_(average) {
    if (average.is_swapped()) fail<Error>("AveragedWeights: the model has the averages already");
    average.swap();
  }
  ~AveragedWeights() { average_.swap(); }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  WeightAverage& average_;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/optim/weight_average.inl"
#endif
