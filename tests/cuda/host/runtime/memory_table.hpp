// SPDX-License-Identifier: MIT
#pragma once
// Device and pinned memory. What the device has cannot be touched by the host, only while work of a stream
// runs; freed memory never comes back, and a page that cannot be touched follows each block.

#include "device.hpp"

#include "../model/fibers.hpp"

#include <cstdint>
#include <map>
#include <stdexcept>

#include <sys/mman.h>

namespace lstmlib::cuda::model {

class MemoryTable {
 public:
  struct Block {
    char* pages = nullptr;  ///< of device memory; null for memory that the host registered
    std::size_t page_bytes = 0, bytes = 0;
    cudaMemoryType type = cudaMemoryTypeDevice;
  };

  /// NaN bytes, aligned to 256; null where there is not enough. Only the beginning of a large block is
  /// filled: untouched pages cost nothing.
  void* allocate(std::size_t bytes, cudaMemoryType type) {
    Device& described = device();
    if (described.allocations_left == 0) return nullptr;
    if (type == cudaMemoryTypeDevice &&
        bytes > described.memory_bytes - (std::min)(used_, described.memory_bytes))
      return nullptr;
    if (described.allocations_left > 0) --described.allocations_left;
    const std::size_t room = (bytes + alignment - 1) / alignment * alignment;
    Block block;
    block.page_bytes = (room + page - 1) / page * page;
    block.bytes = bytes;
    block.type = type;
    void* mapped = mmap(nullptr, block.page_bytes + page, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    block.pages = static_cast<char*>(mapped);
    mprotect(block.pages + block.page_bytes, page, PROT_NONE);
    std::memset(block.pages, 0xff, (std::min)(block.page_bytes, most_filled));
    char* data = block.pages + block.page_bytes - room;
    std::memset(data + bytes, 0xff, room - bytes);
#ifdef LSTMLIB_MODEL_ASAN
    __asan_poison_memory_region(block.pages, static_cast<std::size_t>(data - block.pages));
    __asan_poison_memory_region(data + bytes, room - bytes);
#endif
    if (type == cudaMemoryTypeDevice) {
      used_ += bytes;
      if (visible_ == 0) protect(block, PROT_NONE);
    }
    blocks_[data] = block;
    return data;
  }
  /// Throws std::logic_error, which names the block, if somebody wrote beyond it.
  void release(void* data, cudaMemoryType type) {
    const auto found = blocks_.find(static_cast<char*>(data));
    if (found == blocks_.end() || found->second.type != type)
      throw std::logic_error("frees what is not allocated, or allocated otherwise");
    const Block block = found->second;
    blocks_.erase(found);
    if (type == cudaMemoryTypeDevice) used_ -= block.bytes;
    protect(block, PROT_READ | PROT_WRITE);
#ifdef LSTMLIB_MODEL_ASAN
    __asan_unpoison_memory_region(block.pages, block.page_bytes);
#endif
    bool intact = true;
    for (const char* byte = static_cast<char*>(data) + block.bytes; byte < block.pages + block.page_bytes;
         ++byte)
      intact = intact && *byte == '\xff';
    for (const char* byte = block.pages; byte < data; ++byte) intact = intact && *byte == '\xff';
    // The addresses stay taken, so that whoever still uses them is stopped; the memory goes.
    mmap(block.pages, block.page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
         -1, 0);
    if (!intact)
      throw std::logic_error("something was written beside the block of " + std::to_string(block.bytes) +
                             " bytes");
  }
  void add_registered(void* data, std::size_t bytes) {
    Block block;
    block.bytes = bytes;
    block.type = cudaMemoryTypeHost;
    blocks_[static_cast<char*>(data)] = block;
  }
  bool remove_registered(void* data) {
    const auto found = blocks_.find(static_cast<char*>(data));
    if (found == blocks_.end() || found->second.pages) return false;
    blocks_.erase(found);
    return true;
  }

  /// The block in which [data, data + bytes) lies; null if in none.
  const Block* find(const void* data, std::size_t bytes) const {
    auto* address = static_cast<char*>(const_cast<void*>(data));
    auto next = blocks_.upper_bound(address);
    if (next == blocks_.begin()) return nullptr;
    const auto& [begin, block] = *std::prev(next);
    return address + bytes <= begin + (std::max)(block.bytes, std::size_t{1}) &&
                   address < begin + (std::max)(block.bytes, std::size_t{1})
               ? &block
               : nullptr;
  }
  cudaMemoryType type_of(const void* data) const {
    const Block* block = find(data, 0);
    return block ? block->type : cudaMemoryTypeUnregistered;
  }
  std::size_t used() const { return used_; }
  std::size_t blocks() const { return blocks_.size(); }

  void show() {
    if (visible_++ == 0) protect_all(PROT_READ | PROT_WRITE);
  }
  void hide() {
    if (--visible_ == 0) protect_all(PROT_NONE);
  }

 private:
  static constexpr std::size_t page = 4096, alignment = 256, most_filled = std::size_t{4} << 20;

  static void protect(const Block& block, int how) { mprotect(block.pages, block.page_bytes, how); }
  void protect_all(int how) const {
    for (const auto& [data, block] : blocks_)
      if (block.type == cudaMemoryTypeDevice) protect(block, how);
  }

  std::map<char*, Block> blocks_;
  std::size_t used_ = 0;
  int visible_ = 0;
};
inline MemoryTable& memory_table() {
  static auto* table = new MemoryTable;  // for destructors of static objects, which may free
  return *table;
}

/// While one lives, device memory can be touched: streams have one when they work, and a test may.
class DeviceMemoryVisible {
 public:
  DeviceMemoryVisible() { memory_table().show(); }
  ~DeviceMemoryVisible() { memory_table().hide(); }
  DeviceMemoryVisible(const DeviceMemoryVisible&) = delete;
  DeviceMemoryVisible& operator=(const DeviceMemoryVisible&) = delete;
};

}  // namespace lstmlib::cuda::model
