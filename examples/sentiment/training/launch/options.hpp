// SPDX-License-Identifier: MIT
#pragma once
// The number of processes and the hosts of a training.

#include <optional>
#include <string>
#include <vector>

namespace sentiment::launch {

/// The hosts of a training job. All of them run this program.
struct JobHosts {
  std::vector<std::string> names{};  ///< sorted; the first one starts all processes
  std::string current{};             ///< this host
  std::string network_interface{};   ///< interface that connects them; empty: unknown
};

struct ProcessOptions {
  int processes = 0;          ///< per host; 0: one per GPU, or one
  int hosts_wait = 900;       ///< seconds that hosts wait for each other
  JobHosts hosts{};           ///< at most one outside a job with several hosts
  std::optional<int> gpus{};  ///< GPUs of this host, if the job says
};

}  // namespace sentiment::launch
