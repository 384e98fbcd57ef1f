// SPDX-License-Identifier: MIT
// The persistent kernels of recurrent layers, as ordinary C++.
#include "lstmlib/backend/cuda/recurrent/clusters.cuh"
