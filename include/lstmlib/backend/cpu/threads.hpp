// SPDX-License-Identifier: MIT
#pragma once
// The threads of the CPU's kernels: one pool a program. A kernel cuts its work into tasks that own their
// results wholly, so results depend neither on the number of threads nor on who ran what. Who waits spins for
// some microseconds, as most waits are shorter, then sleeps. Several threads of the caller may call kernels
// at once: one gets the pool, the others work alone.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>
#if defined(__linux__)
#include <sched.h>
#endif

namespace lstmlib::cpu {

namespace detail {
using Ticket = std::atomic<std::uint32_t>;

inline void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// True if `ticket` becomes another than `seen` within the time; looks at the clock now and then only.
inline bool spin_while(const Ticket& ticket, std::uint32_t seen, std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  do {
    for (int i = 0; i < 32; ++i) {
      if (ticket.load(std::memory_order_acquire) != seen) return true;
      relax();
    }
  } while (std::chrono::steady_clock::now() < end);
  return false;
}

/// Returns once `ticket` is another than `seen`.
inline void wait_while(const Ticket& ticket, std::uint32_t seen, std::chrono::microseconds time) {
  if (!spin_while(ticket, seen, time)) ticket.wait(seen, std::memory_order_acquire);
}
}  // namespace detail

/// Where the members of a team meet.
class Barrier {
 public:
  explicit Barrier(int members) : members_(static_cast<std::uint32_t>(members)) {}

  void wait() {
    if (members_ == 1) return;
    const auto round = round_.load(std::memory_order_relaxed);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == members_) {
      arrived_.store(0, std::memory_order_relaxed);
      round_.store(round + 1, std::memory_order_release);
      round_.notify_all();
      return;
    }
    // Where others use the cores, whom we wait for may not be running: then spinning takes their time, so
    // spin less.
    int patience = patience_.load(std::memory_order_relaxed);
    if (detail::spin_while(round_, round, std::chrono::microseconds(patience))) {
      patience = std::min(patience + 1, most_patience);
    } else {
      patience = std::max(patience / 2, 1);
      round_.wait(round, std::memory_order_acquire);
    }
    patience_.store(patience, std::memory_order_relaxed);
  }

 private:
  static constexpr int most_patience = 50;  // microseconds
  std::uint32_t members_;
  alignas(64) detail::Ticket arrived_{0};
  alignas(64) detail::Ticket round_{0};
  alignas(64) std::atomic<int> patience_{most_patience};
};

/// One of the threads that run a team's function at the same time.
struct Member {
  int number, count;
  Barrier& barrier;
};

class ThreadPool {
 public:
  static ThreadPool& instance() {
    static auto& pool = *new ThreadPool;  // never destroyed: static objects may compute until the very end
    return pool;
  }

  int threads() const { return threads_.load(std::memory_order_relaxed); }
  void set_threads(int count) {
    if (count < 1) fail<Error>("set_threads: ", count, ", at least 1 expected");
    if (inside()) fail<Error>("set_threads: called from within a kernel");
    const std::lock_guard lock(busy_);
    stop();
    threads_.store(count, std::memory_order_relaxed);
  }

  /// Runs `function(member)` on up to `members` threads, the caller among them, at the same time; on the
  /// caller alone if another thread has the pool. The function must not throw.
  template <class F>
  void run_team(int members, F&& function) {
    members = std::min(members, threads());
    std::unique_lock lock(busy_, std::defer_lock);
    if (members > 1 && !inside() && lock.try_lock()) members = std::min(members, start());
    else members = 1;
    Barrier barrier(members);
    if (members == 1) return void(function(Member{0, 1, barrier}));
    auto one = [&](int number) noexcept {
      Inside mark;
      function(Member{number, members, barrier});
    };
    run_ = [](void* context, int number) { (*static_cast<decltype(one)*>(context))(number); };
    context_ = &one;
    remaining_.store(static_cast<std::uint32_t>(members - 1), std::memory_order_relaxed);
    for (int i = 1; i < members; ++i) workers_[static_cast<std::size_t>(i - 1)]->call();
    one(0);
    for (;;) {
      const auto left = remaining_.load(std::memory_order_acquire);
      if (left == 0) return;
      detail::wait_while(remaining_, left, patience);
    }
  }

