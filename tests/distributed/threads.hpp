// SPDX-License-Identifier: MIT
#pragma once
// Processes that train together, as threads of one process: what is above a communicator can be tested in
// any build.

#include "lstmlib/base/bfloat16.hpp"
#include "lstmlib/distributed/communicator.hpp"

#include <condition_variable>
#include <cstring>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace lstmlib::test {

/// What the threads share. Where one fails, the others do, too, instead of waiting for it.
class ThreadGroup {
 public:
  explicit ThreadGroup(int size) : parts(static_cast<std::size_t>(size)) {}

  void arrive_and_wait() {
    std::unique_lock lock(mutex_);
    const auto round = round_;
    if (++arrived_ == parts.size()) {
      arrived_ = 0;
      ++round_;
      changed_.notify_all();
    }
    changed_.wait(lock, [&] { return failed_ || round_ != round; });
    if (failed_) fail<Error>("another process is gone");
  }
  void leave() {
    const std::lock_guard lock(mutex_);
    failed_ = true;
    changed_.notify_all();
  }

  std::vector<const void*> parts;  ///< what each has laid out

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t arrived_ = 0, round_ = 0;
  bool failed_ = false;
};

class ThreadCommunicator final : public distributed::Communicator {
 public:
  ThreadCommunicator(ThreadGroup& group, int rank) : group_(&group), rank_(rank) {}

  int rank() const override { return rank_; }
  int size() const override { return static_cast<int>(group_->parts.size()); }
  int local_rank() const override { return rank_; }
  int local_size() const override { return size(); }
  std::string host() const override { return "host" + std::to_string(rank_ / 2); }

  void barrier() override { group_->arrive_and_wait(); }
  void broadcast(std::span<std::byte> bytes, int root) override {
    exchange(bytes.data(), [&](const auto& parts) {
      const void* from = parts[static_cast<std::size_t>(root)];
      if (!bytes.empty() && from != bytes.data()) std::memcpy(bytes.data(), from, bytes.size());
    });
  }
  std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override {
    std::vector<std::vector<std::byte>> all;
    exchange(&mine, [&](const auto& parts) {
      for (const void* part : parts) {
        const auto& bytes = *static_cast<const std::span<const std::byte>*>(part);
        all.emplace_back(bytes.begin(), bytes.end());
      }
    });
    return all;
  }
  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<float> values,
                                                      distributed::GradientCompression compression) override {
    ++sums;
    return defer([this, values, compression]() mutable {
      const bool rounded = compression == distributed::GradientCompression::bf16;
      if (rounded) round(values.mutable_values());
      add_up<float>(values.mutable_values());
      if (rounded) round(values.mutable_values());
    });
  }
  std::unique_ptr<distributed::Work> all_reduce_async(Tensor<double> values) override {
    ++sums;
    return defer([this, values]() mutable { add_up<double>(values.mutable_values()); });
  }
  std::unique_ptr<distributed::Work> all_gather_async(Device, const void* mine, void* all,
                                                      std::span<const std::size_t> bytes) override {
    std::vector<std::size_t> sizes(bytes.begin(), bytes.end());
    return defer([this, mine, all, sizes] {
      exchange(mine, [&](const auto& parts) {
        auto* to = static_cast<std::byte*>(all);
        for (std::size_t r = 0; r < parts.size(); to += sizes[r++])
          if (sizes[r] > 0) std::memcpy(to, parts[r], sizes[r]);
      });
    });
  }

  int sums = 0;  ///< that were started

 private:
  /// Done when it is waited for: all threads wait in the same order.
  std::unique_ptr<distributed::Work> defer(std::function<void()> work) {
    struct Later final : distributed::Work {
      explicit Later(std::function<void()> w) : work(std::move(w)) {}
      void wait() override { work(); }
      std::function<void()> work;
    };
    return std::make_unique<Later>(std::move(work));
  }
  /// `read` sees what all have laid out, which stays until all have read.
  template <class Read>
  void exchange(const void* mine, Read read) {
    group_->parts[static_cast<std::size_t>(rank_)] = mine;
    barrier();
    read(group_->parts);
    barrier();
  }
  template <class T>
  void add_up(std::span<T> values) {
    std::vector<T> sum(values.size());
    exchange(values.data(), [&](const auto& parts) {
      for (const void* part : parts)
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<const T*>(part)[i];
    });
    std::copy(sum.begin(), sum.end(), values.begin());
  }
  static void round(std::span<float> values) {
    for (float& value : values) value = from_bfloat16(to_bfloat16(value));
  }

  ThreadGroup* group_;
  int rank_;
};

/// Calls `work(communicator)` in so many threads; throws what one of them threw first.
template <class Work>
void in_threads(int size, Work work) {
  ThreadGroup group(size);
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> threads;
  for (int rank = 0; rank < size; ++rank)
    threads.emplace_back([&, rank] {
      try {
        ThreadCommunicator communicator(group, rank);
        work(communicator);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        group.leave();
      }
    });
  for (auto& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace lstmlib::test
