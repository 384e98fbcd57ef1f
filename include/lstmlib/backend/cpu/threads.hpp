// SPDX-License-Identifier: MIT
#pragma once
// The thread pool of the CPU kernels, one per program. Each task owns its part of the result, so results do
// not depend on the number of threads or on which thread ran a task. Several threads may call kernels at
// once: one gets the pool, the others work alone. A team starts without threads whose cores are busy.

#include "lstmlib/backend/cpu/barrier.hpp"
#include "lstmlib/base/error.hpp"
#include "lstmlib/base/fork.hpp"
#include "lstmlib/base/function_ref.hpp"
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
#include <utility>
#include <vector>
#if defined(__linux__)
#include <sched.h>
#endif

namespace lstmlib::inline LSTMLIB_ABI::cpu {

namespace detail {
/// Keeps a plugin mapped while its workers run. The system does not unload a library while a thread still has
/// to destroy one of its thread-local objects.
inline void keep_library_loaded() {
  struct AtEndOfThread {
    ~AtEndOfThread() { asm volatile(""); }  // not empty, else the compiler would drop the object
  };
  thread_local const AtEndOfThread here;
  asm volatile("" : : "r"(&here));
}
}  // namespace detail

/// One of the threads that run a team's function concurrently.
struct TeamMember {
  int number, count;
  Barrier& barrier;
};

class ThreadPool {
 public:
  /// Never destroyed: static objects may compute until the very end. A forked process gets a new pool.
  static ThreadPool& instance() {
    ThreadPool* pool = instance_.load(std::memory_order_acquire);
    return pool ? *pool : first();
  }

  int threads() const { return threads_.load(std::memory_order_relaxed); }
  void set_threads(int count) {
    if (count < 1) fail<Error>("set_threads: ", count, ", at least 1 expected");
    if (inside()) fail<Error>("set_threads: called from within a kernel");
    const std::lock_guard lock(busy_);
    stop();
    threads_.store(count, std::memory_order_relaxed);
  }

  /// Runs `function(member)` concurrently on up to `max_threads` threads, including the caller. Uses fewer
  /// threads if some do not arrive soon because their cores are busy, and only the caller if another thread
  /// has the pool. The function must not throw.
  void parallel_region(int max_threads, FunctionRef<void(const TeamMember&)> function) {
    std::unique_lock lock(busy_, std::defer_lock);
    if (max_threads > 1 && threads() > 1 && !inside() && lock.try_lock()) {
      if (alone_ > 0) --alone_;
      else if (const int called = std::min(max_threads, start()) - 1; called > 0)
        return lead_team(called, function);
    }
    Barrier barrier(1, spin_time_);
    function(TeamMember{0, 1, barrier});
  }

  /// Calls `task(i)` for i from 0 to tasks - 1, on any thread and in any order. Rethrows the first exception
  /// of a task; tasks that had not started by then are skipped.
  void run_tasks(Index tasks, FunctionRef<void(Index)> task) {
    std::unique_lock lock(busy_, std::defer_lock);
    if (tasks <= 1 || threads() == 1 || inside() || !lock.try_lock()) {
      for (Index i = 0; i < tasks; ++i) task(i);
      return;
    }
    std::atomic<Index> next{0};
    std::exception_ptr error;
    std::mutex error_mutex;
    const auto each_left = [&](int) noexcept {
      try {
        for (Index i; (i = next.fetch_add(1, std::memory_order_relaxed)) < tasks;) task(i);
      } catch (...) {
        const std::lock_guard error_lock(error_mutex);
        if (!error) error = std::current_exception();
        next.store(tasks, std::memory_order_relaxed);
      }
    };
    const FunctionRef<void(int)> work = each_left;
    const int called = static_cast<int>(std::min<Index>(tasks, start())) - 1;
    call(called, work, false);
    run_inside(work, 0);
    finish(called);
    lock.unlock();
    if (error) std::rethrow_exception(error);
  }

 private:
  friend class SingleThreadScope;

