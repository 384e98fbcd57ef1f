// SPDX-License-Identifier: MIT
#pragma once
// The common options of `train` and `run`.

#include "sentiment/training/launch/options.hpp"
#include "sentiment/training/train.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

/// Adds the options of a model and its training. Commands add their own folders.
void add_training_options(CLI::App& command, TrainOptions& options);

/// Adds all options that hyperparameters of a training job can set, except folders.
void add_job_settings(CLI::App& command, TrainOptions& options, launch::ProcessOptions& processes);

/// The given seed, or a random one.
std::uint64_t chosen_seed(const CLI::App& command, std::uint64_t given);

/// Reports how a signal stopped the training and exits: with 130 after SIGINT, 143 after SIGTERM, and 0 after
/// SIGTERM in a training job.
[[noreturn]] void end_after_signal(const TrainResult& result, const std::string& how_to_resume);

}  // namespace sentiment
