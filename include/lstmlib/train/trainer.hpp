// SPDX-License-Identifier: MIT
#pragma once
// The training loop: an updater updates the parameters, and extensions run when their triggers fire. Behaves
// and is saved like Chainer's Trainer. Snapshots also contain the random state, so that a resumed run ends
// with the same bits.

#include "lstmlib/train/extension.hpp"
#include "lstmlib/train/signals.hpp"
#include "lstmlib/train/updater.hpp"

#include <algorithm>
#include <chrono>

namespace lstmlib::inline LSTMLIB_ABI::train {

struct TrainerOptions {
  Trigger stop;                             ///< evaluated before each update
  std::filesystem::path folder = "result";  ///< folder of the extensions' files; created when the run starts
  /// Whether SIGINT and SIGTERM end the run cleanly: see SignalWatch. By default a run installs no signal
  /// handlers, which are the program's decision.
  bool stop_at_signals = false;
};

/// How a run ended.
struct RunResult {
  int signal = 0;  ///< the signal that stopped the run; 0: the stop trigger did
  /// File to resume from, if a signal stopped the run and an extension wrote one.
  std::filesystem::path snapshot;
};

/// Trains until a trigger says stop. Keeps a reference to the updater.
///
///     train::StandardUpdater updater(batches, model, optimizer, objective);
///     train::Trainer trainer(updater, {.stop = train::epochs(10), .folder = "result"});
///     trainer.extend(train::log_report());
///     trainer.extend(train::print_report({"epoch", "main/loss"}, std::cout));
///     trainer.run();
class Trainer {
 public:
  Trainer(Updater& updater, TrainerOptions options) : updater_(&updater), options_(std::move(options)) {}

  /// Runs `extension` whenever `trigger` fires (default: the extension's own). `name` is its name in
  /// snapshots (default: the extension's own). Repeated names get the suffixes "_1", "_2" and so on.
  void extend(Extension extension, std::optional<Trigger> trigger = {}, std::string name = {});

  /// Updates until the stop trigger fires. With stop_at_signals, SIGINT and SIGTERM also end the run: the
  /// iteration is finished, and extensions may write snapshots. Throws FileError if the folder cannot be
  /// created, and whatever updates and extensions throw.
  RunResult run();

  Updater& updater() const { return *updater_; }
  Index iteration() const { return updater_->iteration(); }
  Index epoch() const { return updater_->epoch(); }
  Status status() const {
    return {iteration(), epoch(), updater_->epoch_detail(), updater_->previous_epoch_detail(), &observation_};
  }
  double elapsed_time() const;  ///< duration of the run in seconds, including the runs that it resumes
  RunLength length() const { return options_.stop.length(); }
  const std::filesystem::path& folder() const { return options_.folder; }
  /// Whether extensions of this process write files and report. The other processes keep the same state.
  bool is_main_process() const { return updater_->is_main_process(); }
  /// Observation of the last update. Extensions of high priority add to it.
  Observation& observation() { return observation_; }
  /// The first extension of type E, or null.
  template <class E>
  E* find() {
    for (auto& entry : entries_)
      if (E* found = entry.extension.template target<E>()) return found;
    return nullptr;
  }

  void serialize(io::Serializer&);

 private:
  using Clock = std::chrono::steady_clock;
  struct Entry {
    Extension extension;
    Trigger trigger;
  };
  struct AtEnd {  // calls finalize, however the run ends
    ~AtEnd() {
      for (auto& entry : trainer->entries_) entry.extension.finalize();
    }
    Trainer* trainer;
  };
  void iterate(std::span<Entry* const> by_priority);
  std::vector<Entry*> by_priority();

  Updater* updater_;
  TrainerOptions options_;
  std::vector<Entry> entries_;  // in the order in which they were added
  Observation observation_;
  std::optional<Clock::time_point> start_;  // of this run
  double earlier_time_ = 0;                 // of the runs that it resumes
};

inline void Trainer::extend(Extension extension, std::optional<Trigger> trigger, std::string name) {
  if (name.empty()) name = extension.name();
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(entries_.begin(), entries_.end(),
                       [&](const Entry& e) { return e.extension.name() == candidate; });
  };
  std::string unique = name;
  for (int i = 1; taken(unique); ++i) unique = message(name, '_', i);
  extension.rename(std::move(unique));
  Trigger when = trigger ? std::move(*trigger) : extension.default_trigger();
  entries_.push_back({std::move(extension), std::move(when)});
}

inline std::vector<Trainer::Entry*> Trainer::by_priority() {
  std::vector<Entry*> sorted;
  for (auto& entry : entries_) sorted.push_back(&entry);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Entry* a, const Entry* b) {
    return a->extension.priority() > b->extension.priority();
  });
  return sorted;
}

inline RunResult Trainer::run() {
  std::error_code error;
  if (is_main_process()) std::filesystem::create_directories(folder(), error);
  if (error) fail<FileError>("trainer: cannot make the folder ", folder().string(), ": ", error.message());

  std::optional<SignalWatch> signals;
  if (options_.stop_at_signals) signals.emplace();
  const AtEnd at_end{this};
  const auto sorted = by_priority();
  start_ = Clock::now();
  for (Entry* entry : sorted) entry->extension.initialize(*this);
  for (;;) {
    if (const int signal = updater_->stop_signal(signals ? signals->received() : 0)) {
      RunResult result{signal, {}};
      for (Entry* entry : sorted)
        if (auto written = entry->extension.interrupted(*this); !written.empty())
          result.snapshot = std::move(written);
      return result;
    }
    if (options_.stop(status())) return {};
    iterate(sorted);
  }
}

inline void Trainer::iterate(std::span<Entry* const> by_priority) {
  observation_ = updater_->update();
  std::vector<Entry*> checkpoints;
  for (Entry* entry : by_priority) {
    if (!entry->trigger(status())) continue;
    if (entry->extension.priority() < 0) checkpoints.push_back(entry);
    else entry->extension(*this);
  }
  for (Entry* entry : checkpoints) entry->extension(*this);
}

inline double Trainer::elapsed_time() const {
  if (!start_) return earlier_time_;
  return earlier_time_ + std::chrono::duration<double>(Clock::now() - *start_).count();
}

inline void Trainer::serialize(io::Serializer& serializer) {
  serializer.child("updater", *updater_);
  serializer.child("stop_trigger", options_.stop);
  for (auto& [extension, trigger] : entries_) {
    serializer.child("extensions/" + extension.name(), extension);
    serializer.child("extension_triggers/" + extension.name(), trigger);
  }
  double elapsed = elapsed_time();
  serializer.value("_snapshot_elapsed_time", elapsed);
  if (serializer.loading()) {
    earlier_time_ = elapsed;
    if (start_) start_ = Clock::now();
  }
  // State that Chainer does not save: the random streams, and the values that the stop trigger will look at.
  if (serializer.loading() && !serializer.has("lstmlib/seed")) return;
  serializer.scope("lstmlib", [&](io::Serializer& own) {
    own.value("seed", random_state().seed);
    own.value("draws", random_state().draws);
    Summary observed;
    observed.add(observation_);
    own.child("observation", observed);
    if (own.loading()) observation_ = observed.means();
  });
}

}  // namespace lstmlib::train