  /// How long to spin before sleeping. Shorter if cores are busy: see Barrier.
  std::chrono::microseconds spin_time() const {
    return std::chrono::microseconds(spin_time_.load(std::memory_order_relaxed));
  }
  static constexpr std::chrono::microseconds gathering{100};  ///< time for a sleeping thread to arrive
  static constexpr int teams_left_out = 16;

  /// True on threads that run part of a kernel. Kernels called there do not use the pool.
  static bool& inside() {
    thread_local bool value = false;
    return value;
  }
  static void run_inside(FunctionRef<void(int)> function, int number) {
    inside() = true;
    function(number);
    inside() = false;
  }

  /// A thread of the pool. `state` says who acts next. A call can be withdrawn until its thread has started
  /// it.
  struct Worker {
    enum State : std::uint32_t { starting, idle, called, running, stopping };

    explicit Worker(ThreadPool& pool) : thread([this, &pool] { work(pool); }) {}
    void set(State next) {
      state.store(next, std::memory_order_release);
      state.notify_one();
    }
    bool change(State from, State to) {
      std::uint32_t expected = from;
      return state.compare_exchange_strong(expected, to, std::memory_order_acq_rel);
    }
    void work(ThreadPool& pool) {
      detail::keep_library_loaded();
      set(idle);
      for (;;) {
        detail::wait_while(state, idle, pool.spin_time());
        if (state.load(std::memory_order_acquire) == stopping) return;
        if (!change(called, running)) continue;  // withdrawn
        if (pool.as_team_) detail::wait_while(pool.go_, pool.go_before_, pool.spin_time());
        run_inside(*pool.function_, number);
        set(idle);
      }
    }
    alignas(64) detail::Ticket state{starting};
    int number = 0;
    std::thread thread;  // last, because it uses the other members
  };

  explicit ThreadPool(int threads, const ThreadPool* parents = nullptr)
      : threads_(threads), parents_(parents) {}

  static ThreadPool& first() {
    static ThreadPool& pool = [&]() -> ThreadPool& {
      auto& made = *new ThreadPool(available());
      instance_.store(&made, std::memory_order_release);
      lstmlib::detail::at_fork(nullptr, nullptr, &forget_parents_threads);
      return made;
    }();
    return pool;
  }
  /// In a forked process: the workers, and perhaps the holder of the lock, are threads of the parent.
  static void forget_parents_threads() {
    const ThreadPool* parents = instance_.load(std::memory_order_relaxed);
    instance_.store(new ThreadPool(parents->threads(), parents), std::memory_order_release);
  }

  /// Number of cores that this process may use.
  static int available() {
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
    return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  }
  Worker& worker(int i) { return *workers_[static_cast<std::size_t>(i)]; }

  /// Starts the workers at the first call. Returns the number of threads, which is smaller than wanted if the
  /// system refuses more.
  int start() {
    const auto known = workers_.size();
    try {
      workers_.reserve(static_cast<std::size_t>(threads()));
      while (std::ssize(workers_) + 1 < threads()) workers_.push_back(std::make_unique<Worker>(*this));
    } catch (const std::system_error&) {
      threads_.store(static_cast<int>(workers_.size()) + 1, std::memory_order_relaxed);
    }
    for (auto i = known; i < workers_.size(); ++i)  // until they keep the library loaded
      detail::wait_while(workers_[i]->state, Worker::starting, spin_time());
    return static_cast<int>(workers_.size()) + 1;
  }
  void stop() {
    for (auto& each : workers_) each->set(Worker::stopping);
    for (auto& each : workers_) each->thread.join();
    workers_.clear();
  }

  /// Asks the first `count` workers to run `function(number)`, which must live until finish returns.
  void call(int count, const FunctionRef<void(int)>& function, bool as_team) {
    function_ = &function;
    as_team_ = as_team;
    go_before_ = go_.load(std::memory_order_relaxed);
    for (int i = 0; i < count; ++i) worker(i).set(Worker::called);
  }
  /// Withdraws calls that have not started and waits for the others.
  void finish(int count) {
    for (int i = 0; i < count; ++i)
      if (!worker(i).change(Worker::called, Worker::idle))
        while (worker(i).state.load(std::memory_order_acquire) == Worker::running)
          detail::wait_while(worker(i).state, Worker::running, spin_time());
  }

