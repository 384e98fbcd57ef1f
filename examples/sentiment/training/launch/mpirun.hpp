// SPDX-License-Identifier: MIT
#pragma once
// Runs mpirun to its end.

#include <string>
#include <string_view>
#include <vector>

namespace sentiment::launch {

/// What the processes and mpirun print on standard error, read for why they failed.
class Complaints {
 public:
  /// False for a line that nobody needs to see.
  bool take(std::string_view line);
  /// In one line, where there was a reason: that a host could not be reached or was lost, else what one of
  /// the processes said of itself, else what mpirun said.
  std::string reason() const;

 private:
  std::string of_ssh_, of_process_, of_mpirun_, block_;
  bool in_block_ = false;
};

struct Outcome {
  int status = 0;           ///< of mpirun: 0, or of the first process that failed
  int signal = 0;           ///< SIGINT or SIGTERM, where one came
  std::string complaint{};  ///< why it failed, if it did; one line
  /// Whether the signal ended it in order.
  bool stopped() const;
};

/// Starts the words of mpirun_command and waits for the end. SIGINT or SIGTERM at this process asks all
/// processes to stop (as take_user_signal_for_a_stop says), which they do as soon as their work allows; a
/// second one ends them within two seconds.
Outcome run_mpirun(const std::vector<std::string>& words);

}  // namespace sentiment::launch
