// SPDX-License-Identifier: MIT
#pragma once
// Training on several processes, GPUs and hosts, connected by MPI. A program links lstmlib::mpi.

#include "lstmlib/distributed/mpi/communicator.hpp"
#include "lstmlib/distributed/mpi/run.hpp"

#include "lstmlib/distributed/agreement.hpp"
#include "lstmlib/distributed/evaluator.hpp"
#include "lstmlib/distributed/snapshot.hpp"
#include "lstmlib/distributed/updater.hpp"
