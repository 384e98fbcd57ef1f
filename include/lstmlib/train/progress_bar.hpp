// SPDX-License-Identifier: MIT
#pragma once
// A progress bar on the bottom lines of the terminal during a run.

#include "lstmlib/train/terminal.hpp"
#include "lstmlib/train/trainer.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

/// Shows the progress of the run towards the end that its stop trigger defines. Draws only on a terminal.
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
  /// Removes the bar until the next update. Call it before printing something else.
  void clear() { bar_->clear(); }
  void finalize() { clear(); }

  std::string name = "ProgressBar";
  int priority = priority::reader - 1;  ///< after the lines of other reports

 private:
  std::unique_ptr<ProgressBar> bar_;
};

/// `stream` must outlive the trainer. `terminal` says what it can show: describe_terminal(2) for std::cerr.
inline Extension progress_bar(std::ostream& stream, Terminal terminal) {
  return ProgressReport(stream, terminal);
}

}  // namespace lstmlib::train
