// SPDX-License-Identifier: MIT
#pragma once
// Training on the several hosts of one job.

#include "sentiment/training/launch/mpirun.hpp"
#include "sentiment/training/launch/options.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace sentiment::launch {

/// To be called on every host. The first one waits for the others, and starts `program` (a file and its
/// arguments), so many times on each. The others let it in and wait for the end; their outcome is a failure
/// only if the first one did not come or was lost. Throws Error for what keeps a host from taking part: names
/// that cannot be hosts, no key, no ssh, no host within `limit`.
Outcome run_on_hosts(const JobHosts& hosts, int processes_per_host, std::chrono::seconds limit,
                     const std::vector<std::string>& program);

}  // namespace sentiment::launch
