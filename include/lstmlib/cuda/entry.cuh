// SPDX-License-Identifier: MIT
#pragma once
// The whole CUDA part, for a program that has it in a .cu file of its own instead of linking lstmlib::cuda:
// exactly one file of the program includes this.

#include "lstmlib/cuda/install.hpp"
#include "lstmlib/cuda/tensor.cuh"
#include "lstmlib/cuda/nn.cuh"
#include "lstmlib/cuda/recurrent.cuh"
#include "lstmlib/cuda/recurrent/clusters.cuh"
#include "lstmlib/cuda/update.cuh"
