// SPDX-License-Identifier: MIT
#pragma once
// Runs a grid: one cluster after another, one thread at a time, in the order that the schedule says. A thread
// runs until it has to wait; one that never waits costs a call and no fiber of its own.

#include "lstmlib/version.hpp"

#include "options.hpp"
#include "state.hpp"

#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

/// A launch: what each thread calls, and how many there are.
struct Launch {
  std::string kernel;
  std::function<void()> body;
  int blocks_x = 1, blocks_y = 1, threads = 1, cluster = 1;
  std::uint32_t shared_bytes = 0;
};

class Execution;
/// An asynchronous store arrives: see barriers.hpp.
void arrive(Execution& run, const OnWay& store);
/// The running thread has come to its end: see barriers.hpp.
void end_thread(Execution& run);

inline constexpr const char* waits_at_barrier = "a transaction barrier";

class Execution {
 public:
  /// Runs every thread to its end; throws Fault, or what a thread threw.
  void run(const Launch& launch) {
    launch_ = &launch;
    random_ = options().schedule.seed * 0x9E3779B97F4A7C15ull + 0x853C49E6748FEA9Bull;
    caller_ = std::make_unique<Fiber>();
    blocks.resize(static_cast<std::size_t>(launch.cluster));
    const int clusters = launch.blocks_x / launch.cluster * launch.blocks_y;
    for (int i = 0; i < clusters; ++i) {
      cluster_index_x_ = i % (launch.blocks_x / launch.cluster);
      prepare(i);
      run_cluster();
    }
    auto& counted = statistics();
    ++counted.launches;
    counted.blocks += static_cast<std::uint64_t>(clusters) * blocks.size();
    counted.threads +=
        static_cast<std::uint64_t>(clusters) * blocks.size() * static_cast<std::uint64_t>(launch.threads);
    launch_ = nullptr;
  }

  const Launch& launch() const { return *launch_; }
  int cluster_index() const { return cluster_index_x_; }

  /// The running thread waits until somebody wakes it. `why` and `byte` are for the report of a deadlock.
  void wait(const char* why, std::uint32_t byte = 0) {
    current->waits = why;
    current->waits_byte = byte;
    proceed(*current->fiber);
  }
  void wake(Thread& thread) {
    thread.waits = nullptr;
    ready_[late(thread)].push_back(&thread);
  }
  /// For the lanes of a warp, which go on before others: what they touch is still in the cache.
  void wake_next(Thread& thread) {
    thread.waits = nullptr;
    auto& queue = ready_[late(thread)];
    if (options().schedule.order == Schedule::Order::reversed) queue.push_back(&thread);
    else queue.push_front(&thread);
  }
  void send(const OnWay& store) {
    ++store.to->on_way;
    on_way_.push_back(store);
  }

  /// Ends the launch with a report.
  [[noreturn]] void fault(const std::string& what) const {
    std::ostringstream text;
    text << launch_->kernel << ": " << what;
    if (current) {
      const Block& block = *current->block;
      text << " (block " << block.x;
      if (launch_->blocks_y > 1) text << ", " << block.y;
      text << ", thread " << current->index << ", schedule " << options().schedule.name() << ")";
    }
    throw Fault(text.str());
  }

  /// Whether a test leaves out this call of the running thread.
  bool skips(Word word) {
    const Skip& skip = options().skip;
    if (skip.word != word) return false;
    const bool here = skip.block < 0 || skip.block == current->block->rank;
    return current->calls[static_cast<std::size_t>(word)]++ == skip.call && here;
  }

  Thread* current = nullptr;
  std::vector<Block> blocks;  ///< of the running cluster
  int live = 0;               ///< threads of the running cluster
  // The cluster barrier: arrivals of this round, rounds that are over, and what these made known.
  int cluster_arrivals = 0;
  std::uint32_t cluster_rounds = 0;
  Knowledge cluster_gives;
  std::vector<Thread*> cluster_waiting;

