// SPDX-License-Identifier: MIT
#pragma once
// The settings of a job as options of `sentiment train`.

#include <CLI/CLI.hpp>

#include <string>

namespace sentiment::job {

/// The option for a setting, whose name may have hyphens or underscores; null if there is none.
CLI::Option* known_option(const CLI::App& train, const std::string& name);

/// Sets an option's value. Returns an error message, or "".
std::string fault_of_setting(CLI::Option& option, const std::string& value);

}  // namespace sentiment::job
