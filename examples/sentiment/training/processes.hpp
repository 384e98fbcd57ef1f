// SPDX-License-Identifier: MIT
#pragma once
// This process as one of several that train together, or alone.

#include "lstmlib/parallel/communicator.hpp"

#include <functional>
#include <string>

namespace sentiment {

/// Calls `work`, which returns an exit status: by MPI with the others, where mpirun started this process;
/// then errors go to `report`, all processes end, and the status is 1. Else alone, and errors are thrown.
/// Throws Error where MPI started several and this program was built without it.
int with_all_processes(const std::function<int(lstmlib::parallel::Communicator&)>& work,
                       const std::function<void(const std::string&)>& report);

}  // namespace sentiment
