// SPDX-License-Identifier: MIT
#pragma once
// Processes with a GPU each, connected by NCCL; link lstmlib::cuda.

#include "lstmlib/distributed/nccl/communicator.hpp"
