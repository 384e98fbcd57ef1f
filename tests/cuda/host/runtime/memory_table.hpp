// SPDX-License-Identifier: MIT
#pragma once
// Device and pinned memory. What the device has cannot be touched by the host, only while work of a stream
// runs. Freed memory is NaN and never comes back; the address sanitizer knows it, and the gaps between
// blocks.

#include "lstmlib/version.hpp"

#include "device.hpp"

#include "../model/fibers.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

#include <sys/mman.h>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

class MemoryTable {
 public:
  struct Block {
    std::size_t bytes = 0;
    cudaMemoryType type = cudaMemoryTypeDevice;
    bool registered = false;  ///< the host's own memory
  };

  /// NaN bytes, aligned to 256; null where there is not enough.
  void* allocate(std::size_t bytes, cudaMemoryType type) {
    Device& described = device();
    if (described.allocations_left == 0) return nullptr;
    const bool on_device = type == cudaMemoryTypeDevice;
    if (on_device && bytes > described.memory_bytes - (std::min)(used_, described.memory_bytes))
      return nullptr;
    if (described.allocations_left > 0) --described.allocations_left;
    char* data = nullptr;
    if (on_device) {
      const DeviceRange range(*this);
      data = take(bytes);
      if (!data) return nullptr;
      std::memset(data, 0xff, room_of(bytes));
      poison(data + bytes, room_of(bytes) - bytes);
      used_ += bytes;
    } else {
      data = static_cast<char*>(std::aligned_alloc(alignment, room_of(bytes)));
      if (!data) return nullptr;
      std::memset(data, 0xff, bytes);
    }
    blocks_[data] = {bytes, type, false};
    return data;
  }
  /// Throws std::logic_error if somebody wrote into the gap behind the block.
  void release(void* pointer, cudaMemoryType type) {
    char* data = static_cast<char*>(pointer);
    const auto found = blocks_.find(data);
    if (found == blocks_.end() || found->second.type != type || found->second.registered)
      throw std::logic_error("frees what is not allocated, or allocated otherwise");
    const std::size_t bytes = found->second.bytes, room = room_of(bytes);
    blocks_.erase(found);
    if (type != cudaMemoryTypeDevice) return std::free(data);
    used_ -= bytes;
    const DeviceRange range(*this);
    unpoison(data + bytes, room - bytes);
    const bool intact = std::all_of(data + bytes, data + room, [](char byte) { return byte == '\xff'; });
    std::memset(data, 0xff, room);
    poison(data, room);
    freed_.push_back({data, room});
    freed_bytes_ += room;
    for (; freed_bytes_ > max_freed; freed_.pop_front()) give_back(freed_.front());
    if (!intact)
      throw std::logic_error("something was written behind a block of " + std::to_string(bytes) + " bytes");
  }
  void add_registered(void* data, std::size_t bytes) {
    blocks_[static_cast<char*>(data)] = {bytes, cudaMemoryTypeHost, true};
  }
  bool remove_registered(void* data) {
    const auto found = blocks_.find(static_cast<char*>(data));
    if (found == blocks_.end() || !found->second.registered) return false;
    blocks_.erase(found);
    return true;
  }

  /// The block in which [data, data + bytes) lies; null if in none.
  const Block* find(const void* data, std::size_t bytes) const {
    auto* address = static_cast<char*>(const_cast<void*>(data));
    const auto next = blocks_.upper_bound(address);
    if (next == blocks_.begin()) return nullptr;
    const auto& [begin, block] = *std::prev(next);
    const auto offset = static_cast<std::size_t>(address - begin);
    return offset < block.bytes && bytes <= block.bytes - offset ? &block : nullptr;
  }
  cudaMemoryType type_of(const void* data) const {
    const Block* block = find(data, 0);
    return block ? block->type : cudaMemoryTypeUnregistered;
  }
  std::size_t used() const { return used_; }

  void show() {
    if (visible_++ > 0 || !hidden_) return;
    protect(PROT_READ | PROT_WRITE);
    hidden_ = false;
  }
  /// Hides all memory, unless the last time is so recent that it would take longer than the work between.
  void hide() {
    if (--visible_ == 0 && ++shown_ * pages_for_once >= (used_ + freed_bytes_) / page) hide_now();
  }
  void hide_now() {
    protect(PROT_NONE);
    hidden_ = true;
    shown_ = 0;
  }

 private:
  static constexpr std::size_t page = 4096, alignment = 256, max_freed = std::size_t{1} << 20;
  static constexpr std::size_t pages_for_once = 256;

  /// Device memory can be touched while one lives.
  class DeviceRange {
   public:
    explicit DeviceRange(MemoryTable& table) : table_(table) { table_.show(); }
    ~DeviceRange() { table_.hide(); }
    DeviceRange(const DeviceRange&) = delete;
    DeviceRange& operator=(const DeviceRange&) = delete;

   private:
    MemoryTable& table_;
  };

  /// With a gap.
  static std::size_t room_of(std::size_t bytes) { return (bytes / alignment + 2) * alignment; }
  static void poison([[maybe_unused]] char* data, [[maybe_unused]] std::size_t bytes) {
#ifdef LSTMLIB_MODEL_ASAN
    __asan_poison_memory_region(data, bytes);
#endif
  }
  static void unpoison([[maybe_unused]] char* data, [[maybe_unused]] std::size_t bytes) {
#ifdef LSTMLIB_MODEL_ASAN
    __asan_unpoison_memory_region(data, bytes);
#endif
  }

  /// One range of addresses for all blocks, so that one call hides them; it is never used up twice.
  char* take(std::size_t bytes) {
    for (; !begin_ && reserved_ >= std::size_t{1} << 30; reserved_ /= 2) {
      void* mapped = mmap(nullptr, reserved_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (mapped == MAP_FAILED) continue;
      begin_ = static_cast<char*>(mapped);
      break;
    }
    const std::size_t room = room_of(bytes);
    if (!begin_ || room > reserved_ - taken_) return nullptr;
    char* data = begin_ + taken_;
    const std::size_t pages_before = pages(taken_);
    taken_ += room;
    if (pages(taken_) > pages_before)  // the others can be touched now
      mprotect(begin_ + pages_before, pages(taken_) - pages_before, PROT_READ | PROT_WRITE);
    return data;
  }
  static std::size_t pages(std::size_t bytes) { return (bytes + page - 1) / page * page; }
  void protect(int how) const {
    if (taken_ > 0) mprotect(begin_, pages(taken_), how);
  }
  struct Freed {
    char* data;
    std::size_t bytes;
  };
  /// Its whole pages to the system.
  void give_back(const Freed& freed) {
    const std::size_t offset = pages(static_cast<std::size_t>(freed.data - begin_));
    const std::size_t end = static_cast<std::size_t>(freed.data - begin_) + freed.bytes;
    if (end / page * page > offset) madvise(begin_ + offset, end / page * page - offset, MADV_DONTNEED);
    freed_bytes_ -= freed.bytes;
  }

  std::map<char*, Block> blocks_;
  std::size_t used_ = 0;
  int visible_ = 0;
  bool hidden_ = false;
  std::size_t shown_ = 0;  ///< times since it was hidden
  char* begin_ = nullptr;
  std::size_t reserved_ = std::size_t{256} << 30, taken_ = 0;
  std::deque<Freed> freed_;
  std::size_t freed_bytes_ = 0;
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
