// SPDX-License-Identifier: MIT
#pragma once
// Error handling: every call of the CUDA runtime goes through `check`, which throws.

#include "lstmlib/base/error.hpp"

#include <cuda_runtime.h>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Throws DeviceError unless the call succeeded, with `what` and the runtime's error name, number and text.
inline void check(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  (void)cudaGetLastError();  // clear the error, else the next call would report it again
  fail<DeviceError>("cuda: ", what, ": ", cudaGetErrorName(code), " (", static_cast<int>(code),
                    "): ", cudaGetErrorString(code));
}

}  // namespace lstmlib::cuda
