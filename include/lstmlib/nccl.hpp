// SPDX-License-Identifier: MIT
#pragma once
// Training with several processes that have one GPU each, connected by NCCL. Link lstmlib::cuda.

#include "lstmlib/distributed/nccl/communicator.hpp"
