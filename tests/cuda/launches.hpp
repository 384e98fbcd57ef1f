// SPDX-License-Identifier: MIT
#pragma once
// Starts kernels in tests of the execution model, and catches what they did wrong.

#include "support.hpp"

#include <lstmlib/backend/cuda/simt.hpp>

#include <cuda_runtime.h>

#include <string>
#include <utility>
#include <vector>

namespace lstmlib::test {

struct Grid {
  int blocks = 1, threads = 32, shared_bytes = 0, cluster = 1;
};

/// Runs `kernel(arguments...)` to its end.
template <class... Parameters, class... Arguments>
void run(const Grid& shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim.x = static_cast<unsigned>(shape.cluster);
  attribute.val.clusterDim.y = attribute.val.clusterDim.z = 1;
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(shape.blocks));
  config.blockDim = dim3(static_cast<unsigned>(shape.threads));
  config.dynamicSmemBytes = static_cast<std::size_t>(shape.shared_bytes);
  config.attrs = &attribute;
  config.numAttrs = shape.cluster > 1 ? 1 : 0;
  REQUIRE(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...) == cudaSuccess);
  const cudaError_t done = cudaDeviceSynchronize();  // not in REQUIRE, which would catch what it throws
  REQUIRE(done == cudaSuccess);
}

/// What the model says of the kernel; empty if nothing.
template <class... Parameters, class... Arguments>
std::string fault_of(const Grid& shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
  try {
    run(shape, kernel, std::forward<Arguments>(arguments)...);
  } catch (const cuda::model::Fault& fault) { return fault.what(); }
  return "";
}

/// Device memory of `count` floats.
class DeviceFloats {
 public:
  explicit DeviceFloats(std::size_t count) : count_(count) {
    REQUIRE(cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(float)) == cudaSuccess);
  }
  explicit DeviceFloats(const std::vector<float>& values) : DeviceFloats(values.size()) {
    REQUIRE(cudaMemcpy(data_, values.data(), count_ * sizeof(float), cudaMemcpyHostToDevice) == cudaSuccess);
  }
  ~DeviceFloats() { (void)cudaFree(data_); }
  DeviceFloats(const DeviceFloats&) = delete;
  DeviceFloats& operator=(const DeviceFloats&) = delete;

  float* data() const { return data_; }
  std::vector<float> values() const {
    std::vector<float> copied(count_);
    REQUIRE(cudaMemcpy(copied.data(), data_, count_ * sizeof(float), cudaMemcpyDeviceToHost) == cudaSuccess);
    return copied;
  }

 private:
  std::size_t count_;
  float* data_ = nullptr;
};

}  // namespace lstmlib::test
