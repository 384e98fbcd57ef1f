// SPDX-License-Identifier: MIT
#pragma once
// The whole CUDA back end, for programs that compile it in their own .cu file instead of linking
// lstmlib::cuda. Include it in exactly one file.

#include "lstmlib/backend/cuda/install.hpp"
#include "lstmlib/backend/cuda/array.cuh"
#include "lstmlib/backend/cuda/tensor.cuh"
#include "lstmlib/backend/cuda/loss.cuh"
#include "lstmlib/backend/cuda/nn.cuh"
#include "lstmlib/backend/cuda/recurrent.cuh"
#include "lstmlib/backend/cuda/recurrent/clusters.cuh"
#include "lstmlib/backend/cuda/update.cuh"
