// SPDX-License-Identifier: MIT
#pragma once
// Schedules: functions from a step to a learning rate, or to another number of an optimizer. A loop of one's
// own calls them; train::schedule takes them, too.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/linkage.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::optim {

/// A rate for each step, counted from 0. It has no state: a resumed run asks for the step where it goes on.
///
///     const auto schedule = optim::warmup(100, optim::cosine({.rate = 1e-3, .steps = 900}));
///     for (...) {
///       adam.options.learning_rate = schedule(adam.steps());
///       ...
///     }
class Schedule {
 public:
  /// A function of one's own. Throws ValueError if it is empty.
  template <class F>
  requires(!std::same_as<F, Schedule>) && std::is_invocable_r_v<double, const F&, Index> Schedule(F rate_at)
      : rate_at_(std::move(rate_at)) {
    if (!rate_at_) fail<ValueError>("schedule: the function is empty");
  }
  /// The rate of step `step`. Throws ValueError for a negative step.
  double operator()(Index step) const;

 private:
  std::function<double(Index)> rate_at_;
};

/// The same rate at every step.
LSTMLIB_LAZY Schedule constant(double rate);

struct StepDecayOptions {
  double rate;              ///< first rate
  double factor = 0.1;      ///< multiplies the rate ...
  Index every = 0;          ///< ... each time that so many steps are done
  std::vector<Index> at{};  ///< or at these steps, in rising order
};
/// rate factor^k after k times `every` steps, or from the k-th of the steps `at` on. PyTorch: StepLR,
/// MultiStepLR. Throws ValueError for numbers out of range and unless one of `every` and `at` is given.
LSTMLIB_LAZY Schedule step_decay(StepDecayOptions o);

struct ExponentialDecayOptions {
  double rate;            ///< first rate
  double factor;          ///< multiplies the rate after each step
  double final_rate = 0;  ///< the rate does not fall below it
};
/// rate factor^step. PyTorch: ExponentialLR.
LSTMLIB_LAZY Schedule exponential_decay(ExponentialDecayOptions o);

struct DecayOptions {
  double rate;      ///< first rate
  Index steps = 0;  ///< the final rate is reached after so many steps, and stays
  double final_rate = 0;

  void check(const char* owner) const;
};
/// Along a straight line from the first rate to the final one. PyTorch: LinearLR.
LSTMLIB_LAZY Schedule linear(DecayOptions o);
/// Along half a cosine from the first rate to the final one [Loshchilov 2017, without restarts]. PyTorch:
/// CosineAnnealingLR.
LSTMLIB_LAZY Schedule cosine(DecayOptions o);

struct OneCycleOptions {
  double max_rate;
  Index steps = 0;             ///< of the whole cycle
  double rising = 0.3;         ///< share of the steps in which the rate rises
  double first_divisor = 25;   ///< first rate = max_rate / first_divisor
  double final_divisor = 1e4;  ///< last rate = first rate / final_divisor
};
/// Up to max_rate and down again, along half cosines [Smith 2018]. PyTorch: OneCycleLR. From the last step on,
/// the last rate.
LSTMLIB_LAZY Schedule one_cycle(OneCycleOptions o);

/// max_rate min((step + 1)^-0.5, (step + 1) steps^-1.5) steps^0.5: rises for `steps` steps, then falls with the
/// root of the step [Vaswani 2017].
LSTMLIB_LAZY Schedule inverse_square_root(double max_rate, Index steps);

/// Schedules one after another: `parts[i]` for its number of steps, counted from 0 in each; the last goes on
/// for ever. PyTorch: SequentialLR. Throws ValueError for no parts, or for a number of steps below 1 in any
/// but the last.
LSTMLIB_LAZY Schedule sequence(std::vector<std::pair<Index, Schedule>> parts);

/// Rises along a straight line for `steps` steps to the first rate of `next`, which begins after them. Step 0
/// has `first_factor` of that rate (default: 1 / steps). PyTorch: LinearLR, then another. Throws ValueError if
/// `steps` is below 1, or `first_factor` not in 0 to 1.
LSTMLIB_LAZY Schedule warmup(Index steps, Schedule next, std::optional<double> first_factor = {});

struct PlateauOptions {
  double rate;          ///< first rate
  double factor = 0.1;  ///< multiplies the rate after `patience` values without improvement and one more
  Index patience = 10;
  double threshold = 1e-4;  ///< a value is better if it is less by this share of the best; 0: if it is less
  bool greater = false;     ///< greater values are better, as of accuracies
  Index cooldown = 0;       ///< values after a reduction that do not count
  double final_rate = 0;    ///< the rate does not fall below it
};

/// Lowers the rate when a value, such as a validation loss, no longer improves. NaN is no improvement. PyTorch:
/// ReduceLROnPlateau.
///
///     optim::ReduceOnPlateau plateau({.rate = 1e-3, .patience = 2});
///     adam.options.learning_rate = plateau(validation_loss);  // after each epoch
class ReduceOnPlateau {
 public:
  /// Throws ValueError for numbers out of range.
  explicit ReduceOnPlateau(PlateauOptions o);

  [[nodiscard]] double rate() const { return rate_; }
  /// Takes the next value, and returns the rate from now on.
  double operator()(double value);
  void serialize(io::Serializer& serializer);

 private:
  bool is_better(double value) const;
  PlateauOptions options_;
  double rate_;
  std::optional<double> best_;
  Index failures_ = 0, rest_ = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/optim/schedule.inl"
#endif
