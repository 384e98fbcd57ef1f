// SPDX-License-Identifier: MIT
#pragma once
// The whole CUDA part, for a program that has it in a .cu file of its own instead of linking lstmlib::cuda:
// exactly one file of the program includes this.

#include "lstmlib/backend/cuda/install.hpp"
#include "lstmlib/backend/cuda/tensor.cuh"
#include "lstmlib/backend/cuda/nn.cuh"
#include "lstmlib/backend/cuda/recurrent.cuh"
#include "lstmlib/backend/cuda/recurrent/clusters.cuh"
#include "lstmlib/backend/cuda/update.cuh"
