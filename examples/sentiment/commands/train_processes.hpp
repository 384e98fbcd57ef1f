// SPDX-License-Identifier: MIT
#pragma once
// Decides in how many processes, and on which hosts, `train` runs.

#include "sentiment/training/launch/options.hpp"
#include "sentiment/training/train.hpp"

#include <CLI/CLI.hpp>

namespace sentiment {

using launch::ProcessOptions;

/// Adds --processes and --hosts-wait.
void add_process_options(CLI::App& command, ProcessOptions& processes);

/// If several processes are needed, trains in them, each running this command, and returns true when all is
/// done. A job's host that only provides processors also returns true at the end.
///
/// Returns false if the caller must train, alone or as one of the processes that mpirun started. Then
/// `options` name its GPU and its share of the threads. Throws Error if processes cannot be started or fail,
/// and ExitStatus if a signal stopped them.
bool trained_in_processes(const CLI::App& command, TrainOptions& options, const ProcessOptions& processes);

}  // namespace sentiment
