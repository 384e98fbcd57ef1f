// SPDX-License-Identifier: MIT
#pragma once
// The imaginary device, which a test can change, and what can be asked about it.

#include "lstmlib/version.hpp"

#include "types.hpp"

#include <cstring>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// A device of compute capability 9.0, unless a test says otherwise.
struct Device {
  int count = 1;           ///< 0: no device
  bool has_driver = true;  ///< false: the runtime finds no driver that is new enough
  int major = 9, minor = 0;
  /// Multiprocessors of each group within which a cluster must lie.
  std::vector<int> groups = {16, 16, 16, 16, 16, 16, 18, 18};
  std::size_t shared_bytes = 227 * 1024;  ///< most that a block may ask for
  int largest_cluster = 16;  ///< 0: none at all; larger than 8 only with the function's attribute
  std::size_t memory_bytes = std::size_t{80} << 30;
  int allocations_left = -1;  ///< that succeed, of device and pinned memory; -1: all

  int multiprocessors() const { return std::accumulate(groups.begin(), groups.end(), 0); }
};
inline Device& device() {
  static Device described;
  return described;
}

/// Another device for a scope.
class WithDevice {
 public:
  explicit WithDevice(const Device& described) : before_(device()) { device() = described; }
  ~WithDevice() { device() = before_; }
  WithDevice(const WithDevice&) = delete;
  WithDevice& operator=(const WithDevice&) = delete;

 private:
  Device before_;
};
/// One of compute capability 7.5: no clusters, 64 KiB of shared memory.
inline Device small_device() {
  Device described;
  described.major = 7;
  described.minor = 5;
  described.groups = {10, 10, 10, 10};
  described.shared_bytes = 64 * 1024;
  described.largest_cluster = 0;
  described.memory_bytes = std::size_t{16} << 30;
  return described;
}

/// The calls of all threads, one at a time.
inline std::recursive_mutex& runtime_mutex() {
  static std::recursive_mutex mutex;
  return mutex;
}
using RuntimeLock = std::lock_guard<std::recursive_mutex>;

inline cudaError_t& last_error() {
  thread_local cudaError_t error = cudaSuccess;
  return error;
}
/// What a call returns; cudaGetLastError reports it too.
inline cudaError_t result(cudaError_t error) {
  if (error != cudaSuccess) last_error() = error;
  return error;
}
inline cudaError_t device_error() {
  if (!device().has_driver) return cudaErrorInsufficientDriver;
  return device().count == 0 ? cudaErrorNoDevice : cudaSuccess;
}
inline int& chosen_device() {
  thread_local int chosen = 0;
  return chosen;
}

}  // namespace lstmlib::cuda::model

inline cudaError_t cudaGetLastError() {
  return std::exchange(lstmlib::cuda::model::last_error(), cudaSuccess);
}
inline cudaError_t cudaPeekAtLastError() { return lstmlib::cuda::model::last_error(); }

inline const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess: return "cudaSuccess";
    case cudaErrorInvalidValue: return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidMemcpyDirection: return "cudaErrorInvalidMemcpyDirection";
    case cudaErrorInsufficientDriver: return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice: return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle: return "cudaErrorInvalidResourceHandle";
    case cudaErrorNotReady: return "cudaErrorNotReady";
    case cudaErrorLaunchOutOfResources: return "cudaErrorLaunchOutOfResources";
    case cudaErrorHostMemoryAlreadyRegistered: return "cudaErrorHostMemoryAlreadyRegistered";
    case cudaErrorHostMemoryNotRegistered: return "cudaErrorHostMemoryNotRegistered";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    case cudaErrorNotSupported: return "cudaErrorNotSupported";
    case cudaErrorStreamCaptureUnsupported: return "cudaErrorStreamCaptureUnsupported";
    case cudaErrorStreamCaptureInvalidated: return "cudaErrorStreamCaptureInvalidated";
    case cudaErrorStreamCaptureMerge: return "cudaErrorStreamCaptureMerge";
    case cudaErrorStreamCaptureUnmatched: return "cudaErrorStreamCaptureUnmatched";
    case cudaErrorStreamCaptureUnjoined: return "cudaErrorStreamCaptureUnjoined";
    case cudaErrorStreamCaptureIsolation: return "cudaErrorStreamCaptureIsolation";
    case cudaErrorStreamCaptureImplicit: return "cudaErrorStreamCaptureImplicit";
    case cudaErrorCapturedEvent: return "cudaErrorCapturedEvent";
    case cudaErrorStreamCaptureWrongThread: return "cudaErrorStreamCaptureWrongThread";
    case cudaErrorGraphExecUpdateFailure: return "cudaErrorGraphExecUpdateFailure";
    case cudaErrorInvalidClusterSize: return "cudaErrorInvalidClusterSize";
    case cudaErrorUnknown: return "cudaErrorUnknown";
  }
  return "unrecognized error code";
}
inline const char* cudaGetErrorString(cudaError_t error) { return cudaGetErrorName(error); }

