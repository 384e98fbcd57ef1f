// SPDX-License-Identifier: MIT
#pragma once
// In how many processes, and on which hosts, a training is to run.

#include <optional>
#include <string>
#include <vector>

namespace sentiment::launch {

/// The hosts of a training job, which all run this program.
struct JobHosts {
  std::vector<std::string> names{};  ///< sorted; the first one starts the processes of all
  std::string current{};             ///< this one
  std::string network_interface{};   ///< that connects them; empty: unknown
};

struct ProcessOptions {
  int processes = 0;          ///< on each host; 0: one a GPU, or one
  int hosts_wait = 900;       ///< seconds that the hosts wait for each other
  JobHosts hosts{};           ///< one, or none, outside a job of several
  std::optional<int> gpus{};  ///< of this host, where the job says
};

}  // namespace sentiment::launch
