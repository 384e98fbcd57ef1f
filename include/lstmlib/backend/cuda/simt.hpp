// SPDX-License-Identifier: MIT
#pragma once
// Device intrinsics for kernels. With nvcc each is an intrinsic or a line of inline PTX. Other compilers run
// kernels on the execution model of the tests (tests/cuda/host), which must be on the include path. Besides
// these functions, kernels only use `#pragma unroll`.

#ifdef __CUDACC__
#include "lstmlib/backend/cuda/simt_device.cuh"
#else
#include <lstmlib_simt_model.hpp>
#endif
