// SPDX-License-Identifier: MIT
#pragma once
// Allocation, copies and fills.

#include "lstmlib/version.hpp"

#include "streams.hpp"

#include <cstring>
#include <memory>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

inline cudaError_t allocate(void** data, std::size_t bytes, cudaMemoryType type) {
  const RuntimeLock lock(runtime_mutex());
  if (const auto error = streams().allow_waiting(); error != cudaSuccess) return result(error);
  *data = bytes == 0 ? nullptr : memory_table().allocate(bytes, type);
  return result(bytes == 0 || *data ? cudaSuccess : cudaErrorMemoryAllocation);
}
inline cudaError_t release(void* data, cudaMemoryType type) {
  const RuntimeLock lock(runtime_mutex());
  if (!data) return cudaSuccess;
  if (const auto error = streams().allow_waiting(); error != cudaSuccess) return result(error);
  if (memory_table().type_of(data) != type) return result(cudaErrorInvalidValue);
  streams().run_quietly([] { streams().run_all(); });
  streams().run_quietly([&] { memory_table().release(data, type); });
  return cudaSuccess;
}

/// Whether memory lies on the sides that `kind` says, inside of blocks.
inline cudaError_t check_copy(const void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  const auto& table = memory_table();
  const bool to_device = table.type_of(to) == cudaMemoryTypeDevice;
  const bool from_device = table.type_of(from) == cudaMemoryTypeDevice;
  if (kind > cudaMemcpyDefault) return cudaErrorInvalidMemcpyDirection;
  if (kind != cudaMemcpyDefault) {
    const bool should_to = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const bool should_from = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (to_device != should_to || from_device != should_from) return cudaErrorInvalidValue;
  }
  if ((to_device && !table.find(to, bytes)) || (from_device && !table.find(from, bytes)))
    return cudaErrorInvalidValue;
  return cudaSuccess;
}

/// Pinned memory is read and written when the stream comes to it. Pageable memory has been read when the call
/// returns, and has been written: CUDA promises so, outside of captures.
inline cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                        cudaStream_t handle) {
  const RuntimeLock lock(runtime_mutex());
  const cudaStream_t stream = streams().resolve(handle);
  if (const auto error = streams().usable(stream); error != cudaSuccess) return result(error);
  if (bytes == 0) return cudaSuccess;
  if (const auto error = check_copy(to, from, bytes, kind); error != cudaSuccess) return result(error);
  const bool pageable_from = memory_table().type_of(from) == cudaMemoryTypeUnregistered;
  const bool pageable_to = memory_table().type_of(to) == cudaMemoryTypeUnregistered;
  if (pageable_from && !stream->capture) {
    auto bytes_now = std::make_shared<std::vector<char>>(static_cast<const char*>(from),
                                                         static_cast<const char*>(from) + bytes);
    return enqueue(
        handle, "copy", [to, bytes_now] { std::memcpy(to, bytes_now->data(), bytes_now->size()); },
        Work::Kind::copy);
  }
  if (const auto error = enqueue(
          handle, "copy", [to, from, bytes] { std::memmove(to, from, bytes); }, Work::Kind::copy);
      error != cudaSuccess)
    return error;
  if (pageable_to && !stream->capture) streams().run(stream);
  return cudaSuccess;
}

}  // namespace lstmlib::cuda::model

inline cudaError_t cudaMalloc(void** data, std::size_t bytes) {
  return lstmlib::cuda::model::allocate(data, bytes, cudaMemoryTypeDevice);
}
inline cudaError_t cudaFree(void* data) { return lstmlib::cuda::model::release(data, cudaMemoryTypeDevice); }
inline cudaError_t cudaMallocHost(void** data, std::size_t bytes) {
  return lstmlib::cuda::model::allocate(data, bytes, cudaMemoryTypeHost);
}
inline cudaError_t cudaHostAlloc(void** data, std::size_t bytes, unsigned) {
  return cudaMallocHost(data, bytes);
}
inline cudaError_t cudaFreeHost(void* data) {
  return lstmlib::cuda::model::release(data, cudaMemoryTypeHost);
}
inline cudaError_t cudaMallocAsync(void** data, std::size_t bytes, cudaStream_t stream) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  const cudaStream_t known = model::streams().resolve(stream);
  if (const auto error = model::streams().usable(known); error != cudaSuccess) return model::result(error);
  if (known->capture) return model::result(cudaErrorNotSupported);  // the model has no nodes for memory
  return cudaMalloc(data, bytes);
}
inline cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  const cudaStream_t known = model::streams().resolve(stream);
  if (const auto error = model::streams().usable(known); error != cudaSuccess) return model::result(error);
  if (known->capture) return model::result(cudaErrorNotSupported);
  if (model::memory_table().type_of(data) != cudaMemoryTypeDevice)
    return model::result(cudaErrorInvalidValue);
  return model::enqueue(stream, "free",
                        [data] { model::memory_table().release(data, cudaMemoryTypeDevice); });
}
inline cudaError_t cudaHostRegister(void* data, std::size_t bytes, unsigned) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (model::memory_table().type_of(data) != cudaMemoryTypeUnregistered)
    return model::result(cudaErrorHostMemoryAlreadyRegistered);
  model::memory_table().add_registered(data, bytes);
  return cudaSuccess;
}
inline cudaError_t cudaHostUnregister(void* data) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  return model::result(model::memory_table().remove_registered(data) ? cudaSuccess
                                                                     : cudaErrorHostMemoryNotRegistered);
}
inline cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  *total = model::device().memory_bytes;
  *free = *total - (std::min)(*total, model::memory_table().used());
  return model::result(model::device_error());
}
inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* data) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  *attributes = {};
  attributes->type = model::memory_table().type_of(data);
  if (attributes->type == cudaMemoryTypeDevice) attributes->devicePointer = const_cast<void*>(data);
  else attributes->hostPointer = const_cast<void*>(data);
  return model::result(model::device_error());
}

inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                                   cudaStream_t stream = nullptr) {
  return lstmlib::cuda::model::copy(to, from, bytes, kind, stream);
}
inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (const auto error = model::streams().allow_waiting(); error != cudaSuccess) return model::result(error);
  if (const auto error = model::copy(to, from, bytes, kind, nullptr); error != cudaSuccess) return error;
  model::streams().run(model::streams().legacy());
  return cudaSuccess;
}
inline cudaError_t cudaMemsetAsync(void* data, int value, std::size_t bytes, cudaStream_t stream = nullptr) {
  using namespace lstmlib::cuda;
  const model::RuntimeLock lock(model::runtime_mutex());
  if (bytes == 0) return cudaSuccess;
  const auto* block = model::memory_table().find(data, bytes);
  if (!block || block->type != cudaMemoryTypeDevice) return model::result(cudaErrorInvalidValue);
  return model::enqueue(
      stream, "set", [data, value, bytes] { std::memset(data, value, bytes); }, model::Work::Kind::set);
}
inline cudaError_t cudaMemset(void* data, int value, std::size_t bytes) {
  return cudaMemsetAsync(data, value, bytes);
}
