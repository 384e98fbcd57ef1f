// SPDX-License-Identifier: MIT
#pragma once
// In how many processes, and on which hosts, `train` trains.

#include "sentiment/training/launch/options.hpp"
#include "sentiment/training/train.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

using launch::ProcessOptions;

/// --processes and --hosts-wait.
void add_process_options(CLI::App& command, ProcessOptions& processes);

/// Trains in other processes, by this command in each, where there are to be several: then, and on a job's
/// host that only lends its processors, true comes back when all is done. False where the caller is to train,
/// alone or as one of those that mpirun started; `options` then name its GPU and its share of the threads.
/// Throws Error where they cannot be started or fail, and ExitStatus where a signal stopped them.
bool trained_in_processes(const CLI::App& command, TrainOptions& options, const ProcessOptions& processes);

}  // namespace sentiment
