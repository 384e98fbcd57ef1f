// SPDX-License-Identifier: MIT
#pragma once
// Starts of kernels, on the execution model.

#include "lstmlib/version.hpp"

#include "streams.hpp"

#include "../model/execution.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <cxxabi.h>
#include <dlfcn.h>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

struct FunctionSettings {
  int shared_bytes = 48 * 1024;
  bool large_clusters = false;
};
inline FunctionSettings& settings_of(const void* function) {
  static std::map<const void*, FunctionSettings> all;
  return all[function];
}

/// The kernel's name where the program exports it, its address otherwise.
inline std::string find_name(const void* function) {
  Dl_info info{};
  if (dladdr(function, &info) == 0 || !info.dli_sname || info.dli_saddr != function) {
    std::ostringstream address;
    address << "kernel at " << function;
    return address.str();
  }
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), &std::free);
  return name ? name.get() : info.dli_sname;
}

inline const std::string& name_of(const void* function) {
  static std::map<const void*, std::string> known;
  std::string& name = known[function];
  if (name.empty()) name = find_name(function);
  return name;
}

inline int cluster_of(const cudaLaunchConfig_t& config) {
  for (unsigned i = 0; i < config.numAttrs; ++i)
    if (config.attrs[i].id == cudaLaunchAttributeClusterDimension)
      return static_cast<int>(config.attrs[i].val.clusterDim.x);
  return 1;
}

/// What CUDA says to this launch.
inline cudaError_t check_launch(const cudaLaunchConfig_t& config, const void* function) {
  const FunctionSettings& settings = settings_of(function);
  const auto& grid = config.gridDim;
  const auto& block = config.blockDim;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || block.x == 0 || grid.x > 0x7fffffffu || grid.y > 65535)
    return cudaErrorInvalidConfiguration;
  if (block.x * block.y * block.z > 1024) return cudaErrorInvalidConfiguration;
  if (block.y != 1 || block.z != 1 || grid.z != 1)
    throw Fault("the model has blocks of one axis and grids of two");
  if (config.dynamicSmemBytes > static_cast<std::size_t>(settings.shared_bytes)) return cudaErrorInvalidValue;
  for (unsigned i = 0; i < config.numAttrs; ++i) {
    if (config.attrs[i].id != cudaLaunchAttributeClusterDimension) continue;
    const auto& cluster = config.attrs[i].val.clusterDim;
    if (device().largest_cluster == 0) return cudaErrorNotSupported;
    if (cluster.x == 0 || cluster.y != 1 || cluster.z != 1 || grid.x % cluster.x != 0)
      return cudaErrorInvalidClusterSize;
    const int largest =
        settings.large_clusters ? device().largest_cluster : (std::min)(8, device().largest_cluster);
    if (static_cast<int>(cluster.x) > largest) return cudaErrorInvalidClusterSize;
  }
  return cudaSuccess;
}

/// Blocks of this kind that one multiprocessor holds.
inline int blocks_per_multiprocessor(int threads, std::size_t shared_bytes) {
  cudaDeviceProp properties;
  if (cudaGetDeviceProperties(&properties, 0) != cudaSuccess) return 0;
  if (threads < 1 || threads > properties.maxThreadsPerBlock ||
      shared_bytes > properties.sharedMemPerBlockOptin)
    return 0;
  const auto by_memory =
      properties.sharedMemPerMultiprocessor / (shared_bytes + properties.reservedSharedMemPerBlock);
  return (std::min)({static_cast<int>(by_memory), properties.maxThreadsPerMultiProcessor / threads,
                     properties.maxBlocksPerMultiProcessor});
}

}  // namespace lstmlib::cuda::model