  /// Calls `task(i)` for i from 0 to tasks - 1, on any thread and in any order. The first exception of a task
  /// is thrown again here; the tasks that had not begun then are left out.
  template <class F>
  void run_tasks(Index tasks, F&& task) {
    if (tasks <= 1 || threads() == 1 || inside()) {
      for (Index i = 0; i < tasks; ++i) task(i);
      return;
    }
    std::atomic<Index> next{0};
    std::exception_ptr error;
    std::mutex error_mutex;
    run_team(static_cast<int>(std::min<Index>(tasks, threads())), [&](const Member&) {
      try {
        for (Index i; (i = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) task(i);
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
        next.store(tasks, std::memory_order_relaxed);
      }
    });
    if (error) std::rethrow_exception(error);
  }

 private:
  static constexpr std::chrono::microseconds patience{50};

  /// True on threads that run a part of a kernel: what they call runs on them alone.
  static bool& inside() {
    thread_local bool value = false;
    return value;
  }
  struct Inside {
    Inside() { inside() = true; }
    ~Inside() { inside() = false; }
  };

  struct Worker {
    Worker(ThreadPool& pool, int number) : thread([this, &pool, number] { work(pool, number); }) {}
    void call() {
      calls.fetch_add(1, std::memory_order_release);
      calls.notify_one();
    }
    void work(ThreadPool& pool, int number) {
      for (std::uint32_t seen = 0;; ++seen) {
        detail::wait_while(calls, seen, patience);
        if (!pool.run_) return;
        pool.run_(pool.context_, number);
        if (pool.remaining_.fetch_sub(1, std::memory_order_acq_rel) == 1) pool.remaining_.notify_one();
      }
    }
    alignas(64) detail::Ticket calls{0};
    std::thread thread;  // last: it uses the others
  };

  ThreadPool() : threads_(available()) {}

  /// The cores that this process may use.
  static int available() {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  /// Workers start at the first call. Returns how many threads there are: fewer than wanted if the system
  /// gives no more.
  int start() {
    try {
      while (static_cast<int>(workers_.size()) + 1 < threads()) {
        workers_.reserve(static_cast<std::size_t>(threads()));
        workers_.push_back(std::make_unique<Worker>(*this, static_cast<int>(workers_.size()) + 1));
      }
    } catch (const std::system_error&) {
      threads_.store(static_cast<int>(workers_.size()) + 1, std::memory_order_relaxed);
    }
    return static_cast<int>(workers_.size()) + 1;
  }
  void stop() {
    run_ = nullptr;
    for (auto& worker : workers_) worker->call();
    for (auto& worker : workers_) worker->thread.join();
    workers_.clear();
  }

  std::mutex busy_;
  std::atomic<int> threads_;
  std::vector<std::unique_ptr<Worker>> workers_;
  void (*run_)(void*, int) = nullptr;
  void* context_ = nullptr;
  alignas(64) detail::Ticket remaining_{0};
};

/// How many threads kernels use: as many as cores that the process may use, unless set.
inline int threads() { return ThreadPool::instance().threads(); }
/// Throws Error for less than 1. Waits for kernels that run.
inline void set_threads(int count) { ThreadPool::instance().set_threads(count); }

/// Work on fewer elements than this is done before another thread has woken up.
inline constexpr Index worth_waking = 16 * 1024;

/// See ThreadPool::run_tasks. `elements`, where given: of all tasks; few of them are left to the caller's
/// thread.
template <class F>
void parallel_for(Index tasks, F&& task, Index elements = worth_waking) {
  if (elements >= worth_waking) return ThreadPool::instance().run_tasks(tasks, task);
  for (Index i = 0; i < tasks; ++i) task(i);
}

/// Calls `range(first, last)` for pieces of 0 to count - 1, each of about `worth_waking` elements of which an
/// item has `item`: the same pieces whatever the number of threads.
template <class F>
void parallel_ranges(Index count, Index item, F&& range) {
  const Index piece = std::max<Index>(1, worth_waking / std::max<Index>(item, 1));
  parallel_for((count + piece - 1) / piece,
               [&](Index i) { range(i * piece, std::min(count, (i + 1) * piece)); });
}

}  // namespace lstmlib::cpu
