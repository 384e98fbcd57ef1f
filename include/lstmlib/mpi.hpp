// SPDX-License-Identifier: MIT
#pragma once
// Training on several processes, GPUs and hosts, connected by MPI. A program links lstmlib::mpi.

#include "lstmlib/mpi/communicator.hpp"
#include "lstmlib/mpi/run.hpp"

#include "lstmlib/parallel/agreement.hpp"
#include "lstmlib/parallel/evaluator.hpp"
#include "lstmlib/parallel/snapshot.hpp"
#include "lstmlib/parallel/updater.hpp"
