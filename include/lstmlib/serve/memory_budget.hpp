// SPDX-License-Identifier: MIT
#pragma once
// A limit on the bytes that all requests of a server hold together. Bytes are counted before they are
// allocated.

#include "lstmlib/version.hpp"

#include <atomic>
#include <cstddef>
#include <limits>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::size_t limit = (std::numeric_limits<std::size_t>::max)()) : limit_(limit) {}

  /// Counts bytes. If the limit would be exceeded, counts nothing and returns false.
  bool take(std::size_t bytes) {
    for (std::size_t held = held_.load(std::memory_order_relaxed);;) {
      if (held > limit_ || bytes > limit_ - held) return false;
      if (held_.compare_exchange_weak(held, held + bytes, std::memory_order_relaxed)) return true;
    }
  }
  /// Counts bytes that are already allocated, even beyond the limit.
  void add(std::size_t bytes) { held_.fetch_add(bytes, std::memory_order_relaxed); }
  void give_back(std::size_t bytes) { held_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::size_t held() const { return held_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  std::atomic<std::size_t> held_{0};
};

/// Bytes taken by one holder, released by the destructor. Without a budget, all requests are granted.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  explicit MemoryReservation(MemoryBudget& budget) : budget_(&budget) {}
  MemoryReservation(MemoryReservation&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryReservation& operator=(MemoryReservation&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MemoryReservation() { release(); }

  /// If the limit would be exceeded, changes nothing and returns false.
  [[nodiscard]] bool take(std::size_t bytes) {
    if (budget_ && !budget_->take(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  void add(std::size_t bytes) {
    if (budget_) budget_->add(bytes);
    bytes_ += bytes;
  }
  /// At most the number of bytes taken.
  void give_back(std::size_t bytes) {
    if (budget_) budget_->give_back(bytes);
    bytes_ -= bytes;
  }
  void release() { give_back(bytes_); }
  std::size_t bytes() const { return bytes_; }

 private:
  MemoryBudget* budget_ = nullptr;
  std::size_t bytes_ = 0;
};

}  // namespace lstmlib::serve
