// SPDX-License-Identifier: MIT
#pragma once
// The CPU's memory: blocks of 64-byte alignment, kept for the next request of their size, so that a training step in
// steady state asks the system for nothing.

#include <cstddef>
#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace lstmlib::cpu {

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
    return ::operator new(size, std::align_val_t{64});
  }
  /// `bytes` as given to allocate.
  void release(void* data, std::size_t bytes) noexcept {
    const std::size_t size = size_class(bytes);
    const std::lock_guard lock(mutex_);
    if (kept_ + size > most_kept) return ::operator delete(data, std::align_val_t{64});
    try {
      free_[size].push_back(data);
      kept_ += size;
    } catch (...) {  // no memory for the list: give the block back
      ::operator delete(data, std::align_val_t{64});
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
