// SPDX-License-Identifier: MIT
#pragma once
// The CPU's memory: blocks of 64-byte alignment, kept for the next request of their size, so that a training
// step in steady state asks the system for nothing. Large ones stand on large pages where the system has
// them.

#include <cstddef>
#include <map>
#include <mutex>
#include <new>
#include <vector>
#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace lstmlib::cpu {

/// Memory of the system for `bytes`, aligned to a cache line; large blocks to large pages, which the system
/// is asked for: 16 MB of weights are more pages of 4 KB than a core can find quickly.
struct SystemMemory {
  static void* take(std::size_t bytes) {
    void* data = ::operator new(bytes, alignment(bytes));
#if defined(__linux__)
    if (bytes >= large) ::madvise(data, bytes, MADV_HUGEPAGE);  // a wish: nothing depends on it
#endif
    return data;
  }
  /// `bytes` as given to take.
  static void give_back(void* data, std::size_t bytes) noexcept { ::operator delete(data, alignment(bytes)); }

 private:
  static constexpr std::size_t large = std::size_t{1} << 21;
  static constexpr std::align_val_t alignment(std::size_t bytes) {
    return std::align_val_t{bytes >= large ? large : std::size_t{64}};
  }
};

class MemoryPool {
 public:
  void* allocate(std::size_t bytes) {
    const std::size_t size = size_class(bytes);
    {
      const std::lock_guard lock(mutex_);
      auto& free = free_[size];
      if (!free.empty()) {
        void* data = free.back();
        free.pop_back();
        kept_ -= size;
        return data;
      }
    }
    return SystemMemory::take(size);
  }
  /// `bytes` as given to allocate.
  void release(void* data, std::size_t bytes) noexcept {
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    if (kept_ + size > most_kept) return SystemMemory::give_back(data, size);
    try {
      free_[size].push_back(data);
      kept_ += size;
    } catch (...) {  // no memory for the list: give the block back
      SystemMemory::give_back(data, size);
    }
  }

 private:
  static constexpr std::size_t most_kept = std::size_t{1} << 30;
  /// Eight classes an octave: at most an eighth is wasted, and batches of similar size share blocks.
  static std::size_t size_class(std::size_t bytes) {
    std::size_t step = 64;
    while (step * 16 <= bytes) step *= 2;
    return (bytes / step + 1) * step;
  }

  std::mutex mutex_;
  std::map<std::size_t, std::vector<void*>> free_;
  std::size_t kept_ = 0;
};

}  // namespace lstmlib::cpu
