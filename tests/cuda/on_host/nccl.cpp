// SPDX-License-Identifier: MIT
// Sums between GPUs.
#include "lstmlib/distributed/nccl/communicator.cuh"
