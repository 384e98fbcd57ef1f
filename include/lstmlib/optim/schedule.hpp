// SPDX-License-Identifier: MIT
#pragma once
// Schedules: functions from a step to a learning rate, or to another number of an optimizer. A loop of one's
// own calls them; train::schedule takes them, too.

#include "lstmlib/base/option.hpp"
#include "lstmlib/serialization/serializer.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
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
  double operator()(Index step) const {
    if (step < 0) fail<ValueError>("schedule: step ", step, ", expected at least 0");
    return rate_at_(step);
  }

 private:
  std::function<double(Index)> rate_at_;
};

/// The same rate at every step.
inline Schedule constant(double rate) {
  lstmlib::detail::require_not_negative("constant", "rate", rate);
  return [rate](Index) { return rate; };
}

struct StepDecayOptions {
  double rate;              ///< first rate
  double factor = 0.1;      ///< multiplies the rate ...
  Index every = 0;          ///< ... each time that so many steps are done
  std::vector<Index> at{};  ///< or at these steps, in rising order
};
/// rate factor^k after k times `every` steps, or from the k-th of the steps `at` on. PyTorch: StepLR,
/// MultiStepLR. Throws ValueError for numbers out of range and unless one of `every` and `at` is given.
inline Schedule step_decay(StepDecayOptions o) {
  constexpr auto owner = "StepDecayOptions";
  lstmlib::detail::require_not_negative(owner, "rate", o.rate);
  lstmlib::detail::require_not_negative(owner, "factor", o.factor);
  if (o.every < 0) lstmlib::detail::refuse_option(owner, "every", o.every, "at least 1");
  if ((o.every == 0) == o.at.empty()) fail<ValueError>(owner, ": expected either every or at");
  if (!std::is_sorted(o.at.begin(), o.at.end()) || (!o.at.empty() && o.at.front() < 0))
    fail<ValueError>(owner, ": at, expected steps of at least 0 in rising order");
  return [o](Index step) {
    const Index times =
        o.every > 0 ? step / o.every : std::upper_bound(o.at.begin(), o.at.end(), step) - o.at.begin();
    return o.rate * std::pow(o.factor, static_cast<double>(times));
  };
}

struct ExponentialDecayOptions {
  double rate;            ///< first rate
  double factor;          ///< multiplies the rate after each step
  double final_rate = 0;  ///< the rate does not fall below it
};
/// rate factor^step. PyTorch: ExponentialLR.
inline Schedule exponential_decay(ExponentialDecayOptions o) {
  constexpr auto owner = "ExponentialDecayOptions";
  lstmlib::detail::require_not_negative(owner, "rate", o.rate);
  lstmlib::detail::require_not_negative(owner, "factor", o.factor);
  lstmlib::detail::require_not_negative(owner, "final_rate", o.final_rate);
  return [o](Index step) {
    return (std::max)(o.rate * std::pow(o.factor, static_cast<double>(step)), o.final_rate);
  };
}

struct DecayOptions {
  double rate;  ///< first rate
  Index steps;  ///< the final rate is reached after so many steps, and stays
  double final_rate = 0;

  void check(const char* owner) const {
    lstmlib::detail::require_not_negative(owner, "rate", rate);
    lstmlib::detail::require_size(owner, "steps", steps);
    lstmlib::detail::require_not_negative(owner, "final_rate", final_rate);
  }
};
namespace detail {
/// 1 at step 0, 0 from step `steps` on.
inline double left(Index step, Index steps) {
  return step >= steps ? 0 : 1 - static_cast<double>(step) / static_cast<double>(steps);
}
/// From `from` to `to` along half a cosine, while `left` falls from 1 to 0.
inline double half_cosine(double from, double to, double left) {
  return to + (from - to) * (1 + std::cos(std::numbers::pi * (1 - left))) / 2;
}
}  // namespace detail
/// Along a straight line from the first rate to the final one. PyTorch: LinearLR.
inline Schedule linear(DecayOptions o) {
  o.check("linear");
  return [o](Index step) { return o.final_rate + (o.rate - o.final_rate) * detail::left(step, o.steps); };
}
/// Along half a cosine from the first rate to the final one [Loshchilov 2017, without restarts]. PyTorch:
/// CosineAnnealingLR.
inline Schedule cosine(DecayOptions o) {
  o.check("cosine");
  return [o](Index step) { return detail::half_cosine(o.rate, o.final_rate, detail::left(step, o.steps)); };
}

