// SPDX-License-Identifier: MIT
// The stand-in for the CUDA runtime: work is late, graphs replay, calls are refused as CUDA refuses them.

#include "lstmlib/version.hpp"

#include "launches.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace lstmlib::inline LSTMLIB_ABI::cuda::runtime_test {

template <class T>
__global__ void add(T* to, T value, int count) {
  const int index = simt::block_index() * simt::block_threads() + simt::thread_index();
  if (index < count) to[index] += value;
}
__global__ void multiply(float* to, float value) { to[simt::thread_index()] *= value; }
__global__ void set(float* to) { to[simt::thread_index()] = 1; }
__global__ void fail_at_once(float* to) { to[0] = simt::SharedArray<float>{0}.load(0); }

cudaLaunchConfig_t shape(int blocks, int threads, cudaStream_t stream) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads));
  config.stream = stream;
  return config;
}

/// Four floats of device memory and four pinned, and a stream.
struct Buffers {
  explicit Buffers(unsigned flags = cudaStreamNonBlocking) {
    REQUIRE(cudaMalloc(reinterpret_cast<void**>(&device), bytes) == cudaSuccess);
    REQUIRE(cudaMallocHost(reinterpret_cast<void**>(&host), bytes) == cudaSuccess);
    REQUIRE(cudaStreamCreateWithFlags(&stream, flags) == cudaSuccess);
  }
  ~Buffers() {
    (void)cudaStreamDestroy(stream);
    (void)cudaFree(device);
    (void)cudaFreeHost(host);
  }
  Buffers(const Buffers&) = delete;
  Buffers& operator=(const Buffers&) = delete;

  void fill(float value) { std::fill_n(host, 4, value); }
  cudaError_t upload() { return cudaMemcpyAsync(device, host, bytes, cudaMemcpyHostToDevice, stream); }
  cudaError_t download() { return cudaMemcpyAsync(host, device, bytes, cudaMemcpyDeviceToHost, stream); }
  cudaError_t plus(float value) {
    const auto config = shape(1, 4, stream);
    return cudaLaunchKernelEx(&config, add<float>, device, value, 4);
  }
  cudaError_t times(float value) {
    const auto config = shape(1, 4, stream);
    return cudaLaunchKernelEx(&config, multiply, device, value);
  }
  /// What is in device memory when all work is done.
  float value() {
    REQUIRE(download() == cudaSuccess);
    const cudaError_t done = cudaStreamSynchronize(stream);
    REQUIRE(done == cudaSuccess);
    return host[3];
  }

  static constexpr std::size_t bytes = 16;
  float* device = nullptr;
  float* host = nullptr;
  cudaStream_t stream = nullptr;
};

/// True if a copy of this process dies of `work`.
template <class Work>
bool dies(const Work& work) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    (void)!freopen("/dev/null", "w", stderr);
    (void)!freopen("/dev/null", "w", stdout);
    work();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

TEST_CASE("runtime: fresh memory is NaN, and work is done when somebody waits for it") {
  Buffers buffers;
  CHECK(std::isnan(buffers.value()));
  buffers.fill(1);
  REQUIRE(buffers.upload() == cudaSuccess);
  buffers.fill(2);  // too early: the copy has not read it
  REQUIRE(buffers.plus(5) == cudaSuccess);
  CHECK(cudaStreamQuery(buffers.stream) == cudaErrorNotReady);
  CHECK(cudaGetLastError() == cudaErrorNotReady);
  CHECK(cudaGetLastError() == cudaSuccess);
  REQUIRE(buffers.download() == cudaSuccess);
  CHECK(buffers.host[0] == 2);
  REQUIRE(cudaStreamSynchronize(buffers.stream) == cudaSuccess);
  CHECK(buffers.host[0] == 7);
  CHECK(cudaStreamQuery(buffers.stream) == cudaSuccess);
}

