// SPDX-License-Identifier: MIT
#pragma once
// Defines what cuda.hpp declares. Included in exactly one file of a program, by entry.cuh or in
// lstmlib::cuda.

#include "lstmlib/backend/registry.hpp"
#include "lstmlib/cuda.hpp"
#include "lstmlib/backend/cuda/backend.hpp"

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Number of usable devices; 0 without a driver.
inline int usable_devices() {
  int count = 0;
  if (cudaGetDeviceCount(&count) == cudaSuccess) return count;
  (void)cudaGetLastError();
  return 0;
}

bool install() {
  // Never destroyed, because tensors in static storage may outlive main.
  static CudaBackend* const backend = [] {
    const int devices = usable_devices();
    return devices > 0 ? new CudaBackend(devices) : nullptr;
  }();
  if (backend) install_backend(*backend);
  return backend != nullptr;
}

std::string description() {
  int driver = 0, runtime = 0;
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  const auto version = [](int number) { return message(number / 1000, '.', number % 1000 / 10); };
  std::string text = "CUDA runtime " + version(runtime);
  if (driver == 0) return text + ", no driver";
  text += ", driver for " + version(driver);
  const int devices = usable_devices();
  for (int i = 0; i < devices; ++i) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, i), "cudaGetDeviceProperties");
    text += message("; cuda:", i, " ", properties.name, ", sm_", properties.major, properties.minor, ", ",
                    properties.multiProcessorCount, " multiprocessors, ", properties.totalGlobalMem >> 20,
                    " MiB");
  }
  return devices > 0 ? text : text + ", no device";
}

}  // namespace lstmlib::cuda
