// SPDX-License-Identifier: MIT
#pragma once
// This program once more, as a process that stands for a container.

#include "sentiment/support/process.hpp"

#include <map>
#include <string>
#include <vector>

namespace sentiment::local {

/// `sentiment` with these arguments. Of this process's variables it gets all but those of the cloud, and
/// `variables`. It does not outlive this process.
process::Program container_program(std::vector<std::string> arguments,
                                   const std::map<std::string, std::string>& variables);

}  // namespace sentiment::local
