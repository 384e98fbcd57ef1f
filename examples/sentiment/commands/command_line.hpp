// SPDX-License-Identifier: MIT
#pragma once
// The command line before and after CLI11: spelling of options, and what to say of an unknown one.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace sentiment {

/// The arguments in the reverse order that CLI11 takes, hyphens in place of underscores in the names of long
/// options. In a training job, what the Python toolkit makes of settings is undone: `--flag True` is
/// `--flag=True`, and an option with an empty word, which stands for None, is left out.
std::vector<std::string> normalized_arguments(int argc, const char* const* argv, bool in_job = false);

/// The long option of `command` whose name is nearest to `name`, if it is near enough to be meant; else
/// empty.
std::string nearest_option(const CLI::App& command, const std::string& name);

}  // namespace sentiment
