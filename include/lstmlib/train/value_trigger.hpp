// SPDX-License-Identifier: MIT
#pragma once
// Triggers on observed values: best value so far, and early stopping.

#include "lstmlib/train/trigger.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Which values are better.
enum class Better : std::uint8_t { greater, less };

/// The best mean of an observed value so far. A mean is taken each time `check` fires. Saved like Chainer's
/// BestValueTrigger.
class BestValue {
 public:
  BestValue(std::string key, Better better, Trigger check)
      : key_(std::move(key)), better_(better), check_(std::move(check)) {}

  /// Call it after each update. Returns nothing if no mean was due, else whether the mean is better than all
  /// before. The first mean is; an equal one is not.
  std::optional<bool> improves(const Status& now) {
    if (const auto value = now.observation->find(key_)) summary_.add(key_, *value);
    if (!check_(now)) return std::nullopt;
    const auto mean = summary_.means().find(key_);
    summary_.clear();
    if (!mean) return std::nullopt;  // Chainer may write a snapshot between observation and trigger
    if (std::isnan(*mean)) return false;
    if (best_ && !(better_ == Better::greater ? *mean > *best_ : *mean < *best_)) return false;
    best_ = mean;
    return true;
  }
  void serialize(io::Serializer& serializer) {
    serializer.child("interval_trigger", check_);
    serializer.child("summary", summary_);
    serializer.value("best_value", best_);
  }

 private:
  std::string key_;
  Better better_;
  Trigger check_;
  Summary summary_;             // since the last mean
  std::optional<double> best_;  // none before the first mean
};

namespace detail {
struct BestValueTrigger {
  bool operator()(const Status& now) { return best.improves(now).value_or(false); }
  void serialize(io::Serializer& serializer) { best.serialize(serializer); }
  BestValue best;
};
}  // namespace detail

/// Fires when the mean of `key` is greater than at all previous checks.
inline Trigger max_value(std::string key, Trigger check = epochs(1)) {
  return detail::BestValueTrigger{BestValue(std::move(key), Better::greater, std::move(check))};
}
/// Fires when the mean of `key` is less than at all previous checks.
inline Trigger min_value(std::string key, Trigger check = epochs(1)) {
  return detail::BestValueTrigger{BestValue(std::move(key), Better::less, std::move(check))};
}

struct EarlyStoppingOptions {
  std::string monitor = "validation/main/loss";
  Better better = Better::less;  ///< use Better::greater for accuracies
  Index patience = 3;            ///< fires after this many checks in a row without improvement
  Trigger check = epochs(1);     ///< when to compare the mean since the last check
  Trigger limit = epochs(100);   ///< fires in any case
};

namespace detail {
struct EarlyStopping {
  bool operator()(const Status& now) {
    const auto improved = best.improves(now);
    if (improved) failures = *improved ? 0 : failures + 1;
    return limit(now) || failures >= patience;
  }
  RunLength length() const { return limit.length(); }
  /// Chainer's trigger saves nothing.
  void serialize(io::Serializer& serializer) {
    if (serializer.loading() && !serializer.has("failures")) return;
    serializer.value("failures", failures);
    serializer.child("best", best);
    serializer.child("limit", limit);
  }
  BestValue best;
  Trigger limit;
  Index patience;
  Index failures = 0;
};
}  // namespace detail

/// A stop trigger that fires like Chainer's EarlyStoppingTrigger. Throws ValueError for a patience below 1.
///
///     train::Trainer trainer(updater, {.stop = train::early_stopping({.patience = 5})});
inline Trigger early_stopping(EarlyStoppingOptions o) {
  lstmlib::detail::require_size("EarlyStoppingOptions", "patience", o.patience);
  return detail::EarlyStopping{BestValue(std::move(o.monitor), o.better, std::move(o.check)),
                               std::move(o.limit), o.patience};
}

}  // namespace lstmlib::train
