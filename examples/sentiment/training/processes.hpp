// SPDX-License-Identifier: MIT
#pragma once
// Runs work in this process, alone or as one of several that train together.

#include "lstmlib/distributed/communicator.hpp"

#include <functional>
#include <memory>
#include <string>

namespace sentiment {

/// Calls `work`, which returns an exit status. If mpirun started this process, runs with MPI: then errors go
/// to `report`, all processes end, and the status is 1. Otherwise runs alone and errors are thrown. Throws
/// Error if MPI started several processes but this program was built without MPI.
int with_all_processes(const std::function<int(lstmlib::distributed::Communicator&)>& work,
                       const std::function<void(const std::string&)>& report);

/// A communicator for the GPUs of the processes (one each) by NCCL; keeps a reference to `all`. Null if there
/// is nothing to connect, or without NCCL, which the main process reports. Then sums go through host memory.
std::unique_ptr<lstmlib::distributed::Communicator> connect_gpus(lstmlib::distributed::Communicator& all,
                                                                 lstmlib::Device device);

}  // namespace sentiment