TEST_CASE("runtime: pageable memory has been read, or written, when the call returns") {
  Buffers buffers;
  std::array<float, 4> pageable = {1, 1, 1, 1};
  REQUIRE(cudaMemcpyAsync(buffers.device, pageable.data(), 16, cudaMemcpyHostToDevice, buffers.stream) ==
          cudaSuccess);
  pageable.fill(9);
  REQUIRE(buffers.plus(2) == cudaSuccess);
  REQUIRE(cudaMemcpyAsync(pageable.data(), buffers.device, 16, cudaMemcpyDeviceToHost, buffers.stream) ==
          cudaSuccess);
  CHECK(pageable[3] == 3);
}

TEST_CASE("runtime: events tell when a stream has come so far, and order streams") {
  Buffers first, second;
  cudaEvent_t event = nullptr;
  REQUIRE(cudaEventCreateWithFlags(&event, cudaEventDisableTiming) == cudaSuccess);
  CHECK(cudaEventQuery(event) == cudaSuccess);  // never recorded
  first.fill(1);
  REQUIRE(first.upload() == cudaSuccess);
  REQUIRE(cudaEventRecord(event, first.stream) == cudaSuccess);
  REQUIRE(first.plus(1) == cudaSuccess);
  CHECK(cudaEventQuery(event) == cudaErrorNotReady);
  (void)cudaGetLastError();
  REQUIRE(cudaEventSynchronize(event) == cudaSuccess);
  CHECK(cudaEventQuery(event) == cudaSuccess);
  CHECK(cudaStreamQuery(first.stream) == cudaErrorNotReady);  // what came after it has not run
  (void)cudaGetLastError();

  REQUIRE(cudaEventRecord(event, first.stream) == cudaSuccess);
  REQUIRE(cudaStreamWaitEvent(second.stream, event) == cudaSuccess);
  REQUIRE(cudaMemcpyAsync(second.device, first.device, 16, cudaMemcpyDeviceToDevice, second.stream) ==
          cudaSuccess);
  CHECK(second.value() == 2);
  REQUIRE(cudaEventDestroy(event) == cudaSuccess);
}

TEST_CASE(
    "runtime: without an event, streams are not ordered; the legacy stream orders those that wait for it") {
  Buffers first, second;
  first.fill(1);
  REQUIRE(first.upload() == cudaSuccess);
  REQUIRE(cudaMemcpyAsync(second.device, first.device, 16, cudaMemcpyDeviceToDevice, second.stream) ==
          cudaSuccess);
  CHECK(std::isnan(second.value()));

  Buffers waits(cudaStreamDefault);
  waits.fill(3);
  REQUIRE(waits.upload() == cudaSuccess);
  std::array<float, 4> copied{};
  REQUIRE(cudaMemcpy(copied.data(), waits.device, 16, cudaMemcpyDeviceToHost) == cudaSuccess);
  CHECK(copied[0] == 3);
  REQUIRE(cudaMemset(waits.device, 0, 16) == cudaSuccess);
  CHECK(waits.value() == 0);
}

TEST_CASE("runtime: a host function runs when the stream comes to it") {
  Buffers buffers;
  int calls = 0;
  REQUIRE(cudaLaunchHostFunc(
              buffers.stream, [](void* data) { ++*static_cast<int*>(data); }, &calls) == cudaSuccess);
  CHECK(calls == 0);
  REQUIRE(cudaDeviceSynchronize() == cudaSuccess);
  CHECK(calls == 1);
}