inline cudaError_t cudaFuncSetAttribute(const void* function, cudaFuncAttribute attribute, int value) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (const auto error = model::device_error(); error != cudaSuccess) return model::result(error);
  auto& settings = model::settings_of(function);
  switch (attribute) {
    case cudaFuncAttributeMaxDynamicSharedMemorySize:
      if (value < 0 || static_cast<std::size_t>(value) > model::device().shared_bytes)
        return model::result(cudaErrorInvalidValue);
      settings.shared_bytes = value;
      break;
    case cudaFuncAttributePreferredSharedMemoryCarveout: break;
    case cudaFuncAttributeNonPortableClusterSizeAllowed:
      if (model::device().largest_cluster == 0) return model::result(cudaErrorNotSupported);
      settings.large_clusters = value != 0;
      break;
  }
  return cudaSuccess;
}
template <class Function>
cudaError_t cudaFuncSetAttribute(Function* function, cudaFuncAttribute attribute, int value) {
  return cudaFuncSetAttribute(reinterpret_cast<const void*>(function), attribute, value);
}
inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* function) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  *attributes = {};
  attributes->maxThreadsPerBlock = 1024;
  attributes->numRegs = 32;
  attributes->maxDynamicSharedSizeBytes = model::settings_of(function).shared_bytes;
  attributes->nonPortableClusterSizeAllowed = model::settings_of(function).large_clusters ? 1 : 0;
  return model::result(model::device_error());
}
template <class Function>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Function* function) {
  return cudaFuncGetAttributes(attributes, reinterpret_cast<const void*>(function));
}

inline cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, const void*, int threads,
                                                                 std::size_t shared_bytes) {
  *blocks = lstmlib::cuda::model::blocks_per_multiprocessor(threads, shared_bytes);
  return lstmlib::cuda::model::result(lstmlib::cuda::model::device_error());
}
template <class Function>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Function* function, int threads,
                                                          std::size_t shared_bytes) {
  return cudaOccupancyMaxActiveBlocksPerMultiprocessor(blocks, reinterpret_cast<const void*>(function),
                                                       threads, shared_bytes);
}
inline cudaError_t cudaOccupancyMaxActiveClusters(int* clusters, const void* function,
                                                  const cudaLaunchConfig_t* config) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  *clusters = 0;
  if (const auto error = model::device_error(); error != cudaSuccess) return model::result(error);
  if (const auto error = model::check_launch(*config, function); error != cudaSuccess)
    return model::result(error);
  const int blocks =
      model::blocks_per_multiprocessor(static_cast<int>(config->blockDim.x), config->dynamicSmemBytes);
  for (const int group : model::device().groups) *clusters += group * blocks / model::cluster_of(*config);
  return cudaSuccess;
}
template <class Function>
cudaError_t cudaOccupancyMaxActiveClusters(int* clusters, Function* function,
                                           const cudaLaunchConfig_t* config) {
  return cudaOccupancyMaxActiveClusters(clusters, reinterpret_cast<const void*>(function), config);
}

/// The arguments are copied now; the kernel runs when the stream's turn comes.
template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  using namespace lstmlib::cuda;
  static_assert((std::is_trivially_copyable_v<Parameters> && ...),
                "a kernel's arguments are copied as bytes");
  static_assert((sizeof(Parameters) + ... + 0) <= 32764, "CUDA takes no more");
  const model::RuntimeLock lock(model::runtime_mutex());
  const void* function = reinterpret_cast<const void*>(kernel);
  if (const auto error = model::device_error(); error != cudaSuccess) return model::result(error);
  if (const auto error = model::check_launch(*config, function); error != cudaSuccess)
    return model::result(error);
  model::Launch launch;
  launch.kernel = model::name_of(function);
  launch.body = [kernel, values = std::tuple<Parameters...>(std::forward<Arguments>(arguments)...)] {
    std::apply(kernel, values);
  };
  launch.blocks_x = static_cast<int>(config->gridDim.x);
  launch.blocks_y = static_cast<int>(config->gridDim.y);
  launch.threads = static_cast<int>(config->blockDim.x);
  launch.cluster = model::cluster_of(*config);
  launch.shared_bytes = static_cast<std::uint32_t>(config->dynamicSmemBytes);
  const std::string name = launch.kernel;
  return model::enqueue(
      config->stream, name, [launch = std::move(launch)] { model::machine.run(launch); },
      model::Work::Kind::kernel, function);
}
