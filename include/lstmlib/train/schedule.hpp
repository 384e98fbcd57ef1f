// SPDX-License-Identifier: MIT
#pragma once
// Schedules: learning rates or other numbers of an optimizer that change during a run.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/schedule.hpp"
#include "lstmlib/train/trainer.hpp"
#include "lstmlib/train/value_trigger.hpp"

#include <cmath>
#include <functional>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Sets a number to `value_at(t)` after t calls, starting before the first update. Saved like Chainer's
/// shifts; a resumed run continues with the saved number. Throws ValueError if a value is not finite,
/// FormatError if one in a file is not.
class ScheduleExtension {
 public:
  ScheduleExtension(std::string its_name, double& number, std::function<double(Index)> value_at)
      : name(std::move(its_name)), number_(&number), value_at_(std::move(value_at)) {
    if (!value_at_) fail<ValueError>(name, ": the function is empty");
  }

  void initialize(Trainer&) { set(last_ ? *last_ : value_at_(calls_)); }
  void operator()(Trainer&) { set(value_at_(++calls_)); }
  void serialize(io::Serializer& serializer) {
    serializer.value("_t", calls_);
    // Chainer's warm-up does not save the value; then it is computed from the number of calls.
    if (serializer.saving() || serializer.has("_last_value")) serializer.value("_last_value", last_);
    else last_.reset();
    if (serializer.loading() && (calls_ < 0 || (last_ && !std::isfinite(*last_))))
      fail<FormatError>(name, ": ", calls_, " calls, last value ", last_.value_or(0),
                        ", expected a finite one");
  }

  std::string name;

 private:
  void set(double value) {
    if (!std::isfinite(value))
      fail<ValueError>(name, ": the value after ", calls_, " calls is ", value, ", expected a finite number");
    last_ = value;
    *number_ = value;
  }
  double* number_;
  std::function<double(Index)> value_at_;
  Index calls_ = 0;
  std::optional<double> last_;  // none before the first update
};

/// Sets `number` to `value_at(t)` after t calls: the t-th update has value_at(t), counted from 0. Takes the
/// schedules of optim/schedule.hpp, too. `number` must outlive the trainer.
///
///     trainer.extend(train::schedule(adam.options.learning_rate, optim::cosine({.rate = 1e-3, .steps = 5000})));
///     trainer.extend(train::schedule(adam.options.learning_rate, [](Index t) { return 1e-3 / (1 + t); }),
///                    train::epochs(1));
inline Extension schedule(double& number, std::function<double(Index)> value_at,
                          std::string name = "Schedule") {
  return ScheduleExtension(std::move(name), number, std::move(value_at));
}

/// Multiplies the initial number by `rate` at each call, until it reaches `target`. Throws ValueError for a
/// negative rate and for numbers that are not finite.
inline Extension exponential_shift(double& number, double rate, std::optional<double> target = {}) {
  lstmlib::detail::require_not_negative("exponential_shift", "rate", rate);
  if (target) lstmlib::detail::require_finite("exponential_shift", "target", *target);
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
  Index first_call, last_call;  ///< `from` up to first_call, `to` from last_call
};
/// Linear interpolation between two values. Throws ValueError for values that are not finite and unless 0 <=
/// first_call <= last_call.
inline Extension linear_shift(double& number, LinearShiftOptions o) {
  lstmlib::detail::require_finite("LinearShiftOptions", "from", o.from);
  lstmlib::detail::require_finite("LinearShiftOptions", "to", o.to);
  if (o.first_call < 0 || o.last_call < o.first_call)
    fail<ValueError>("LinearShiftOptions: first_call is ", o.first_call, ", last_call is ", o.last_call,
                     ", expected 0 <= first_call <= last_call");
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

/// Multiplies the number by `factor` every `calls` calls. Throws ValueError if `calls` is below 1 or the
/// factor is not finite.
inline Extension step_shift(double& number, double factor, Index calls) {
  lstmlib::detail::require_size("step_shift", "calls", calls);
  lstmlib::detail::require_finite("step_shift", "factor", factor);
  return schedule(
      number,
      [first = number, factor, calls](Index t) {
        return first * std::pow(factor, static_cast<double>(t / calls));
      },
      "StepShift");
}

/// Rises linearly from `start` to the initial number within `calls` calls. Throws ValueError if `calls` is
/// below 1 or `start` is not finite.
inline Extension warmup_shift(double& number, double start, Index calls) {
  lstmlib::detail::require_size("warmup_shift", "calls", calls);
  lstmlib::detail::require_finite("warmup_shift", "start", start);
  return schedule(
      number,
      [end = number, start, calls](Index t) {
        if (t >= calls) return end;
        return (static_cast<double>(t) * end + static_cast<double>(calls - t) * start) /
               static_cast<double>(calls);
      },
      "WarmupShift");
}

struct ReduceOnPlateauOptions {
  std::string monitor = "validation/main/loss";
  Better better = Better::less;  ///< use Better::greater for accuracies
  double factor = 0.1;  ///< multiplies the number after `patience` means without improvement and one more
  Index patience = 10;
  double threshold = 1e-4;    ///< a mean is better if it differs from the best by more than this share
  Index cooldown = 0;         ///< means after a reduction that do not count
  double final_rate = 0;      ///< the number does not fall below it
  Trigger check = epochs(1);  ///< when to take the mean since the last check
};

/// Lowers a number when the mean of an observed value no longer improves.
class PlateauExtension {
 public:
  PlateauExtension(double& number, ReduceOnPlateauOptions o)
      : number_(&number),
        plateau_({.rate = number,
                  .factor = o.factor,
                  .patience = o.patience,
                  .threshold = o.threshold,
                  .greater = o.better == Better::greater,
                  .cooldown = o.cooldown,
                  .final_rate = o.final_rate}),
        monitor_(std::move(o.monitor)),
        check_(std::move(o.check)) {}

  void initialize(Trainer&) { *number_ = plateau_.rate(); }
  void operator()(Trainer& trainer) {
    if (const auto value = trainer.observation().find(monitor_)) summary_.add(monitor_, *value);
    if (!check_(trainer.status())) return;
    const auto mean = summary_.means().find(monitor_);
    summary_.clear();
    if (mean) *number_ = plateau_(*mean);
  }
  void serialize(io::Serializer& serializer) {
    serializer.child("plateau", plateau_);
    serializer.child("summary", summary_);
    serializer.child("check", check_);
  }

  std::string name = "ReduceOnPlateau";

 private:
  double* number_;
  optim::ReduceOnPlateau plateau_;
  std::string monitor_;
  Trigger check_;
  Summary summary_;  // since the last check
};

/// Multiplies `number` by a factor when the mean of an observed value no longer improves, as
/// optim::ReduceOnPlateau does. Throws ValueError for options out of range. `number` must outlive the trainer.
///
///     trainer.extend(train::reduce_on_plateau(adam.options.learning_rate, {.patience = 2}));
inline Extension reduce_on_plateau(double& number, ReduceOnPlateauOptions o = {}) {
  return PlateauExtension(number, std::move(o));
}

}  // namespace lstmlib::train
