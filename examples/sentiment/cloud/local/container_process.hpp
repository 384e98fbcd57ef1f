// SPDX-License-Identifier: MIT
#pragma once
// Runs this program again, as a process that simulates a container.

#include "sentiment/support/process.hpp"

#include <map>
#include <string>
#include <vector>

namespace sentiment::local {

/// `sentiment` with these arguments. Its environment has `variables`, and those of this process except the
/// cloud's. It ends with this process.
process::Program container_program(std::vector<std::string> arguments,
                                   const std::map<std::string, std::string>& variables);

}  // namespace sentiment::local