TEST_CASE("runtime: a captured graph runs only when launched, each time with the arguments of its capture") {
  Buffers buffers;
  const auto capture = [&](const std::vector<float>& summands, bool product) {
    REQUIRE(cudaStreamBeginCapture(buffers.stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    for (const float summand : summands) REQUIRE(buffers.plus(summand) == cudaSuccess);
    if (product) REQUIRE(buffers.times(2) == cudaSuccess);
    cudaGraph_t graph = nullptr;
    REQUIRE(cudaStreamEndCapture(buffers.stream, &graph) == cudaSuccess);
    return graph;
  };
  buffers.fill(0);
  REQUIRE(buffers.upload() == cudaSuccess);
  const cudaGraph_t graph = capture({1, 10}, false);
  std::size_t nodes = 0;
  REQUIRE(cudaGraphGetNodes(graph, nullptr, &nodes) == cudaSuccess);
  CHECK(nodes == 2);
  cudaGraphExec_t executable = nullptr;
  REQUIRE(cudaGraphInstantiate(&executable, graph) == cudaSuccess);
  CHECK(buffers.value() == 0);
  for (int i = 0; i < 3; ++i) REQUIRE(cudaGraphLaunch(executable, buffers.stream) == cudaSuccess);
  CHECK(buffers.value() == 33);

  cudaGraphExecUpdateResultInfo info{};
  const cudaGraph_t other = capture({100, 1000}, false);
  REQUIRE(cudaGraphLaunch(executable, buffers.stream) == cudaSuccess);
  REQUIRE(cudaGraphExecUpdate(executable, other, &info) == cudaSuccess);  // not for what was launched before
  CHECK(info.result == cudaGraphExecUpdateSuccess);
  CHECK(buffers.value() == 44);
  REQUIRE(cudaGraphLaunch(executable, buffers.stream) == cudaSuccess);
  CHECK(buffers.value() == 1144);

  const cudaGraph_t longer = capture({1, 2, 3}, false), product = capture({1}, true);
  CHECK(cudaGraphExecUpdate(executable, longer, &info) == cudaErrorGraphExecUpdateFailure);
  CHECK(info.result == cudaGraphExecUpdateErrorTopologyChanged);
  REQUIRE(cudaGraphLaunch(executable, buffers.stream) == cudaSuccess);  // it is as it was
  CHECK(buffers.value() == 2244);
  // Where only kernels differ, drivers take the update, and what runs is neither the one nor the other.
  CHECK(cudaGraphExecUpdate(executable, product, &info) == cudaSuccess);
  REQUIRE(cudaGraphLaunch(executable, buffers.stream) == cudaSuccess);
  CHECK(buffers.value() == 2245);
  for (const cudaGraph_t made : {graph, other, longer, product})
    REQUIRE(cudaGraphDestroy(made) == cudaSuccess);
  REQUIRE(cudaGraphExecDestroy(executable) == cudaSuccess);
}

TEST_CASE("runtime: calls that wait are refused during a capture, and end it") {
  Buffers buffers, other;
  cudaEvent_t event = nullptr, outside = nullptr;
  REQUIRE(cudaEventCreate(&event) == cudaSuccess);
  REQUIRE(cudaEventCreate(&outside) == cudaSuccess);
  REQUIRE(cudaEventRecord(outside, other.stream) == cudaSuccess);
  std::array<float, 4> pageable{};
  void* data = nullptr;
  const auto refused = [&](cudaStreamCaptureMode mode, const std::function<cudaError_t()>& call,
                           cudaError_t expected) {
    REQUIRE(cudaStreamBeginCapture(buffers.stream, mode) == cudaSuccess);
    REQUIRE(buffers.plus(1) == cudaSuccess);
    REQUIRE(cudaEventRecord(event, buffers.stream) == cudaSuccess);
    CHECK(call() == expected);
    cudaStreamCaptureStatus status{};
    REQUIRE(cudaStreamIsCapturing(buffers.stream, &status) == cudaSuccess);
    CHECK(status == cudaStreamCaptureStatusInvalidated);
    CHECK(buffers.plus(1) == cudaErrorStreamCaptureInvalidated);
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(buffers.stream, &graph) == cudaErrorStreamCaptureInvalidated);
    CHECK(graph == nullptr);
    CHECK(buffers.plus(1) == cudaSuccess);
    (void)cudaGetLastError();
  };
  const auto unsupported = cudaErrorStreamCaptureUnsupported;
  const auto global = cudaStreamCaptureModeGlobal, relaxed = cudaStreamCaptureModeRelaxed;
  refused(
      relaxed, [&] { return cudaStreamSynchronize(buffers.stream); }, unsupported);
  refused(
      relaxed, [&] { return cudaStreamQuery(buffers.stream); }, unsupported);
  refused(
      relaxed, [&] { return cudaDeviceSynchronize(); }, unsupported);
  refused(
      relaxed, [&] { return cudaStreamWaitEvent(buffers.stream, outside); }, cudaErrorStreamCaptureIsolation);
  refused(
      global, [&] { return cudaMalloc(&data, 16); }, unsupported);
  refused(
      global, [&] { return cudaFree(other.device); }, unsupported);
  refused(
      global, [&] { return cudaMemcpy(pageable.data(), other.device, 16, cudaMemcpyDeviceToHost); },
      unsupported);
  refused(
      global, [&] { return cudaStreamSynchronize(other.stream); }, unsupported);
  refused(
      global, [&] { return cudaEventQuery(outside); }, unsupported);
  refused(
      cudaStreamCaptureModeThreadLocal, [&] { return cudaMalloc(&data, 16); }, unsupported);

  // Allowed: memory in a relaxed capture, and what another thread does in a local one.
  REQUIRE(cudaStreamBeginCapture(buffers.stream, relaxed) == cudaSuccess);
  CHECK(cudaMalloc(&data, 16) == cudaSuccess);
  CHECK(cudaFree(data) == cudaSuccess);
  CHECK(cudaEventQuery(event) == cudaErrorCapturedEvent);
  cudaGraph_t graph = nullptr;
  REQUIRE(cudaStreamEndCapture(buffers.stream, &graph) == cudaSuccess);
  REQUIRE(cudaGraphDestroy(graph) == cudaSuccess);
  REQUIRE(cudaStreamBeginCapture(buffers.stream, cudaStreamCaptureModeThreadLocal) == cudaSuccess);
  cudaError_t there = cudaErrorUnknown;
  std::thread([&] { there = cudaMalloc(&data, 16); }).join();
  CHECK(there == cudaSuccess);
  REQUIRE(cudaStreamEndCapture(buffers.stream, &graph) == cudaSuccess);
  REQUIRE(cudaGraphDestroy(graph) == cudaSuccess);
  REQUIRE(cudaFree(data) == cudaSuccess);
  REQUIRE(cudaEventDestroy(event) == cudaSuccess);
  REQUIRE(cudaEventDestroy(outside) == cudaSuccess);
}

TEST_CASE("runtime: a stream of a capture must be waited for, and the legacy stream keeps out") {
  Buffers first, second, waits(cudaStreamDefault);
  cudaEvent_t fork = nullptr, join = nullptr;
  REQUIRE(cudaEventCreate(&fork) == cudaSuccess);
  REQUIRE(cudaEventCreate(&join) == cudaSuccess);
  for (const bool joined : {true, false}) {
    REQUIRE(cudaStreamBeginCapture(first.stream, cudaStreamCaptureModeGlobal) == cudaSuccess);
    REQUIRE(cudaEventRecord(fork, first.stream) == cudaSuccess);
    REQUIRE(cudaStreamWaitEvent(second.stream, fork) == cudaSuccess);
    REQUIRE(second.plus(1) == cudaSuccess);
    REQUIRE(cudaEventRecord(join, second.stream) == cudaSuccess);
    if (joined) REQUIRE(cudaStreamWaitEvent(first.stream, join) == cudaSuccess);
    cudaGraph_t graph = nullptr;
    CHECK(cudaStreamEndCapture(first.stream, &graph) ==
          (joined ? cudaSuccess : cudaErrorStreamCaptureUnjoined));
    if (graph) REQUIRE(cudaGraphDestroy(graph) == cudaSuccess);
  }
  REQUIRE(cudaStreamBeginCapture(waits.stream, cudaStreamCaptureModeRelaxed) == cudaSuccess);
  CHECK(cudaMemsetAsync(first.device, 0, 16) == cudaErrorStreamCaptureImplicit);
  cudaGraph_t graph = nullptr;
  CHECK(cudaStreamEndCapture(waits.stream, &graph) == cudaErrorStreamCaptureInvalidated);
  CHECK(cudaStreamEndCapture(waits.stream, &graph) == cudaErrorInvalidValue);
  CHECK(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeRelaxed) == cudaErrorStreamCaptureUnsupported);
  (void)cudaGetLastError();
  REQUIRE(cudaEventDestroy(fork) == cudaSuccess);
  REQUIRE(cudaEventDestroy(join) == cudaSuccess);
}

