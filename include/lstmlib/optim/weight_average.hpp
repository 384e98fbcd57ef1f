// SPDX-License-Identifier: MIT
#pragma once
// Averages of a model's weights over training, which often generalize better than the last weights.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/update_items.hpp"
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
  explicit WeightAverage(nn::Module& model) : model_(model.place()) {
    detail::Collector collector(parameters_);
    model.visit_members(collector);
  }
  virtual ~WeightAverage() = default;
  WeightAverage(const WeightAverage&) = delete;
  WeightAverage& operator=(const WeightAverage&) = delete;

  /// Takes the current weights into the average. The first call copies them. Throws Error while the model has
  /// the averages, or if a member of the model now has another parameter.
  void update() {
    if (swapped_) fail<Error>("weight average: update() while the model has the averages");
    detail::check_members("weight average", *model_, parameters_);
    const double weight = next_weight();
    ++updates_;
    parameters_.for_each_type([&]<Real T>(std::vector<Entry<T>>& entries) { update(entries, weight); });
  }
  /// Exchanges the model's weights and the averages; a second call changes them back. Without an update so
  /// far, nothing is exchanged. See AveragedWeights.
  void swap() {
    parameters_.for_each_type([](auto& entries) {
      for (auto& entry : entries) {
        if (entry.state.empty()) continue;
        auto& value = entry.parameter.mutable_value();
        auto& average = to_device_of(entry);
        const auto kept = value.clone();
        value.assign(average);
        average.assign(kept);
      }
    });
    swapped_ = !swapped_;
  }
  /// Number of calls of update() so far.
  [[nodiscard]] Index updates() const noexcept { return updates_; }
  /// Whether the model has the averages now.
  [[nodiscard]] bool is_swapped() const noexcept { return swapped_; }

  /// Saves or loads the averages by parameter ("output/W/average") and their number. Throws Error while the
  /// model has the averages.
  void serialize(io::Serializer& serializer) {
    if (swapped_) fail<Error>("weight average: saved or loaded while the model has the averages");
    serializer.value("n", updates_);
    if (serializer.loading() && updates_ < 0) fail<FormatError>("weight average: n is ", updates_);
    parameters_.for_each_type([&](auto& entries) {
      for (auto& entry : entries) serialize_entry(serializer, entry);
    });
  }

 protected:
  /// Weight of the current weights in the average, which follows `updates()` earlier ones.
  virtual double next_weight() const = 0;

 private:
  template <Real T>
  static Tensor<T>& to_device_of(Entry<T>& entry) {
    Tensor<T>& average = entry.state.front();
    average = average.to(entry.parameter.device());
    return average;
  }
  /// average += weight (value - average), by the kernel of Sgd: one pass over all parameters.
  template <Real T>
  void update(std::vector<Entry<T>>& entries, double weight) {
    using Kind = math::GradientTransform::Kind;
    std::vector<UpdateItem<T>> items;
    for (auto& entry : entries) {
      if (entry.is_frozen() && entry.state.empty()) continue;
      if (entry.state.empty()) {
        entry.state.push_back(entry.parameter.value().clone());
        continue;
      }
      UpdateItem<T>& item = items.emplace_back();
      item.value = to_device_of(entry).mutable_view();
      item.gradient.dense = entry.parameter.view();
    }
    if (items.empty()) return;
    const math::GradientTransform difference[] = {{Kind::scale, -1}, {Kind::decay, 1}};  // average - value
    kernels("weight average", entries.front().parameter.value())
        .update.update(math::SgdRule{weight}, difference, items);
  }
  template <Real T>
  void serialize_entry(io::Serializer& serializer, Entry<T>& entry) {
    if (serializer.loading()) {
      entry.state.clear();
      if (serializer.has(entry.names.front() + "/average"))
        entry.state.push_back(entry.parameter.value().clone());
    }
    if (entry.state.empty()) return;
    const Index blocks = std::ssize(entry.names), rows = entry.parameter.shape().rows() / blocks;
    for (Index block = 0; block < blocks; ++block) {
      auto& whole = entry.state.front();
      auto part = blocks == 1 ? whole : whole.rows(block * rows, rows);  // shares the memory
      serializer.value(entry.names[static_cast<std::size_t>(block)] + "/average", part);
    }
  }

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
  explicit Ema(nn::Module& model, EmaOptions o = {}) : WeightAverage(model), options(o) {
    lstmlib::detail::require_below_one("EmaOptions", "decay", o.decay);
  }

  EmaOptions options;  ///< may be changed between updates

 private:
  double next_weight() const override {
    lstmlib::detail::require_below_one("EmaOptions", "decay", options.decay);
    return 1 - options.decay;
  }
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
