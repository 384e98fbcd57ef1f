// SPDX-License-Identifier: MIT
#pragma once
// Triggers: when something happens in a run, such as every n epochs or iterations, once, or never. Triggers
// on observed values are in value_trigger.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/train/observation.hpp"

#include <cmath>
#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Progress of a run after an update, which triggers decide by.
struct Status {
  Index iteration = 0;                       ///< updates done
  Index epoch = 0;                           ///< epochs finished
  double epoch_detail = 0;                   ///< epochs, including the fraction of the current one
  double previous_epoch_detail = -1;         ///< the same before the last update; -1: there was none
  const Observation* observation = nullptr;  ///< of the last update; not null when a trigger is called
};

/// Length of a run, if a trigger knows it. At most one of the two is positive.
struct RunLength {
  double epochs = 0;
  Index iterations = 0;
};

/// Any callable `bool(const Status&)`. It is called after each update. Optional members:
/// `serialize(io::Serializer&)` saves its state, and `length()` tells progress bars the length of a run.
/// Move-only, because it has state.
///
///     trainer.extend(train::snapshot(), train::iterations(1000));
///     trainer.extend(train::snapshot(), [](const train::Status& s) { return s.epoch == 3; });
class Trigger {
 public:
  template <class F>
  requires(!std::same_as<F, Trigger>) && std::is_invocable_r_v<bool, F&, const Status&> Trigger(F function)
      : part_(std::make_unique<Holder<F>>(std::move(function))) {}

  bool operator()(const Status& now) { return part_->fires(now); }
  void serialize(io::Serializer& serializer) { part_->serialize(serializer); }
  RunLength length() const { return part_->length(); }

 private:
  struct Part {
    virtual ~Part() = default;
    virtual bool fires(const Status&) = 0;
    virtual void serialize(io::Serializer&) = 0;
    virtual RunLength length() const = 0;
  };
  template <class F>
  struct Holder final : Part {
    explicit Holder(F f) : function(std::move(f)) {}
    bool fires(const Status& now) override { return function(now); }
    void serialize([[maybe_unused]] io::Serializer& serializer) override {
      if constexpr (requires { function.serialize(serializer); }) function.serialize(serializer);
    }
    RunLength length() const override {
      if constexpr (requires { function.length(); }) return function.length();
      else return {};
    }
    F function;
  };
  std::unique_ptr<Part> part_;
};

/// Fires when a multiple of `period` was reached since the previous call. Saved like Chainer's
/// IntervalTrigger.
class IntervalTrigger {
 public:
  enum class Unit { epoch, iteration };
  /// Throws ValueError unless the period is positive and finite.
  IntervalTrigger(double period, Unit unit) : period_(period), unit_(unit) {
    lstmlib::detail::require_positive("trigger", unit == Unit::epoch ? "epochs" : "iterations", period);
  }

  bool operator()(const Status& now) {
    bool fires;
    if (unit_ == Unit::epoch) {
      const double before = previous_epoch_detail_ < 0 ? now.previous_epoch_detail : previous_epoch_detail_;
      fires = periods(before) != periods(now.epoch_detail);
    } else {
      const Index before = previous_iteration_ < 0 ? now.iteration - 1 : previous_iteration_;
      fires = periods(static_cast<double>(before)) != periods(static_cast<double>(now.iteration));
    }
    previous_iteration_ = now.iteration;
    previous_epoch_detail_ = now.epoch_detail;
    return fires;
  }
  RunLength length() const {
    if (unit_ == Unit::epoch) return {period_, 0};
    return {0, static_cast<Index>(period_)};
  }
  /// State that the file lacks starts afresh: the saved run may have had no such extension, or an older
  /// version.
  void serialize(io::Serializer& serializer) {
    if (serializer.saving() || serializer.has("previous_iteration"))
      serializer.value("previous_iteration", previous_iteration_);
    else previous_iteration_ = -1;
    if (serializer.saving() || serializer.has("previous_epoch_detail"))
      serializer.value("previous_epoch_detail", previous_epoch_detail_);
    else previous_epoch_detail_ = -1;
  }

 private:
  /// Number of whole periods in `x`. Uses the remainder, which is exact: 1 / 0.1 is 10, but ten times the
  /// double 0.1 is more than 1.
  double periods(double x) const { return std::round((x - std::fmod(x, period_)) / period_); }

  double period_;
  Unit unit_;
  Index previous_iteration_ = 0;      // -1: unknown
  double previous_epoch_detail_ = 0;  // -1: unknown
};

/// Every `n` epochs, which may be a fraction. As a stop trigger: after `n` epochs.
inline Trigger epochs(double n) { return IntervalTrigger(n, IntervalTrigger::Unit::epoch); }
/// Every `n` iterations. As a stop trigger: after `n` iterations.
inline Trigger iterations(Index n) {
  return IntervalTrigger(static_cast<double>(n), IntervalTrigger::Unit::iteration);
}

/// Never fires.
inline Trigger never() {
  return [](const Status&) { return false; };
}

/// Fires after the first update. Does not fire again after a resume.
inline Trigger once() {
  struct Once {
    bool operator()(const Status&) { return std::exchange(first, false); }
    void serialize(io::Serializer& serializer) {
      if (serializer.saving() || serializer.has("_flag_first")) serializer.value("_flag_first", first);
      else first = false;
    }
    bool first = true;
  };
  return Once{};
}

}  // namespace lstmlib::train
