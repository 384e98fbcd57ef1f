// SPDX-License-Identifier: MIT
#pragma once
// The device intrinsics that kernels are written with. With nvcc each is an intrinsic or a line of inline PTX; with any
// other compiler they run on the execution model of the tests (tests/cuda/host), which must be on the include
// path.
// `#pragma unroll` is the only other thing that kernels say to the compiler.

#ifdef __CUDACC__
#include "lstmlib/backend/cuda/simt_device.cuh"
#else
#include <lstmlib_simt_model.hpp>
#endif