  void lead_team(int called, FunctionRef<void(const TeamMember&)> function) {
    Barrier* barrier = nullptr;
    int members = 1;
    const auto member = [&](int number) noexcept { function(TeamMember{number, members, *barrier}); };
    const FunctionRef<void(int)> one = member;
    call(called, one, true);
    for (int i = 0; i < called; ++i)
      detail::spin_while(worker(i).state, Worker::called, i == 0 ? gathering : std::chrono::microseconds{1});
    for (int i = 0; i < called; ++i)
      if (!worker(i).change(Worker::called, Worker::idle)) worker(i).number = members++;
    Barrier meeting(members, spin_time_);
    barrier = &meeting;
    go_.fetch_add(1, std::memory_order_release);
    go_.notify_all();
    run_inside(one, 0);
    finish(called);
    // If members sleep again and again, their cores are busy, and one thread is faster for a while. A single
    // slow team does not count: the system takes any core away now and then.
    if (!meeting.was_slow()) slow_before_ = false;
    else if (std::exchange(slow_before_, true)) alone_ = teams_left_out;
  }

  std::mutex busy_;  ///< held by the thread that uses the members below
  static inline std::atomic<ThreadPool*> instance_{nullptr};

  std::atomic<int> threads_;
  /// The pool of the parent process. Kept so that leak checkers find what it holds.
  [[maybe_unused]] const ThreadPool* parents_;
  std::vector<std::unique_ptr<Worker>> workers_;
  const FunctionRef<void(int)>* function_ = nullptr;  ///< of the current call
  bool as_team_ = false;
  int alone_ = 0;             ///< number of coming teams that are the caller alone
  bool slow_before_ = false;  ///< whether the previous team waited for its cores
  std::uint32_t go_before_ = 0;
  std::atomic<int> spin_time_{Barrier::max_spin_time};
  alignas(64) detail::Ticket go_{0};
};

/// While it lives, kernels called from this thread run on this thread alone.
class SingleThreadScope {
 public:
  SingleThreadScope() { ThreadPool::inside() = true; }
  SingleThreadScope(const SingleThreadScope&) = delete;
  SingleThreadScope& operator=(const SingleThreadScope&) = delete;
  ~SingleThreadScope() { ThreadPool::inside() = before_; }

 private:
  bool before_ = ThreadPool::inside();
};

/// Number of threads that kernels use. Default: the number of cores that the process may use.
inline int threads() { return ThreadPool::instance().threads(); }
/// Throws Error if `count` is below 1 or the caller is inside a kernel. Waits for running kernels.
inline void set_threads(int count) { ThreadPool::instance().set_threads(count); }

/// With fewer elements, the work is done before another thread has woken up.
inline constexpr Index min_parallel_elements = 16 * 1024;

/// See ThreadPool::run_tasks. `elements`: size of all tasks together. If it is small, the caller runs them
/// alone.
inline void parallel_for(Index tasks, FunctionRef<void(Index)> task, Index elements = min_parallel_elements) {
  if (elements >= min_parallel_elements) return ThreadPool::instance().run_tasks(tasks, task);
  for (Index i = 0; i < tasks; ++i) task(i);
}

/// Calls `range(first, last)` for pieces of 0 to count - 1. Items have `item` elements, and a piece about
/// `min_parallel_elements`. The pieces do not depend on the number of threads.
inline void parallel_ranges(Index count, Index item, FunctionRef<void(Index, Index)> range) {
  const Index piece = std::max<Index>(1, min_parallel_elements / std::max<Index>(item, 1));
  parallel_for((count + piece - 1) / piece,
               [&](Index i) { range(i * piece, std::min(count, (i + 1) * piece)); });
}

}  // namespace lstmlib::cpu
