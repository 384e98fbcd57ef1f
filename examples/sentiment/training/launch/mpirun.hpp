// SPDX-License-Identifier: MIT
#pragma once
// Runs mpirun until it ends.

#include <string>
#include <string_view>
#include <vector>

namespace sentiment::launch {

/// Extracts the reason for a failure from the standard error of mpirun and its processes.
class FailureReason {
 public:
  /// Returns false for a line that need not be shown.
  bool add_line(std::string_view line);
  /// The reason in one line, if there is one. A host that was not reached or was lost comes first, then the
  /// message of a process, then that of mpirun.
  std::string text() const;

 private:
  std::string of_ssh_, of_process_, of_mpirun_, block_;
  bool in_block_ = false;
};

struct Outcome {
  int status = 0;        ///< exit status of mpirun: 0, or that of the first process that failed
  int signal = 0;        ///< SIGINT or SIGTERM, if one arrived
  std::string reason{};  ///< reason of a failure in one line
  /// Whether a signal ended it cleanly.
  bool stopped() const;
};

/// Runs the words of mpirun_command until the end. SIGINT or SIGTERM asks all processes to stop when their
/// work allows it (see take_user_signal_for_a_stop). A second signal ends them within two seconds.
Outcome run_mpirun(const std::vector<std::string>& words);

}  // namespace sentiment::launch
