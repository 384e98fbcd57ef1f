// SPDX-License-Identifier: MIT
// The stand-in for the CUDA runtime: work is late, graphs replay, calls are refused as CUDA refuses them.

#include "support.hpp"

#include <lstmlib/cuda/simt.hpp>

#include <cuda_runtime.h>

#include <cmath>
#include <vector>

namespace lstmlib::cuda {
namespace {

template <class T>
__global__ void add(T* to, T value, int count) {
  const int index = simt::block_index() * simt::block_threads() + simt::thread_index();
  if (index < count) to[index] += value;
}

cudaLaunchConfig_t shape(int blocks, int threads, cudaStream_t stream) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.stream = stream;
  return config;
}

/// Pinned and device memory of `count` floats, and a stream.
struct Buffers {
  explicit Buffers(std::size_t count) : bytes(count * sizeof(float)) {
    REQUIRE(cudaMalloc(reinterpret_cast<void**>(&device), bytes) == cudaSuccess);
    REQUIRE(cudaMallocHost(reinterpret_cast<void**>(&host), bytes) == cudaSuccess);
    REQUIRE(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) == cudaSuccess);
  }
  ~Buffers() {
    (void)cudaStreamDestroy(stream);
    (void)cudaFree(device);
    (void)cudaFreeHost(host);
  }
  std::size_t bytes;
  float* device = nullptr;
  float* host = nullptr;
  cudaStream_t stream = nullptr;
};

}  // namespace

TEST_CASE("runtime: fresh memory is NaN, and work is done when somebody waits for it") {
  Buffers buffers(4);
  REQUIRE(cudaMemcpyAsync(buffers.host, buffers.device, 16, cudaMemcpyDeviceToHost, buffers.stream) ==
          cudaSuccess);
  REQUIRE(cudaStreamSynchronize(buffers.stream) == cudaSuccess);
  CHECK(std::isnan(buffers.host[3]));

  for (int i = 0; i < 4; ++i) buffers.host[i] = 1;
  REQUIRE(cudaMemcpyAsync(buffers.device, buffers.host, 16, cudaMemcpyHostToDevice, buffers.stream) ==
          cudaSuccess);
  for (int i = 0; i < 4; ++i) buffers.host[i] = 2;  // too early: the copy has not read it
  const auto config = shape(2, 2, buffers.stream);
  REQUIRE(cudaLaunchKernelEx(&config, add<float>, buffers.device, 5.0f, 4) == cudaSuccess);
  CHECK(cudaStreamQuery(buffers.stream) == cudaErrorNotReady);
  REQUIRE(cudaMemcpyAsync(buffers.host, buffers.device, 16, cudaMemcpyDeviceToHost, buffers.stream) ==
          cudaSuccess);
  CHECK(buffers.host[0] == 2);
  REQUIRE(cudaStreamSynchronize(buffers.stream) == cudaSuccess);
  CHECK(buffers.host[0] == 7);
  CHECK(buffers.host[3] == 7);
}

}  // namespace lstmlib::cuda
