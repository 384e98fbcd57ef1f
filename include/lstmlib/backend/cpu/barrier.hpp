// SPDX-License-Identifier: MIT
#pragma once
// How threads wait for each other. They spin for some microseconds, since most waits are shorter, then sleep.

#include "lstmlib/version.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

namespace lstmlib::inline LSTMLIB_ABI::cpu {

namespace detail {
using Ticket = std::atomic<std::uint32_t>;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Spins until `ticket` differs from `seen` or the time is up; returns whether it differs. Reads the clock
/// only now and then. After a few microseconds it yields, so that other threads can use the core.
inline bool spin_while(const Ticket& ticket, std::uint32_t seen, std::chrono::microseconds time) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds alone{3};
  const auto start = Clock::now();
  for (auto now = start; now - start < time; now = Clock::now()) {
    for (int i = 0; i < 32; ++i) {
      if (ticket.load(std::memory_order_acquire) != seen) return true;
      relax();
    }
    if (now - start > alone) std::this_thread::yield();
  }
  return false;
}

/// Returns once `ticket` differs from `seen`.
inline void wait_while(const Ticket& ticket, std::uint32_t seen, std::chrono::microseconds time) {
  if (!spin_while(ticket, seen, time)) ticket.wait(seen, std::memory_order_acquire);
}
}  // namespace detail

/// Barrier of the threads of a team.
class Barrier {
 public:
  /// `spin_time`: microseconds to spin, shared by all barriers of a pool.
  Barrier(int members, std::atomic<int>& spin_time)
      : members_(static_cast<std::uint32_t>(members)), spin_time_(spin_time) {}

  void wait() {
    if (members_ == 1) return;
    const auto round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      round_.notify_all();
      return;
    }
    // On a busy machine the thread we wait for may be descheduled. Spinning would then take its time, so spin
    // less.
    const int spin_time = spin_time_.load(std::memory_order_relaxed);
    if (detail::spin_while(round_, round, std::chrono::microseconds(spin_time))) {
      if (spin_time < max_spin_time)
        spin_time_.store(spin_time + 1 + spin_time / 8, std::memory_order_relaxed);
      return;
    }
    spin_time_.store(std::max(spin_time / 2, 1), std::memory_order_relaxed);
    const auto start = Clock::now();
    round_.wait(round, std::memory_order_acquire);
    slept_.fetch_add((Clock::now() - start).count(), std::memory_order_relaxed);
  }
  /// Whether a single thread would have been about as fast. True if the members slept as much as they do when
  /// one of them gets only half a core. Call after the last wait.
  bool was_slow() const {
    const auto time = (Clock::now() - made_).count() * static_cast<Clock::rep>(members_ - 1);
    return slept_.load(std::memory_order_relaxed) > time * 2 / 5;
  }

  /// Longer than the differences between the shares of a step, and than most pauses between two kernels.
  static constexpr int max_spin_time = 250;

 private:
  using Clock = std::chrono::steady_clock;

  std::uint32_t members_;
  std::atomic<int>& spin_time_;
  const Clock::time_point made_ = Clock::now();
  std::atomic<Clock::rep> slept_{0};
  alignas(64) detail::Ticket arrived_{0};
  alignas(64) detail::Ticket round_{0};
};

}  // namespace lstmlib::cpu