 private:
  /// The grid's blocks of cluster `index`, with nothing but poison in shared memory.
  void prepare(int index) {
    const int per_row = launch_->blocks_x / launch_->cluster;
    live = launch_->cluster * launch_->threads;
    for (auto& queue : ready_) queue.clear();
    for (auto& threads : unstarted_) threads.clear();
    on_way_.clear();
    cluster_arrivals = 0;
    cluster_rounds = 0;
    cluster_gives = {};
    cluster_waiting.clear();
    for (int rank = 0; rank < launch_->cluster; ++rank) {
      Block& block = blocks[static_cast<std::size_t>(rank)];
      const auto bytes = launch_->shared_bytes;
      std::unique_ptr<unsigned char[]> shared = std::move(block.shared);
      const bool fits = shared && block.shared_bytes == bytes;
      block.shared = fits ? std::move(shared) : std::unique_ptr<unsigned char[]>(new unsigned char[bytes]);
      block.shared_bytes = bytes;
      std::fill_n(block.shared.get(), bytes,
                  static_cast<unsigned char>(0xff));  // NaN, as float and as double
      if (options().check) block.shadow.assign((bytes + 3) / 4, ShadowWord{});
      block.rank = rank;
      block.x = index % per_row * launch_->cluster + rank;
      block.y = index / per_row;
      block.live = launch_->threads;
      block.come = 0;
      block.waiting.clear();
      block.barriers.clear();
      block.on_way = 0;
      block.stored_to_remotely = false;
      block.threads.assign(static_cast<std::size_t>(launch_->threads), Thread{});
      block.warps.resize(static_cast<std::size_t>((launch_->threads + warp_size - 1) / warp_size));
      for (auto& warp : block.warps) {
        warp.live = warp.come = 0;
        warp.at = Meeting::none;
        warp.lanes.fill(nullptr);
        warp.here.fill(false);
      }
      for (int i = 0; i < launch_->threads; ++i) {
        Thread& thread = block.threads[static_cast<std::size_t>(i)];
        Warp& warp = block.warps[static_cast<std::size_t>(i / warp_size)];
        thread.index = i;
        thread.block = &block;
        thread.warp = &warp;
        warp.lanes[static_cast<std::size_t>(i % warp_size)] = &thread;
        ++warp.live;
        unstarted_[late(thread)].push_back(&thread);
      }
    }
    // Taken from the back.
    if (options().schedule.order != Schedule::Order::reversed)
      for (auto& threads : unstarted_) std::reverse(threads.begin(), threads.end());
  }

