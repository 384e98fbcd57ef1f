// SPDX-License-Identifier: MIT
#pragma once
// Schedules: learning rates or other numbers of an optimizer that change during a run.

#include "lstmlib/base/option.hpp"
#include "lstmlib/train/trainer.hpp"

#include <cmath>
#include <functional>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Sets a number to `value_at(t)` after t calls, starting before the first update. Saved like Chainer's
/// shifts; a resumed run continues with the saved number. Throws ValueError if a value is not finite,
/// FormatError if one in a file is not.
class Schedule {
 public:
  Schedule(std::string its_name, double& number, std::function<double(Index)> value_at)
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

/// Sets `number` to `value_at(t)` after t calls. `number` must outlive the trainer.
///
///     trainer.extend(train::schedule(adam.options.learning_rate, [](Index t) { return 1e-3 / (1 + t); }),
///                    train::epochs(1));
inline Extension schedule(double& number, std::function<double(Index)> value_at,
                          std::string name = "Schedule") {
  return Schedule(std::move(name), number, std::move(value_at));
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

}  // namespace lstmlib::train
