// SPDX-License-Identifier: MIT
#pragma once
// `sentiment train` as a training job: what the command line does not say comes from the container.

#include "sentiment/training/launch/options.hpp"
#include "sentiment/training/train.hpp"

#include <CLI/CLI.hpp>

namespace sentiment::job {

/// Completes the options of the parsed command `train`: settings from hyperparameters.json, folders from the
/// container, checkpoints where it has a folder for them, the hosts, and the processes and GPUs of each,
/// where the service tells them. The command line and the SM_* variables, which CLI11 has taken, win. Says on
/// standard error what is unknown and ignored. Throws Error, which names key or channel, where this cannot be
/// trained.
void complete_options(CLI::App& train, TrainOptions& options, launch::ProcessOptions& processes);

}  // namespace sentiment::job
