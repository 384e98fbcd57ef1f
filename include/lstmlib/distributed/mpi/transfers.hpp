// SPDX-License-Identifier: MIT
#pragma once
// MPI work that goes on while the caller computes. MPI moves data when it is called, so a thread calls it
// now and then; it sleeps in between, as the cores belong to whoever computes.

#include "lstmlib/distributed/mpi/check.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::mpi::detail {

/// One operation. What its second part sends depends on what the first one received.
class Transfer {
 public:
  using Requests = std::vector<MPI_Request>;
  virtual ~Transfer() = default;
  virtual void start(Requests&) = 0;  ///< appends what the first part waits for
  virtual void go_on(Requests&) {}    ///< the same for the second part, which may be nothing
  virtual void finish() {}
};

/// The operations under way, in the order of their start. All MPI calls of a communicator are made with
/// `mutex()` held: one thread at a time calls MPI.
class Transfers {
 public:
  struct Entry {
    explicit Entry(std::unique_ptr<Transfer> t) : transfer(std::move(t)) {}
    std::unique_ptr<Transfer> transfer;
    Transfer::Requests requests;
    bool in_second_part = false, done = false;
  };

  /// `background`: whether a thread makes progress; else wait() alone does.
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
  /// The core is the caller's anyway, so this one does not sleep.
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

  /// A second part begins after those of all earlier operations, so that collective calls come in the same
  /// order in every process, whenever each notices that a first part is over.
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
