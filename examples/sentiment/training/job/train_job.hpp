// SPDX-License-Identifier: MIT
#pragma once
// `sentiment train` as a training job: takes from the container what is not on the command line.

#include "sentiment/training/launch/options.hpp"
#include "sentiment/training/train.hpp"

#include <CLI/CLI.hpp>

namespace sentiment::job {

/// Completes the options of the parsed command `train` from the job: settings of hyperparameters.json,
/// folders of the container, and a checkpoint if it has a folder for that. Also takes the hosts and the
/// processes and GPUs per host, if the service gives them. The command line and the SM_* variables (read by
/// CLI11) have precedence. Reports ignored settings on standard error. Throws Error with the key or the
/// channel if training is impossible.
void complete_options(CLI::App& train, TrainOptions& options, launch::ProcessOptions& processes);

}  // namespace sentiment::job
