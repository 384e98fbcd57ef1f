// SPDX-License-Identifier: MIT
#pragma once
// cuBLAS on one stream: handle, workspace, and settings that make results reproducible.

#include "lstmlib/backend/cuda/memory.hpp"

#include <cublas_v2.h>

#include <mutex>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

inline void check(cublasStatus_t code, const char* what) {
  if (code != CUBLAS_STATUS_SUCCESS)
    fail<DeviceError>("cuda: ", what, ": ", cublasGetStatusName(code), " (", static_cast<int>(code),
                      "): ", cublasGetStatusString(code));
}

class Blas {
 public:
  Blas(Stream& stream, DeviceMemory& memory) {
    const CurrentDevice scope(stream.device());
    check(cublasCreate(&handle_), "cublasCreate");
    check(cublasSetStream(handle_, stream.handle()), "cublasSetStream");
    // Without its own workspace, cuBLAS would allocate one from the driver during a capture. Set it after the
    // stream, which resets it.
    check(cublasSetWorkspace(handle_, memory.allocate(stream, workspace_bytes), workspace_bytes),
          "cublasSetWorkspace");
    check(cublasSetAtomicsMode(handle_, CUBLAS_ATOMICS_NOT_ALLOWED), "cublasSetAtomicsMode");
    check(cublasSetPointerMode(handle_, CUBLAS_POINTER_MODE_HOST), "cublasSetPointerMode");
    // No TF32 unless a call requests it.
    check(cublasSetMathMode(handle_, CUBLAS_DEFAULT_MATH), "cublasSetMathMode");
  }
  Blas(const Blas&) = delete;
  Blas& operator=(const Blas&) = delete;
  ~Blas() { (void)cublasDestroy(handle_); }

  /// Calls `use(handle)`. Only one thread at a time may use the handle.
  template <class Use>
  void with_handle(Use use) {
    const std::lock_guard lock(mutex_);
    use(handle_);
  }

 private:
  static constexpr std::size_t workspace_bytes = std::size_t{32} << 20;  ///< as its documentation recommends

  std::mutex mutex_;
  cublasHandle_t handle_ = nullptr;
};

}  // namespace lstmlib::cuda
