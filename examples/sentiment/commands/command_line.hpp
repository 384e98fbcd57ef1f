// SPDX-License-Identifier: MIT
#pragma once
// Processes the command line before and after CLI11: spelling of options, and hints for unknown ones.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace sentiment {

/// The arguments in reverse order, as CLI11 expects them, with hyphens instead of underscores in names of
/// long options. In a training job, also undoes changes by the Python toolkit: `--flag True` becomes
/// `--flag=True`. An option with an empty value, which means None, is removed.
std::vector<std::string> normalized_arguments(int argc, const char* const* argv, bool in_job = false);

/// The long option of `command` with the most similar name, if it is similar enough; else empty.
std::string nearest_option(const CLI::App& command, const std::string& name);

}  // namespace sentiment
