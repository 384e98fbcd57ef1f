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
  std::vector<std::string> hosts{};    ///< the first one is this machine; none: this machine alone
  std::string network_interface{};     ///< that connects the hosts; empty: MPI looks for one
  std::filesystem::path ssh_config{};  ///< of the client that reaches the others; with hosts only

  int processes() const {
    return processes_per_host * static_cast<int>(hosts.empty() ? std::size_t{1} : hosts.size());
  }
};

/// The file of an executable: in PATH, then where Debian has servers, which PATH often leaves out.
std::optional<std::filesystem::path> find_program(const std::string& name);

/// The words of mpirun that start `program` (a file and its arguments) as placed. Throws Error where there is
/// no mpirun, or no ssh though there are hosts.
std::vector<std::string> mpirun_command(const Placement& placement, const std::vector<std::string>& program);

/// This program's file and its arguments, as it was started.
std::vector<std::string> this_command();

}  // namespace sentiment::launch
