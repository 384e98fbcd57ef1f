// SPDX-License-Identifier: MIT
#pragma once
// MPI operations that run while the caller computes. MPI makes progress only when it is called, so a thread
// calls it periodically. It sleeps in between to leave the cores to the computation.

#include "lstmlib/distributed/mpi/check.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::mpi::detail {

/// One operation of up to two parts. The second part sends what depends on the result of the first.
class Transfer {
 public:
  using Requests = std::vector<MPI_Request>;
  virtual ~Transfer() = default;
  virtual void start(Requests&) = 0;  ///< appends the requests of the first part
  virtual void go_on(Requests&) {}    ///< the same for the second part, if there is one
  virtual void finish() {}
};

/// The operations under way, in the order in which they started. MPI is called by one thread at a time: hold
/// `mutex()` for all MPI calls of a communicator.
class Transfers {
 public:
  struct Entry {
    explicit Entry(std::unique_ptr<Transfer> t) : transfer(std::move(t)) {}
    std::unique_ptr<Transfer> transfer;
    Transfer::Requests requests;
    bool in_second_part = false, done = false;
  };

  /// `background`: whether a thread makes progress. Otherwise only wait() does.
  explicit Transfers(bool background) : background_(background) {}
  Transfers(const Transfers&) = delete;
  Transfers& operator=(const Transfers&) = delete;
  ~Transfers() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  std::mutex& mutex() { return mutex_; }

  std::shared_ptr<Entry> start(std::unique_ptr<Transfer> transfer) {
    auto entry = std::make_shared<Entry>(std::move(transfer));
    const std::lock_guard lock(mutex_);
    entry->transfer->start(entry->requests);
    open_.push_back(entry);
    if (background_ && !thread_.joinable()) thread_ = std::thread([this] { progress(); });
    wake_.notify_all();
    return entry;
  }
  /// Does not sleep, because the core is the caller's anyway.
  void wait(const Entry& entry) {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (failure_) std::rethrow_exception(failure_);
        advance();
        if (entry.done) return;
      }
      std::this_thread::yield();
    }
  }

 private:
  static constexpr std::chrono::microseconds pause{50};

  /// The second part of an operation starts after those of all earlier operations. So all processes make
  /// collective calls in the same order, whenever each of them notices that a first part has finished.
  void advance() {
    bool may_go_on = true;
    for (const auto& entry : open_) {
      if (over(*entry) && !entry->in_second_part && may_go_on) {
        entry->in_second_part = true;
        entry->requests.clear();
        entry->transfer->go_on(entry->requests);
      }
      may_go_on = may_go_on && entry->in_second_part;
      if (!entry->in_second_part || !over(*entry)) continue;
      entry->transfer->finish();
      entry->done = true;
    }
    std::erase_if(open_, [](const auto& entry) { return entry->done; });
  }
  static bool over(Entry& entry) {
    int all = 0;
    check(MPI_Testall(static_cast<int>(entry.requests.size()), entry.requests.data(), &all,
                      MPI_STATUSES_IGNORE),
          "MPI_Testall");
    return all != 0;
  }
  void progress() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return ending_ || (!open_.empty() && !failure_); });
      if (ending_) return;
      try {
        advance();
      } catch (...) { failure_ = std::current_exception(); }
      lock.unlock();
      std::this_thread::sleep_for(pause);
      lock.lock();
    }
  }

  const bool background_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::shared_ptr<Entry>> open_;
  std::exception_ptr failure_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace lstmlib::mpi::detail
