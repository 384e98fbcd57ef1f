// SPDX-License-Identifier: MIT
#pragma once
// The command line before and after CLI11: spelling of options, and what to say of an unknown one.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace sentiment {

/// The arguments in the reverse order that CLI11 takes, hyphens in place of underscores in the names of long options.
std::vector<std::string> normalized_arguments(int argc, const char* const* argv);

/// The long option of `command` whose name is nearest to `name`, if it is near enough to be meant; else empty.
std::string nearest_option(const CLI::App& command, const std::string& name);

}  // namespace sentiment