TEST_CASE("runtime: copies and frees of the wrong memory are refused") {
  Buffers buffers;
  std::array<float, 8> pageable{};
  CHECK(cudaMemcpy(pageable.data(), buffers.device, 16, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(buffers.device, pageable.data(), 16, cudaMemcpyDeviceToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(buffers.device, pageable.data(), 20, cudaMemcpyHostToDevice) == cudaErrorInvalidValue);
  CHECK(cudaMemcpy(buffers.device, pageable.data(), 16, cudaMemcpyDefault) == cudaSuccess);
  CHECK(cudaMemsetAsync(buffers.device + 2, 0, 16, buffers.stream) == cudaErrorInvalidValue);
  CHECK(cudaMemset(pageable.data(), 0, 16) == cudaErrorInvalidValue);
  CHECK(cudaFree(pageable.data()) == cudaErrorInvalidValue);
  CHECK(cudaFree(buffers.host) == cudaErrorInvalidValue);
  void* data = nullptr;
  REQUIRE(cudaMalloc(&data, 100) == cudaSuccess);
  CHECK(reinterpret_cast<std::uintptr_t>(data) % 256 == 0);
  CHECK(cudaFree(data) == cudaSuccess);
  CHECK(cudaFree(data) == cudaErrorInvalidValue);
  CHECK(cudaFree(nullptr) == cudaSuccess);
  (void)cudaGetLastError();
}

TEST_CASE("runtime: the host cannot touch device memory") {
  Buffers buffers;
  model::memory_table().hide_now();  // by itself it does so from time to time only, where there is much
  CHECK(dies([&] { buffers.device[0] = 1; }));
  CHECK_FALSE(dies([&] { buffers.value(); }));
  const model::DeviceMemoryVisible visible;
  CHECK_FALSE(dies([&] { buffers.device[0] = 1; }));
}

TEST_CASE("runtime: what a kernel writes behind a block, and what it reads of a freed one, shows") {
  Buffers buffers;
  float* block = nullptr;
  REQUIRE(cudaMalloc(reinterpret_cast<void**>(&block), 16) == cudaSuccess);
  const auto config = shape(1, 8, buffers.stream);
  const auto write_behind = [&] {
    (void)cudaLaunchKernelEx(&config, set, block);
    (void)cudaFree(block);
    try {
      (void)cudaDeviceSynchronize();
    } catch (const std::logic_error&) { _exit(1); }
  };
  CHECK(dies(write_behind));
  REQUIRE(cudaFree(block) == cudaSuccess);
#ifdef LSTMLIB_MODEL_ASAN
  CHECK(dies([&] {
    (void)cudaLaunchKernelEx(&config, add<float>, block, 1.0f, 1);
    (void)cudaDeviceSynchronize();
  }));
#else
  const model::DeviceMemoryVisible visible;
  CHECK(std::isnan(block[0]));
#endif
}

TEST_CASE("runtime: devices without clusters, or with smaller ones, refuse launches") {
  Buffers buffers;
  cudaLaunchAttribute attribute{};
  attribute.id = cudaLaunchAttributeClusterDimension;
  attribute.val.clusterDim = {16, 1, 1};
  auto config = shape(32, 32, buffers.stream);
  config.attrs = &attribute;
  config.numAttrs = 1;
  const auto start = [&] { return cudaLaunchKernelEx(&config, add<float>, buffers.device, 1.0f, 0); };
  int clusters = -1;
  const auto kernel = reinterpret_cast<const void*>(add<float>);
  CHECK(start() == cudaErrorInvalidClusterSize);
  REQUIRE(cudaFuncSetAttribute(add<float>, cudaFuncAttributeNonPortableClusterSizeAllowed, 1) == cudaSuccess);
  CHECK(start() == cudaSuccess);
  config.dynamicSmemBytes = 100 * 1024;
  CHECK(start() == cudaErrorInvalidValue);
  REQUIRE(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 227 * 1024) ==
          cudaSuccess);
  CHECK(start() == cudaSuccess);
  CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 228 * 1024) ==
        cudaErrorInvalidValue);
  config.gridDim = dim3(24);
  CHECK(start() == cudaErrorInvalidClusterSize);
  config.gridDim = dim3(32);
  REQUIRE(cudaOccupancyMaxActiveClusters(&clusters, kernel, &config) == cudaSuccess);
  CHECK(clusters == 16);  // two blocks of 100 KiB a multiprocessor, 8 groups of at least 16
  config.blockDim = dim3(1025);
  CHECK(start() == cudaErrorInvalidConfiguration);
  config.blockDim = dim3(32);
  {
    model::Device described;
    described.largest_cluster = 8;
    const model::WithDevice with(described);
    CHECK(start() == cudaErrorInvalidClusterSize);
    attribute.val.clusterDim.x = 8;
    CHECK(start() == cudaSuccess);
  }
  {
    const model::WithDevice with(model::small_device());
    cudaDeviceProp properties{};
    REQUIRE(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
    CHECK(properties.major * 10 + properties.minor == 75);
    CHECK(properties.clusterLaunch == 0);
    CHECK(start() == cudaErrorNotSupported);
  }
  cudaDeviceProp properties{};
  REQUIRE(cudaGetDeviceProperties(&properties, 0) == cudaSuccess);
  CHECK(properties.multiProcessorCount == 132);
  CHECK(properties.sharedMemPerBlockOptin == 227 * 1024);
  REQUIRE(cudaFuncSetAttribute(add<float>, cudaFuncAttributeNonPortableClusterSizeAllowed, 0) == cudaSuccess);
  (void)cudaGetLastError();
}

