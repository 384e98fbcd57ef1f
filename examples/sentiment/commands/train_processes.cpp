// SPDX-License-Identifier: MIT
#include "sentiment/commands/train_processes.hpp"

#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/training/launch/command.hpp"
#include "sentiment/training/launch/hosts.hpp"
#include "sentiment/training/launch/mpirun.hpp"
#include "sentiment/training/launch/rank.hpp"
#include "sentiment/model/device.hpp"

#include "lstmlib/base/error.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <thread>

namespace sentiment {

using lstmlib::Error;
using lstmlib::fail;

namespace {

#ifdef LSTMLIB_HAS_MPI
constexpr bool has_mpi = true;
#else
constexpr bool has_mpi = false;
#endif

constexpr const char* without_mpi =
    "but this program was built without MPI: build it where Debian's package libopenmpi-dev is";

/// The usable GPUs of those that the job grants.
int gpus_here(const ProcessOptions& processes) {
  return processes.gpus ? std::min(*processes.gpus, gpu_count()) : gpu_count();
}

bool any_gpu(const TrainOptions& options) { return options.device == "auto" || options.device == "cuda"; }

int processes_per_host(const TrainOptions& options, const ProcessOptions& processes) {
  if (processes.processes > 0) return processes.processes;
  const int gpus = any_gpu(options) ? gpus_here(processes) : 0;
  if (processes.gpus > gpus && any_gpu(options) && !launch::rank_from_environment())
    std::cerr << "sentiment: SM_NUM_GPUS is " << *processes.gpus << ", but this program can use only " << gpus
              << '\n';
  if (gpus > 1 && !has_mpi)
    std::cerr << "sentiment: " << gpus << " GPUs, but only one is used, " << without_mpi << '\n';
  return has_mpi ? std::max(gpus, 1) : 1;
}

/// Sets up this process as one of several: with its own GPU, or its share of the cores.
void take_place(const launch::Rank& rank, const CLI::App& command, TrainOptions& options,
                const ProcessOptions& processes) {
  if (rank.size > 1 && !has_mpi) fail<Error>("MPI started ", rank.size, " processes, ", without_mpi);
  if (command.count("--processes") > 0 && processes.processes != rank.local_size)
    fail<Error>("--processes ", processes.processes, ": MPI has started ", rank.local_size,
                " on this host; omit the option");
  if (rank.size == 1) return;
  const int gpus = any_gpu(options) ? gpus_here(processes) : 0;
  if (gpus > 0 && rank.local_size > gpus)
    fail<Error>("MPI started ", rank.local_size, " processes on this host, which has ", gpus,
                " GPUs: start one per GPU, or use --device cpu");
  if (gpus > 0) options.device = "cuda:" + std::to_string(rank.local_rank);
  if (options.threads == 0)
    options.threads = std::max(static_cast<int>(std::thread::hardware_concurrency()) / rank.local_size, 1);
}

void end(const launch::Outcome& outcome, bool in_job, int count) {
  if (outcome.stopped()) {
    if (in_job && outcome.signal == SIGTERM) return;
    throw ExitStatus{128 + outcome.signal};
  }
  if (outcome.status != 0) fail<Error>("training in ", count, " processes failed: ", outcome.reason);
}

}  // namespace

void add_process_options(CLI::App& command, ProcessOptions& processes) {
  command
      .add_option("--processes", processes.processes,
                  "Number of processes on each host, started by mpirun; each takes its share of the "
                  "sentences and of the threads, or a GPU. Default: one per GPU, or one")
      ->check(whole_number(1, 4096));
  command
      .add_option("--hosts-wait", processes.hosts_wait,
                  "Time in seconds that the hosts of a training job wait for each other at the start")
      ->check(whole_number(1, 86'400))
      ->capture_default_str();
}

bool trained_in_processes(const CLI::App& command, TrainOptions& options, const ProcessOptions& processes) {
  if (const auto rank = launch::rank_from_environment()) {
    take_place(*rank, command, options, processes);
    return false;
  }
  launch::Placement placement{.processes_per_host = processes_per_host(options, processes)};
  const auto& hosts = processes.hosts;
  const bool several_hosts = hosts.names.size() > 1;
  if (!several_hosts && placement.processes() == 1) return false;
  if (several_hosts && !has_mpi) fail<Error>("the job has ", hosts.names.size(), " hosts, ", without_mpi);
  if (!has_mpi) fail<Error>("--processes ", placement.processes(), " needs several, ", without_mpi);
  const auto outcome =
      several_hosts ? launch::run_on_hosts(hosts, placement.processes_per_host,
                                           std::chrono::seconds(processes.hosts_wait), launch::this_command())
                    : launch::run_mpirun(launch::mpirun_command(placement, launch::this_command()));
  end(outcome, options.in_job,
      placement.processes_per_host * static_cast<int>(std::max(hosts.names.size(), std::size_t{1})));
  return true;
}

}  // namespace sentiment