struct OneCycleOptions {
  double max_rate;
  Index steps;                 ///< of the whole cycle
  double rising = 0.3;         ///< share of the steps in which the rate rises
  double first_divisor = 25;   ///< first rate = max_rate / first_divisor
  double final_divisor = 1e4;  ///< last rate = first rate / final_divisor
};
/// Up to max_rate and down again, along half cosines [Smith 2018]. PyTorch: OneCycleLR. From the last step on,
/// the last rate.
inline Schedule one_cycle(OneCycleOptions o) {
  constexpr auto owner = "OneCycleOptions";
  lstmlib::detail::require_not_negative(owner, "max_rate", o.max_rate);
  lstmlib::detail::require_size(owner, "steps", o.steps);
  if (!(o.rising >= 0 && o.rising <= 1)) lstmlib::detail::refuse_option(owner, "rising", o.rising, "0 to 1");
  lstmlib::detail::require_positive(owner, "first_divisor", o.first_divisor);
  lstmlib::detail::require_positive(owner, "final_divisor", o.final_divisor);
  return [o](Index step) {
    const double first = o.max_rate / o.first_divisor, last = first / o.final_divisor,
                 top = o.rising * static_cast<double>(o.steps) - 1, end = static_cast<double>(o.steps - 1),
                 at = static_cast<double>(step);
    if (at <= top) return detail::half_cosine(first, o.max_rate, top > 0 ? 1 - at / top : 0);
    return detail::half_cosine(o.max_rate, last, at < end ? (end - at) / (end - top) : 0);
  };
}

/// max_rate min((step + 1)^-0.5, (step + 1) steps^-1.5) steps^0.5: rises for `steps` steps, then falls with the
/// root of the step [Vaswani 2017].
inline Schedule inverse_square_root(double max_rate, Index steps) {
  lstmlib::detail::require_not_negative("inverse_square_root", "max_rate", max_rate);
  lstmlib::detail::require_size("inverse_square_root", "steps", steps);
  return [max_rate, steps](Index step) {
    const double at = static_cast<double>(step + 1) / static_cast<double>(steps);
    return max_rate * (std::min)(1 / std::sqrt(at), at);
  };
}

/// Schedules one after another: `parts[i]` for its number of steps, counted from 0 in each; the last goes on
/// for ever. PyTorch: SequentialLR. Throws ValueError for no parts, or for a number of steps below 1 in any
/// but the last.
inline Schedule sequence(std::vector<std::pair<Index, Schedule>> parts) {
  if (parts.empty()) fail<ValueError>("sequence: no schedules");
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    lstmlib::detail::require_size("sequence", "steps", parts[i].first);
  return [parts](Index step) {
    std::size_t i = 0;
    for (; i + 1 < parts.size() && step >= parts[i].first; ++i) step -= parts[i].first;
    return parts[i].second(step);
  };
}

/// Rises along a straight line for `steps` steps to the first rate of `next`, which begins after them. Step 0
/// has `first_factor` of that rate (default: 1 / steps). PyTorch: LinearLR, then another. Throws ValueError if
/// `steps` is below 1, or `first_factor` not in 0 to 1.
inline Schedule warmup(Index steps, Schedule next, std::optional<double> first_factor = {}) {
  lstmlib::detail::require_size("warmup", "steps", steps);
  const double from = first_factor.value_or(1 / static_cast<double>(steps));
  if (!(from >= 0 && from <= 1)) lstmlib::detail::refuse_option("warmup", "first_factor", from, "0 to 1");
  return [=](Index step) {
    if (step >= steps) return next(step - steps);
    return next(0) * (1 + (from - 1) * detail::left(step, steps));
  };
}

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
  explicit ReduceOnPlateau(PlateauOptions o) : options_(o), rate_(o.rate) {
    constexpr auto owner = "PlateauOptions";
    lstmlib::detail::require_not_negative(owner, "rate", o.rate);
    lstmlib::detail::require_below_one(owner, "factor", o.factor);
    lstmlib::detail::require_below_one(owner, "threshold", o.threshold);
    lstmlib::detail::require_not_negative(owner, "final_rate", o.final_rate);
    if (o.patience < 0) lstmlib::detail::refuse_option(owner, "patience", o.patience, "at least 0");
    if (o.cooldown < 0) lstmlib::detail::refuse_option(owner, "cooldown", o.cooldown, "at least 0");
  }

  [[nodiscard]] double rate() const { return rate_; }
  /// Takes the next value, and returns the rate from now on.
  double operator()(double value) {
    if (is_better(value)) {
      best_ = value;
      failures_ = 0;
    } else {
      ++failures_;
    }
    if (rest_ > 0) {
      --rest_;
      failures_ = 0;
    }
    if (failures_ > options_.patience) {
      rate_ = (std::min)(rate_, (std::max)(rate_ * options_.factor, options_.final_rate));
      rest_ = options_.cooldown;
      failures_ = 0;
    }
    return rate_;
  }
  void serialize(io::Serializer& serializer) {
    serializer.value("rate", rate_);
    serializer.value("best", best_);
    serializer.value("failures", failures_);
    serializer.value("cooldown", rest_);
    if (serializer.loading() && !(std::isfinite(rate_) && rate_ >= 0 && failures_ >= 0 && rest_ >= 0))
      fail<FormatError>("ReduceOnPlateau: rate ", rate_, ", ", failures_, " failures, cooldown ", rest_);
  }

 private:
  bool is_better(double value) const {
    if (!best_) return !std::isnan(value);
    const double share = std::abs(*best_) * options_.threshold;
    return options_.greater ? value > *best_ + share : value < *best_ - share;
  }
  PlateauOptions options_;
  double rate_;
  std::optional<double> best_;
  Index failures_ = 0, rest_ = 0;
};

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
