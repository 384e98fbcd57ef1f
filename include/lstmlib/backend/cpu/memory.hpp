// SPDX-License-Identifier: MIT
#pragma once
// Memory of the CPU: blocks aligned to 64 bytes, which are cached for reuse. So a training loop stops asking
// the system for memory: clearing new pages takes longer than a layer needs to fill them. Large blocks use
// huge pages if the system has them.

#include "lstmlib/version.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <mutex>
#include <new>
#include <vector>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace lstmlib::inline LSTMLIB_ABI::cpu {

/// Memory from the system, aligned to a cache line. Large blocks are aligned to huge pages, which are
/// requested from the system. With pages of 4 KB, 16 MB of weights would exceed what the TLB of a core can
/// hold.
struct SystemMemory {
  static void* take(std::size_t bytes) {
    void* data = ::operator new(bytes, alignment(bytes));
#if defined(__linux__)
    if (bytes >= large) ::madvise(data, bytes, MADV_HUGEPAGE);  // only a hint: nothing depends on it
#endif
    return data;
  }
  /// `bytes`: as passed to take.
  static void give_back(void* data, std::size_t bytes) noexcept { ::operator delete(data, alignment(bytes)); }

  static constexpr std::size_t large = std::size_t{1} << 21;

 private:
  static constexpr std::align_val_t alignment(std::size_t bytes) {
    return std::align_val_t{bytes >= large ? large : std::size_t{64}};
  }
};

/// Keeps released blocks for reuse, up to the peak number of bytes in use or `min_cached_bytes`, whichever is
/// larger. Beyond that, blocks that were unused for the longest time go back to the system.
class MemoryPool {
 public:
  explicit MemoryPool(std::size_t min_cached_bytes = std::size_t{1} << 30)
      : min_cached_bytes_(min_cached_bytes) {}
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;
  ~MemoryPool() {
    while (oldest_) give_back_oldest();
  }

  void* allocate(std::size_t bytes) {
    std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    newest_of_.try_emplace(size);  // so that release needs no memory
    FreeBlock* block = find(size);
    if (block && block->size > size) larger_.push_back({block, block->size});
    if (block) size = block->size, take_out(block);
    void* data = block ? block : SystemMemory::take(size);
    in_use_ += size;
    max_in_use_ = std::max(max_in_use_, in_use_);
    return data;
  }
  /// `bytes`: as passed to allocate.
  void release(void* data, std::size_t bytes) noexcept {
    std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    const auto larger =
        std::find_if(larger_.begin(), larger_.end(), [&](auto& one) { return one.data == data; });
    if (larger != larger_.end()) {
      size = larger->size;
      larger_.erase(larger);
    }
    in_use_ -= size;
    keep(data, size);
    while (cached_bytes_ > std::max(min_cached_bytes_, max_in_use_)) give_back_oldest();
  }
  /// Bytes of unused blocks.
  std::size_t cached_bytes() const {
    const std::lock_guard lock(mutex_);
    return cached_bytes_;
  }

  /// Held during a fork: the child has only the forking thread, and no other thread could release the lock.
  void lock() { mutex_.lock(); }
  void unlock() noexcept { mutex_.unlock(); }

 private:
  /// Stored in an unused block, which is in two lists: all unused blocks, and those of its size.
  struct FreeBlock {
    std::size_t size;
    FreeBlock *older, *newer, *older_of_size, *newer_of_size;
  };
  struct Larger {
    void* data;
    std::size_t size;
  };

  /// Eight classes per power of two: at most an eighth is wasted, and batches of similar size share blocks.
  static std::size_t size_class(std::size_t bytes) {
    std::size_t step = 64;
    while (step * 16 <= bytes) step *= 2;
    return (bytes / step + 1) * step;
  }
  /// A block of at least this size, or null. Large blocks may be up to twice as large: new pages would cost
  /// more.
  FreeBlock* find(std::size_t size) const {
    for (auto i = newest_of_.find(size); i != newest_of_.end(); ++i) {
      if (i->first > size && (size < SystemMemory::large || i->first > 2 * size)) break;
      if (i->second) return i->second;
    }
    return nullptr;
  }
  void keep(void* data, std::size_t size) noexcept {
    FreeBlock*& newest_of_size = newest_of_.find(size)->second;
    FreeBlock* block = new (data) FreeBlock{size, newest_, nullptr, newest_of_size, nullptr};
    (newest_ ? newest_->newer : oldest_) = block;
    if (newest_of_size) newest_of_size->newer_of_size = block;
    newest_ = newest_of_size = block;
    cached_bytes_ += size;
  }
  void take_out(FreeBlock* block) noexcept {
    (block->newer ? block->newer->older : newest_) = block->older;
    (block->older ? block->older->newer : oldest_) = block->newer;
    (block->newer_of_size ? block->newer_of_size->older_of_size : newest_of_.find(block->size)->second) =
        block->older_of_size;
    if (block->older_of_size) block->older_of_size->newer_of_size = block->newer_of_size;
    cached_bytes_ -= block->size;
  }
  void give_back_oldest() noexcept {
    FreeBlock* block = oldest_;
    take_out(block);
    SystemMemory::give_back(block, block->size);
  }

  const std::size_t min_cached_bytes_;
  mutable std::mutex mutex_;
  std::map<std::size_t, FreeBlock*> newest_of_;  ///< by size, for all sizes that were ever requested
  std::vector<Larger> larger_;                   ///< blocks in use that are larger than requested
  FreeBlock *oldest_ = nullptr, *newest_ = nullptr;
  std::size_t cached_bytes_ = 0, in_use_ = 0, max_in_use_ = 0;
};

}  // namespace lstmlib::cpu