TEST_CASE("runtime: no driver, no device, no memory") {
  int count = -1;
  void* data = nullptr;
  {
    model::Device none;
    none.count = 0;
    const model::WithDevice with(none);
    CHECK(cudaGetDeviceCount(&count) == cudaErrorNoDevice);
    CHECK(count == 0);
    CHECK(cudaMalloc(&data, 16) == cudaErrorNoDevice);
  }
  {
    model::Device none;
    none.has_driver = false;
    const model::WithDevice with(none);
    CHECK(cudaGetDeviceCount(&count) == cudaErrorInsufficientDriver);
  }
  {
    model::Device two;
    two.count = 2;
    const model::WithDevice with(two);
    CHECK(cudaSetDevice(1) == cudaSuccess);
    CHECK(cudaSetDevice(2) == cudaErrorInvalidDevice);
    CHECK(cudaSetDevice(0) == cudaSuccess);
  }
  {
    model::Device small;
    small.memory_bytes = model::memory_table().used() + 1000;
    small.allocations_left = 1;
    const model::WithDevice with(small);
    CHECK(cudaMalloc(&data, 1001) == cudaErrorMemoryAllocation);
    CHECK(cudaMalloc(&data, 900) == cudaSuccess);
    std::size_t free = 0, total = 0;
    REQUIRE(cudaMemGetInfo(&free, &total) == cudaSuccess);
    CHECK(free == 100);
    void* more = nullptr;
    CHECK(cudaMalloc(&more, 8) == cudaErrorMemoryAllocation);
    CHECK(cudaMallocHost(&more, 8) == cudaErrorMemoryAllocation);
    CHECK(cudaFree(data) == cudaSuccess);
  }
  (void)cudaGetLastError();
}

TEST_CASE(
    "runtime: a fault of a kernel is thrown by the next call that waits, and the rest of the work is "
    "dropped") {
  Buffers buffers;
  buffers.fill(1);
  REQUIRE(buffers.upload() == cudaSuccess);
  auto config = shape(1, 1, buffers.stream);
  config.dynamicSmemBytes = 4;
  REQUIRE(cudaLaunchKernelEx(&config, fail_at_once, buffers.device) == cudaSuccess);
  REQUIRE(buffers.plus(1) == cudaSuccess);
  CHECK_THROWS_AS((void)cudaStreamSynchronize(buffers.stream), model::Fault);
  CHECK(buffers.value() == 1);
}

}  // namespace lstmlib::cuda::runtime_test
