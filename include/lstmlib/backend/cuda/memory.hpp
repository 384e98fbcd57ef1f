// SPDX-License-Identifier: MIT
#pragma once
// Device memory: blocks are cached for reuse by their size. All work of a device is on one stream, so a
// released block can be reused at once: later work runs later.

#include "lstmlib/backend/cuda/stream.hpp"

#include <cstddef>
#include <map>
#include <mutex>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

class DeviceMemory {
 public:
  /// Memory aligned to 256 bytes. Calls the driver only if no block of this size is cached. Throws
  /// DeviceError if there is not enough memory even after all cached blocks were freed.
  void* allocate(Stream& stream, std::size_t bytes) {
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    auto& free = free_[size];
    if (!free.empty()) {
      void* data = free.back().data;
      free.pop_back();
      cached_bytes_ -= size;
      return data;
    }
    const CurrentDevice scope(stream.device());
    void* data = nullptr;
    if (cudaMalloc(&data, size) == cudaSuccess) return data;
    (void)cudaGetLastError();
    trim();
    const cudaError_t second = cudaMalloc(&data, size);
    if (second == cudaSuccess) return data;
    (void)cudaGetLastError();
    if (second != cudaErrorMemoryAllocation) check(second, "cudaMalloc");
    std::size_t left = 0, all = 0;
    (void)cudaMemGetInfo(&left, &all);
    fail<DeviceError>("cuda: ", bytes, " bytes requested on device ", stream.device(), ", ", left, " of ",
                      all, " are free");
  }
  /// `bytes`: as passed to allocate.
  void release(Stream& stream, void* data, std::size_t bytes) noexcept {
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    try {
      free_[size].push_back({data, stream.capturing()});
      cached_bytes_ += size;
    } catch (...) {  // no memory for the list
      (void)cudaFree(data);
    }
  }
  /// Call it when a captured graph was launched. Blocks released during the capture then become ordinary
  /// blocks.
  void graph_was_launched() {
    const std::lock_guard lock(mutex_);
    for (auto& [size, blocks] : free_)
      for (Block& block : blocks) block.in_graph = false;
  }
  /// Bytes of unused blocks.
  std::size_t cached_bytes() const {
    const std::lock_guard lock(mutex_);
    return cached_bytes_;
  }

 private:
  struct Block {
    void* data;
    bool in_graph;  ///< a graph that was not yet launched may use it
  };
  /// Frees cached blocks. The driver waits for the device's work.
  void trim() {
    for (auto& [size, blocks] : free_) {
      std::vector<Block> left;
      for (const Block& block : blocks)
        if (block.in_graph || cudaFree(block.data) != cudaSuccess) left.push_back(block);
        else cached_bytes_ -= size;
      blocks.swap(left);
    }
    (void)cudaGetLastError();
  }
  /// Eight classes per power of two: at most an eighth is wasted, and batches of similar size share blocks.
  static std::size_t size_class(std::size_t bytes) {
    std::size_t step = 256;
    while (step * 16 <= bytes) step *= 2;
    return (bytes / step + 1) * step;
  }

  mutable std::mutex mutex_;
  std::map<std::size_t, std::vector<Block>> free_;
  std::size_t cached_bytes_ = 0;
};

}  // namespace lstmlib::cuda
