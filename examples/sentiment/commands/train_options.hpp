// SPDX-License-Identifier: MIT
#pragma once
// The options that `train` and `run` have in common.

#include "sentiment/training/launch/options.hpp"
#include "sentiment/training/train.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

/// Adds what a model and its training can be told; folders are the commands' own.
void add_training_options(CLI::App& command, TrainOptions& options);

/// Adds all that a training job can be told by hyperparameters, but for folders.
void add_job_settings(CLI::App& command, TrainOptions& options, launch::ProcessOptions& processes);

/// The seed that was given, or a random one.
std::uint64_t chosen_seed(const CLI::App& command, std::uint64_t given);

/// Says how a training ended that a signal stopped, and ends the program: with 130 after SIGINT, with 143
/// after SIGTERM, with 0 after SIGTERM in a training job.
[[noreturn]] void end_after_signal(const TrainResult& result, const std::string& how_to_resume);

}  // namespace sentiment
