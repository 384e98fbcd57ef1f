// SPDX-License-Identifier: MIT
#pragma once
// A progress bar at the foot of the terminal while a run lasts.

#include "lstmlib/train/terminal.hpp"
#include "lstmlib/train/trainer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Shows how far the trainer is, against the length that its stop trigger knows. Draws only on a terminal.
class ProgressReport {
 public:
  ProgressReport(std::ostream& stream, Terminal terminal)
      : bar_(std::make_unique<ProgressBar>(stream, terminal)) {}

  void operator()(Trainer& trainer) {
    if (!trainer.is_main_process()) return;
    const Status now = trainer.status();
    const RunLength length = trainer.length();
    bar_->update({now.iteration, now.epoch_detail, length.epochs, length.iterations});
  }
  /// Takes the bar off the terminal until the next update: to be called before something else is printed.
  void clear() { bar_->clear(); }
  void finalize() { clear(); }

  std::string name = "ProgressBar";
  int priority = priority::reader - 1;  ///< after the lines that other reports print

 private:
  std::unique_ptr<ProgressBar> bar_;
};

/// `stream` outlives the trainer; `terminal` says what it can show: describe_terminal(2) for std::cerr.
inline Extension progress_bar(std::ostream& stream, Terminal terminal) {
  return ProgressReport(stream, terminal);
}

}  // namespace lstmlib::train
