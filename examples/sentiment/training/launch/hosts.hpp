// SPDX-License-Identifier: MIT
#pragma once
// Training on the hosts of one job.

#include "sentiment/training/launch/mpirun.hpp"
#include "sentiment/training/launch/options.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace sentiment::launch {

/// Call it on every host. The first host waits for the others and starts `program` (a file and its arguments)
/// `processes_per_host` times on each. The others accept its connection and wait for the end; they only fail
/// if the first host did not connect or was lost. Throws Error if a host cannot take part: invalid host
/// names, no key, no ssh, or a host does not appear within `limit`.
Outcome run_on_hosts(const JobHosts& hosts, int processes_per_host, std::chrono::seconds limit,
                     const std::vector<std::string>& program);

}  // namespace sentiment::launch
