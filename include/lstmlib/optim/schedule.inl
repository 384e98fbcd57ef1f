// SPDX-License-Identifier: MIT
#pragma once
// Schedules. See base/linkage.hpp.

#include "lstmlib/base/option.hpp"
#include "lstmlib/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::optim {

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

LSTMLIB_INLINE double Schedule::operator()(Index step) const {
  if (step < 0) fail<ValueError>("schedule: step ", step, ", expected at least 0");
  return rate_at_(step);
}

LSTMLIB_LAZY_INLINE Schedule constant(double rate) {
  lstmlib::detail::require_not_negative("constant", "rate", rate);
  return [rate](Index) { return rate; };
}

LSTMLIB_LAZY_INLINE Schedule step_decay(StepDecayOptions o) {
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

LSTMLIB_LAZY_INLINE Schedule exponential_decay(ExponentialDecayOptions o) {
  constexpr auto owner = "ExponentialDecayOptions";
  lstmlib::detail::require_not_negative(owner, "rate", o.rate);
  lstmlib::detail::require_not_negative(owner, "factor", o.factor);
  lstmlib::detail::require_not_negative(owner, "final_rate", o.final_rate);
  return [o](Index step) {
    return (std::max)(o.rate * std::pow(o.factor, static_cast<double>(step)), o.final_rate);
  };
}

LSTMLIB_INLINE void DecayOptions::check(const char* owner) const {
  lstmlib::detail::require_not_negative(owner, "rate", rate);
  lstmlib::detail::require_size(owner, "steps", steps);
  lstmlib::detail::require_not_negative(owner, "final_rate", final_rate);
}

LSTMLIB_LAZY_INLINE Schedule linear(DecayOptions o) {
  o.check("linear");
  return [o](Index step) { return o.final_rate + (o.rate - o.final_rate) * detail::left(step, o.steps); };
}

LSTMLIB_LAZY_INLINE Schedule cosine(DecayOptions o) {
  o.check("cosine");
  return [o](Index step) { return detail::half_cosine(o.rate, o.final_rate, detail::left(step, o.steps)); };
}

LSTMLIB_LAZY_INLINE Schedule one_cycle(OneCycleOptions o) {
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

LSTMLIB_LAZY_INLINE Schedule inverse_square_root(double max_rate, Index steps) {
  lstmlib::detail::require_not_negative("inverse_square_root", "max_rate", max_rate);
  lstmlib::detail::require_size("inverse_square_root", "steps", steps);
  return [max_rate, steps](Index step) {
    const double at = static_cast<double>(step + 1) / static_cast<double>(steps);
    return max_rate * (std::min)(1 / std::sqrt(at), at);
  };
}

LSTMLIB_LAZY_INLINE Schedule sequence(std::vector<std::pair<Index, Schedule>> parts) {
  if (parts.empty()) fail<ValueError>("sequence: no schedules");
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    lstmlib::detail::require_size("sequence", "steps", parts[i].first);
  return [parts](Index step) {
    std::size_t i = 0;
    for (; i + 1 < parts.size() && step >= parts[i].first; ++i) step -= parts[i].first;
    return parts[i].second(step);
  };
}

LSTMLIB_LAZY_INLINE Schedule warmup(Index steps, Schedule next, std::optional<double> first_factor) {
  lstmlib::detail::require_size("warmup", "steps", steps);
  const double from = first_factor.value_or(1 / static_cast<double>(steps));
  if (!(from >= 0 && from <= 1)) lstmlib::detail::refuse_option("warmup", "first_factor", from, "0 to 1");
  return [=](Index step) {
    if (step >= steps) return next(step - steps);
    return next(0) * (1 + (from - 1) * detail::left(step, steps));
  };
}

LSTMLIB_INLINE ReduceOnPlateau::ReduceOnPlateau(PlateauOptions o) : options_(o), rate_(o.rate) {
  constexpr auto owner = "PlateauOptions";
  lstmlib::detail::require_not_negative(owner, "rate", o.rate);
  lstmlib::detail::require_below_one(owner, "factor", o.factor);
  lstmlib::detail::require_below_one(owner, "threshold", o.threshold);
  lstmlib::detail::require_not_negative(owner, "final_rate", o.final_rate);
  if (o.patience < 0) lstmlib::detail::refuse_option(owner, "patience", o.patience, "at least 0");
  if (o.cooldown < 0) lstmlib::detail::refuse_option(owner, "cooldown", o.cooldown, "at least 0");
}

LSTMLIB_INLINE double ReduceOnPlateau::operator()(double value) {
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

LSTMLIB_INLINE void ReduceOnPlateau::serialize(io::Serializer& serializer) {
  serializer.value("rate", rate_);
  serializer.value("best", best_);
  serializer.value("failures", failures_);
  serializer.value("cooldown", rest_);
  if (serializer.loading() && !(std::isfinite(rate_) && rate_ >= 0 && failures_ >= 0 && rest_ >= 0))
    fail<FormatError>("ReduceOnPlateau: rate ", rate_, ", ", failures_, " failures, cooldown ", rest_);
}

LSTMLIB_INLINE bool ReduceOnPlateau::is_better(double value) const {
  if (!best_) return !std::isnan(value);
  const double share = std::abs(*best_) * options_.threshold;
  return options_.greater ? value > *best_ + share : value < *best_ - share;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::optim