  void run_cluster() {
    failure_ = nullptr;
    current = nullptr;
    proceed(*caller_);
    current = nullptr;
    if (!failure_) return;
    for (auto& fiber : fibers_) fiber->restart();
    free_.clear();
    for (auto& fiber : fibers_) free_.push_back(fiber.get());
    launch_ = nullptr;
    std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  /// 1 for threads of the block that a schedule starves.
  std::size_t late(const Thread& thread) const {
    const Schedule& schedule = options().schedule;
    return schedule.order == Schedule::Order::starve && thread.block->rank == schedule.block ? 1 : 0;
  }
  std::uint32_t draw(std::size_t below) {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 7;
    random_ ^= random_ << 17;
    return static_cast<std::uint32_t>((random_ >> 32) % below);
  }

  /// Leaves `self` for what comes next. Returns when it is its turn again.
  void proceed(Fiber& self) {
    Fiber& next = choose();
    if (&next == &self) return;
    ++statistics().switches;
    self.hand_over(next);
  }
  /// What runs next; stores arrive in between.
  Fiber& choose() {
    using Order = Schedule::Order;
    const Order order = options().schedule.order;
    for (;;) {
      const bool idle = ready_[0].empty() && unstarted_[0].empty();
      if (!on_way_.empty() && (idle || order == Order::fair || order == Order::starve ||
                               (order == Order::random && draw(4) == 0))) {
        deliver(order == Order::random     ? draw(on_way_.size())
                : order == Order::reversed ? on_way_.size() - 1
                                           : 0);
        continue;
      }
      const std::size_t queue = idle ? 1 : 0;
      auto& ready = ready_[queue];
      auto& unstarted = unstarted_[queue];
      if (ready.empty() && unstarted.empty()) {
        if (live > 0) report_deadlock();
        return *caller_;
      }
      if (order == Order::random) {
        const std::size_t chosen = draw(ready.size() + unstarted.size());
        if (chosen < ready.size()) {
          std::swap(ready[chosen], ready.back());
          return resume_back(ready);
        }
        std::swap(unstarted[chosen - ready.size()], unstarted.back());
        return start(unstarted);
      }
      if (!unstarted.empty()) return start(unstarted);
      if (order == Order::reversed) return resume_back(ready);
      current = ready.front();
      ready.pop_front();
      return *current->fiber;
    }
  }
  Fiber& resume_back(std::deque<Thread*>& ready) {
    current = ready.back();
    ready.pop_back();
    return *current->fiber;
  }
  Fiber& start(std::vector<Thread*>& unstarted) {
    if (free_.empty()) {
      fibers_.push_back(std::make_unique<Fiber>(&Execution::enter));
      free_.push_back(fibers_.back().get());
    }
    current = unstarted.back();
    unstarted.pop_back();
    current->fiber = free_.back();
    free_.pop_back();
    return *current->fiber;
  }
  void deliver(std::size_t index) {
    OnWay store = on_way_[index];
    if (index == 0) {
      on_way_.pop_front();
    } else {
      on_way_[index] = on_way_.back();
      on_way_.pop_back();
    }
    --store.to->on_way;
    arrive(*this, store);
  }

  static void enter();
  [[noreturn]] void report_deadlock() const;

  const Launch* launch_ = nullptr;
  int cluster_index_x_ = 0;
  std::uint64_t random_ = 1;
  std::exception_ptr failure_;
  std::unique_ptr<Fiber> caller_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> free_;
  // Threads that can run and those that have not begun; the second of each is what a schedule starves.
  std::deque<Thread*> ready_[2];
  std::vector<Thread*> unstarted_[2];
  std::deque<OnWay> on_way_;
};

/// The one that runs; the host waits while it does.
inline Execution machine;

inline void Execution::enter() {
  Fiber& self = *machine.current->fiber;
  self.arrived();
  for (;;) {
    try {
      machine.launch_->body();
      end_thread(machine);
      machine.current = nullptr;
      machine.free_.push_back(&self);
      machine.proceed(self);
      continue;
    } catch (...) { machine.failure_ = std::current_exception(); }
    self.hand_over(*machine.caller_);  // for good: what is left of the cluster is forgotten
  }
}

/// Who waits where, a line for each block and place.
inline void Execution::report_deadlock() const {
  std::ostringstream text;
  text << "deadlock";
  for (const Block& block : blocks) {
    std::vector<std::pair<std::string, std::pair<int, int>>> places;  // where, how many, the first
    for (const Thread& thread : block.threads) {
      if (thread.ended || !thread.waits) continue;
      std::string place = thread.waits;
      for (const Barrier& barrier : block.barriers)
        if (place == waits_at_barrier && barrier.byte == thread.waits_byte)
          place += " at byte " + std::to_string(barrier.byte) + " in phase " + std::to_string(barrier.phase) +
                   ", which lacks " + std::to_string(barrier.missing) + " arrivals and " +
                   std::to_string(barrier.bytes) + " bytes";
      auto found =
          std::find_if(places.begin(), places.end(), [&](const auto& known) { return known.first == place; });
      if (found == places.end()) found = places.insert(places.end(), {place, {0, thread.index}});
      ++found->second.first;
    }
    for (const auto& [place, who] : places)
      text << "; block " << block.x << ": " << who.first << " threads wait for " << place << ", the first is "
           << who.second;
  }
  fault(text.str());
}

}  // namespace lstmlib::cuda::model
