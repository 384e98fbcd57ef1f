// SPDX-License-Identifier: MIT
#pragma once
// Where the time of a process goes that trains with others: what it spends in calls of its communicator.

#include <lstmlib/distributed/communicator.hpp>

#include <chrono>
#include <utility>

namespace side {

/// Calls `work()` and adds the seconds that it took.
template <class Work>
auto timed(double& seconds, Work work) {
  struct Stop {
    ~Stop() { seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }
    double& seconds;
    std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  } const stop{seconds};
  return work();
}

/// Passes everything on.
class TimedCommunicator final : public lstmlib::distributed::Communicator {
 public:
  /// Seconds of the caller since they were last taken.
  struct Seconds {
    double gather = 0;  ///< of small things: for one another, and on the way
    double start = 0;   ///< beginning sums and gathers
    double wait = 0;    ///< for them
  };

  explicit TimedCommunicator(Communicator& inner) : inner_(&inner) {}
  Seconds take() { return std::exchange(seconds_, {}); }

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  int local_rank() const override { return inner_->local_rank(); }
  int local_size() const override { return inner_->local_size(); }
  std::string host() const override { return inner_->host(); }
  bool runs_on(lstmlib::Device device) const override { return inner_->runs_on(device); }
  void barrier() override { inner_->barrier(); }
  void broadcast(std::span<std::byte> bytes, int root) override { inner_->broadcast(bytes, root); }
  std::vector<std::vector<std::byte>> all_gather(std::span<const std::byte> mine) override {
    return timed(seconds_.gather, [&] { return inner_->all_gather(mine); });
  }
  std::unique_ptr<lstmlib::distributed::Work> all_reduce_async(
      lstmlib::Tensor<float> values, lstmlib::distributed::GradientCompression compression) override {
    return started([&] { return inner_->all_reduce_async(std::move(values), compression); });
  }
  std::unique_ptr<lstmlib::distributed::Work> all_reduce_async(lstmlib::Tensor<double> values) override {
    return started([&] { return inner_->all_reduce_async(std::move(values)); });
  }
  std::unique_ptr<lstmlib::distributed::Work> all_gather_async(lstmlib::Device device, const void* mine,
                                                               void* all,
                                                               std::span<const std::size_t> bytes) override {
    return started([&] { return inner_->all_gather_async(device, mine, all, bytes); });
  }

 private:
  struct TimedWork final : lstmlib::distributed::Work {
    TimedWork(TimedCommunicator& o, std::unique_ptr<Work> i) : owner(&o), inner(std::move(i)) {}
    void wait() override {
      timed(owner->seconds_.wait, [&] { inner->wait(); });
    }
    TimedCommunicator* owner;
    std::unique_ptr<Work> inner;
  };

  template <class Work>
  std::unique_ptr<lstmlib::distributed::Work> started(Work work) {
    return std::make_unique<TimedWork>(*this, timed(seconds_.start, work));
  }

  Communicator* inner_;
  Seconds seconds_;
};

}  // namespace side
