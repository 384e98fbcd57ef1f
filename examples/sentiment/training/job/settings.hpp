// SPDX-License-Identifier: MIT
#pragma once
// A job's settings as options of `sentiment train`.

#include <CLI/CLI.hpp>

#include <string>

namespace sentiment::job {

/// The option that a setting means, its name with hyphens or underscores; null where there is none.
CLI::Option* known_option(const CLI::App& train, const std::string& name);

/// Takes a value for an option. Returns what is wrong with it, or "".
std::string fault_of_setting(CLI::Option& option, const std::string& value);

}  // namespace sentiment::job
