// SPDX-License-Identifier: MIT
#pragma once
// The command that starts a program in several processes.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sentiment::launch {

/// Where the processes run.
struct Placement {
  int processes_per_host = 1;
  std::vector<std::string> hosts{};    ///< the first is this machine; empty: this machine only
  std::string network_interface{};     ///< interface between the hosts; empty: MPI chooses
  std::filesystem::path ssh_config{};  ///< configuration of the ssh client; only with hosts

  int processes() const {
    return processes_per_host * static_cast<int>(hosts.empty() ? std::size_t{1} : hosts.size());
  }
};

/// Path of an executable: searches PATH, then the folders of servers in Debian, which PATH often lacks.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// The mpirun command that starts `program` (a file and its arguments). Throws Error if mpirun is not
/// installed, or ssh if there are several hosts.
std::vector<std::string> mpirun_command(const Placement& placement, const std::vector<std::string>& program);

/// This program's file and arguments.
std::vector<std::string> this_command();

}  // namespace sentiment::launch
