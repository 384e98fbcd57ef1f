// SPDX-License-Identifier: MIT
#pragma once
// Learning rates, or other numbers of an optimizer, that change during a run.

#include "lstmlib/train/trainer.hpp"

#include <cmath>
#include <functional>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Sets a number before the first update and each time it runs: to `value_at(t)` after t calls. Saved as
/// Chainer's shifts; a resumed run goes on with the number that was saved.
class Schedule {
 public:
  Schedule(std::string its_name, double& number, std::function<double(Index)> value_at)
      : name(std::move(its_name)), number_(&number), value_at_(std::move(value_at)) {}

  void initialize(Trainer&) { set(last_ ? *last_ : value_at_(calls_)); }
  void operator()(Trainer&) { set(value_at_(++calls_)); }
  void serialize(nn::Serializer& serializer) {
    serializer.value("_t", calls_);
    // Chainer's warm-up does not save it; then it follows from the calls.
    if (serializer.saving() || serializer.has("_last_value")) serializer.value("_last_value", last_);
    else last_.reset();
  }

  std::string name;

 private:
  void set(double value) {
    last_ = value;
    *number_ = value;
  }
  double* number_;
  std::function<double(Index)> value_at_;
  Index calls_ = 0;
  std::optional<double> last_;  // none before the run
};

/// `value_at(t)` after t calls. `number`, as `adam.options.learning_rate`, outlives the trainer.
inline Extension schedule(double& number, std::function<double(Index)> value_at,
                          std::string name = "Schedule") {
  return Schedule(std::move(name), number, std::move(value_at));
}

/// The number at first, times `rate` at each call, until `target`. Throws Error for a negative rate.
inline Extension exponential_shift(double& number, double rate, std::optional<double> target = {}) {
  if (!(rate >= 0)) fail<Error>("exponential shift: a rate of ", rate, ", at least 0 expected");
  return schedule(
      number,
      [first = number, rate, target](Index t) {
        const double value = first * std::pow(rate, static_cast<double>(t));
        if (!target) return value;
        return (rate > 1) == (value / *target > 1) ? *target : value;
      },
      "ExponentialShift");
}

struct LinearShiftOptions {
  double from, to;              ///< values
  Index first_call, last_call;  ///< `from` up to the one, `to` since the other
};
/// A straight line between two values.
inline Extension linear_shift(double& number, LinearShiftOptions o) {
  return schedule(
      number,
      [o](Index t) {
        if (t <= o.first_call) return o.from;
        if (t >= o.last_call) return o.to;
        const double part =
            static_cast<double>(t - o.first_call) / static_cast<double>(o.last_call - o.first_call);
        return o.from + part * (o.to - o.from);
      },
      "LinearShift");
}

/// The number at first, times `factor` after every `calls` calls. Throws Error if that is below 1.
inline Extension step_shift(double& number, double factor, Index calls) {
  if (calls < 1) fail<Error>("step shift: a step of ", calls, " calls, at least 1 expected");
  return schedule(
      number,
      [first = number, factor, calls](Index t) {
        return first * std::pow(factor, static_cast<double>(t / calls));
      },
      "StepShift");
}

/// From `start` to the number at first, evenly in `calls` calls. Throws Error if that is below 1.
inline Extension warmup_shift(double& number, double start, Index calls) {
  if (calls < 1) fail<Error>("warm-up: ", calls, " calls, at least 1 expected");
  return schedule(
      number,
      [end = number, start, calls](Index t) {
        if (t >= calls) return end;
        return (static_cast<double>(t) * end + static_cast<double>(calls - t) * start) /
               static_cast<double>(calls);
      },
      "WarmupShift");
}

}  // namespace lstmlib::train
