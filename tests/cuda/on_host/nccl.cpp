// SPDX-License-Identifier: MIT
// Sums between GPUs.
#include "lstmlib/mpi/nccl.cuh"