inline cudaError_t cudaGetDeviceCount(int* count) {
  using namespace lstmlib::cuda;
  *count = model::device_error() == cudaSuccess ? model::device().count : 0;
  return model::result(model::device_error());
}
inline cudaError_t cudaSetDevice(int device) {
  using namespace lstmlib::cuda;
  if (const auto error = model::device_error(); error != cudaSuccess) return model::result(error);
  if (device < 0 || device >= model::device().count) return model::result(cudaErrorInvalidDevice);
  model::chosen_device() = device;
  return cudaSuccess;
}
inline cudaError_t cudaGetDevice(int* device) {
  using namespace lstmlib::cuda;
  *device = model::chosen_device();
  return model::result(model::device_error());
}
inline cudaError_t cudaDriverGetVersion(int* version) {
  *version = lstmlib::cuda::model::device().has_driver ? 13000 : 0;
  return cudaSuccess;
}
inline cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  using namespace lstmlib::cuda;
  const model::Device& described = model::device();
  if (const auto error = model::device_error(); error != cudaSuccess) return model::result(error);
  if (device < 0 || device >= described.count) return model::result(cudaErrorInvalidDevice);
  *properties = {};
  const std::string name = "execution model of compute capability " + std::to_string(described.major) + "." +
                           std::to_string(described.minor);
  std::memcpy(properties->name, name.c_str(), name.size() + 1);
  properties->totalGlobalMem = described.memory_bytes;
  properties->sharedMemPerBlock = 48 * 1024;
  properties->sharedMemPerBlockOptin = described.shared_bytes;
  properties->sharedMemPerMultiprocessor = described.shared_bytes + 1024;
  properties->reservedSharedMemPerBlock = 1024;
  properties->regsPerBlock = properties->regsPerMultiprocessor = 64 * 1024;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  properties->maxThreadsPerMultiProcessor = described.major >= 9 ? 2048 : 1024;
  properties->maxBlocksPerMultiProcessor = described.major >= 9 ? 32 : 16;
  properties->major = described.major;
  properties->minor = described.minor;
  properties->multiProcessorCount = described.multiprocessors();
  properties->l2CacheSize = 50 << 20;
  properties->memoryPoolsSupported = 1;
  properties->cooperativeLaunch = 1;
  properties->clusterLaunch = described.largest_cluster > 0 ? 1 : 0;
  return cudaSuccess;
}

inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  using namespace lstmlib::cuda;
  cudaDeviceProp properties;
  if (const auto error = cudaGetDeviceProperties(&properties, device); error != cudaSuccess) return error;
  switch (attribute) {
    case cudaDevAttrMaxThreadsPerBlock: *value = properties.maxThreadsPerBlock; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = static_cast<int>(properties.sharedMemPerBlock); break;
    case cudaDevAttrWarpSize: *value = properties.warpSize; break;
    case cudaDevAttrClockRate: *value = 1755000; break;  // kHz
    case cudaDevAttrMultiProcessorCount: *value = properties.multiProcessorCount; break;
    case cudaDevAttrL2CacheSize: *value = properties.l2CacheSize; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = properties.maxThreadsPerMultiProcessor; break;
    case cudaDevAttrComputeCapabilityMajor: *value = properties.major; break;
    case cudaDevAttrComputeCapabilityMinor: *value = properties.minor; break;
    case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
      *value = static_cast<int>(properties.sharedMemPerMultiprocessor);
      break;
    case cudaDevAttrCooperativeLaunch: *value = properties.cooperativeLaunch; break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin:
      *value = static_cast<int>(properties.sharedMemPerBlockOptin);
      break;
    case cudaDevAttrReservedSharedMemoryPerBlock:
      *value = static_cast<int>(properties.reservedSharedMemPerBlock);
      break;
    case cudaDevAttrMemoryPoolsSupported: *value = properties.memoryPoolsSupported; break;
    case cudaDevAttrClusterLaunch: *value = properties.clusterLaunch; break;
  }
  return cudaSuccess;
}
