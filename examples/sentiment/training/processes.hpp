// SPDX-License-Identifier: MIT
#pragma once
// This process as one of several that train together, or alone.

#include "lstmlib/distributed/communicator.hpp"

#include <functional>
#include <memory>
#include <string>

namespace sentiment {

/// Calls `work`, which returns an exit status: by MPI with the others, where mpirun started this process;
/// then errors go to `report`, all processes end, and the status is 1. Else alone, and errors are thrown.
/// Throws Error where MPI started several and this program was built without it.
int with_all_processes(const std::function<int(lstmlib::distributed::Communicator&)>& work,
                       const std::function<void(const std::string&)>& report);

/// What sums between the GPUs of the processes, one each, by NCCL; it refers to `all`. Null where there is
/// nothing to connect, or no NCCL, which the first process says: then they are summed through host memory.
std::unique_ptr<lstmlib::distributed::Communicator> connect_gpus(lstmlib::distributed::Communicator& all,
                                                              lstmlib::Device device);

}  // namespace sentiment
