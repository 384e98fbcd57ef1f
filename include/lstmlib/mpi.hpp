// SPDX-License-Identifier: MIT
#pragma once
// Training with several processes, GPUs and hosts, connected by MPI. Link lstmlib::mpi.

#include "lstmlib/distributed/mpi/communicator.hpp"
#include "lstmlib/distributed/mpi/run.hpp"

#include "lstmlib/distributed/agreement.hpp"
#include "lstmlib/distributed/evaluator.hpp"
#include "lstmlib/distributed/snapshot.hpp"
#include "lstmlib/distributed/updater.hpp"
