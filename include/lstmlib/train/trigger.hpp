// SPDX-License-Identifier: MIT
#pragma once
// When something happens in a training run: every so many epochs or iterations, once, never. Triggers on
// observed values are in value_trigger.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/train/observation.hpp"

#include <cmath>
#include <memory>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// How far a run is, after an update: what triggers decide by.
struct Status {
  Index iteration = 0;                       ///< updates done
  Index epoch = 0;                           ///< epochs finished
  double epoch_detail = 0;                   ///< with the fraction of the one under way
  double previous_epoch_detail = -1;         ///< before the last update; -1: there was none
  const Observation* observation = nullptr;  ///< of the last update; never null when a trigger is asked
};

/// The length of a run, where a trigger knows it. One of the two is positive.
struct RunLength {
  double epochs = 0;
  Index iterations = 0;
};

/// Any callable `bool(const Status&)`, asked after each update. Where it has `serialize(io::Serializer&)`,
/// its state is saved; where it has `length()`, progress bars know how long a run is. Moves, does not copy:
/// it has state.
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

/// Fires when a multiple of `period` was passed since it was asked before. Saved as Chainer's
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
  /// What the saved run did not have, because it had no such extension or an older version, begins here.
  void serialize(io::Serializer& serializer) {
    if (serializer.saving() || serializer.has("previous_iteration"))
      serializer.value("previous_iteration", previous_iteration_);
    else previous_iteration_ = -1;
    if (serializer.saving() || serializer.has("previous_epoch_detail"))
      serializer.value("previous_epoch_detail", previous_epoch_detail_);
    else previous_epoch_detail_ = -1;
  }

 private:
  /// Whole periods in `x`. By the remainder, which is exact: 1 / 0.1 is 10, but ten times the double 0.1 is
  /// more than 1.
  double periods(double x) const { return std::round((x - std::fmod(x, period_)) / period_); }

  double period_;
  Unit unit_;
  Index previous_iteration_ = 0;      // -1: not known
  double previous_epoch_detail_ = 0;  // -1: not known
};

/// Every `n` epochs; as a stop trigger, after `n` epochs. May be a fraction.
inline Trigger epochs(double n) { return IntervalTrigger(n, IntervalTrigger::Unit::epoch); }
/// Every `n` iterations; as a stop trigger, after `n` iterations.
inline Trigger iterations(Index n) {
  return IntervalTrigger(static_cast<double>(n), IntervalTrigger::Unit::iteration);
}

/// Never fires.
inline Trigger never() {
  return [](const Status&) { return false; };
}

/// Fires after the first update, and not again after a resume.
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
