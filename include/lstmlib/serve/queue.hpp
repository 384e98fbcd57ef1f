// SPDX-License-Identifier: MIT
#pragma once
// The micro-batching queue: joins rows of requests that wait at the same time, and cuts long requests into
// parts, so that a short one never waits for more than a part of a long one.

#include "lstmlib/serve/batch.hpp"
#include "lstmlib/serve/options.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// Threads that work off jobs. How a batch is made: the requests that wait, oldest first, up to a number and
/// a cost, each with a fair share of rows; what is left of a request goes to the end of the queue. Under
/// load, that is when the batch before joined several requests, a thread waits up to `QueueOptions::wait` for
/// as many; when idle nothing waits.
class Queue {
 public:
  using Jobs = std::vector<std::shared_ptr<Job>>;
  using Done = std::function<void(Jobs)>;  ///< called by the queue's threads

  /// `observe` is called by the queue's threads and by the callers of `submit`.
  Queue(const QueueOptions& options, Done done, Observe observe = {})
      : options_(options), done_(std::move(done)), observe_(std::move(observe)) {
    const unsigned count =
        options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    batches_ = options.batches ? options.batches : count;
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  /// Works off what waits.
  ~Queue() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    filled_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  /// Whether the caller should look for more requests before it submits `jobs`: the last batch joined more,
  /// nothing is computed meanwhile, and the first of them did not wait for long.
  bool wants_more(const Jobs& jobs) const {
    const std::lock_guard lock(mutex_);
    return busy_ == 0 && waiting_.empty() && jobs.size() < expected_ &&
           Job::Clock::now() < jobs[0]->arrival + options_.wait;
  }

  /// Takes jobs, in order. Returns those that have their answer already: where the queue is full (503), or
  /// where a few small ones met an idle queue and were computed at once by the caller.
  Jobs submit(Jobs jobs) {
    Jobs answered;
    if (compute_here(jobs)) return jobs;
    {
      const std::lock_guard lock(mutex_);
      for (auto& job : jobs) {
        if (waiting_.size() >= options_.requests) {
          job->response = error_response(HttpError(503, "too many requests are waiting, please try again"));
          answered.push_back(std::move(job));
        } else {
          begun_ += job->was_read_ ? 1 : 0;
          waiting_.push_back(std::move(job));
        }
      }
      if (filling_ && waiting_.size() >= expected_) filled_.notify_one();
    }
    wake_.notify_one();
    return answered;
  }

  /// Drops what waits; no answers come for it.
  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    waiting_.clear();
    begun_ = 0;
  }

  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  /// Nothing waits, nothing is computed.
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && busy_ == 0;
  }
  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  static constexpr std::size_t small_body = 16 << 10;  // bytes, read beside others
  static constexpr std::size_t long_answer =
      1024;  // rows, written after the answers of others were given out

  void work() {
    Lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return (stopping_ && waiting_.empty()) || may_take(); });
      if (waiting_.empty()) {
        wake_.notify_all();  // the others end, too
        return;
      }
      fill(lock);
      if (!may_take()) continue;
      ++busy_;
      run(take(), lock);
    }
  }

  bool may_take() const {
    return !waiting_.empty() && !filling_ && busy_ < batches_ && (busy_ == 0 || worth_another());
  }
  /// Another batch beside those that are computed: few requests are better joined in the next one, which then
  /// has all threads of the model.
  bool worth_another() const { return begun_ > 0 || waiting_.size() >= options_.another_batch; }
  void put_back(std::shared_ptr<Job> job) {
    if (abandoned_) return;
    waiting_.push_back(std::move(job));
    ++begun_;
  }
  /// Another thread may take a batch now.
  void give_turn() {
    --busy_;
    if (!waiting_.empty()) wake_.notify_one();
  }

  /// Waits for as many requests as the last batch had.
  void fill(Lock& lock) {
    if (waiting_.size() >= expected_ || stopping_) return;
    filling_ = true;
    filled_.wait_until(lock, waiting_.front()->arrival + options_.wait,
                       [&] { return waiting_.size() >= expected_ || stopping_; });
    filling_ = false;
  }

  /// The requests of the next batch: those of the first one's group. A long body that was not read yet goes
  /// alone.
  Batch take() {
    Batch batch;
    auto& taken = batch.slices;
    const auto now = Job::Clock::now();
    for (auto at = waiting_.begin(); at != waiting_.end() && taken.size() < options_.batch_requests;) {
      if (!taken.empty() && ((*at)->group() != taken[0].job->group() || is_long(**at))) {
        ++at;
        continue;
      }
      Job& job = **at;
      if (job.was_read_) --begun_;
      if (now > job.deadline && !job.ended_ && !job.failed_)
        job.fail(HttpError(503, "the request took too long"));
      taken.push_back({std::move(*at)});
      at = waiting_.erase(at);
      if (is_long(*taken.back().job)) break;
    }
    expected_ = taken.size();
    if (may_take()) wake_.notify_one();
    return batch;
  }

  static bool is_long(const Job& job) { return !job.was_read_ && job.request.body.size() > small_body; }

  /// Reads, computes and answers, without the lock in the meantime.
  void run(Batch batch, Lock& lock) {
    auto& slices = batch.slices;
    if (is_long(*slices[0].job)) return read_long(slices[0].job, lock);
    lock.unlock();
    for (auto& slice : slices) slice.job->read_once();
    lock.lock();
    batch.share_out(options_.batch_cost);
    for (auto& slice : slices) {  // what is left can be taken by other threads now
      slice.job->running_ += slice.count;
      if (slice.job->next_ < slice.job->rows_) put_back(slice.job);
    }
    batch.beside_others = busy_ > 1 || (batches_ > 1 && worth_another());
    if (may_take()) wake_.notify_one();
    lock.unlock();
    const std::optional<HttpError> error = batch.compute(observe_);
    lock.lock();
    Jobs ended;
    for (auto& [job, first, count] : slices) {
      job->running_ -= count;
      if (error && count > 0 && !job->failed_) job->fail(*error);
      // A failed job may still stand in the queue, where nothing more is taken from it.
      if (job->next_ == job->rows_ && job->running_ == 0 && !std::exchange(job->ended_, true))
        ended.push_back(std::move(job));
    }
    give_turn();
    lock.unlock();
    give_out(std::move(ended));
    lock.lock();
  }

  /// Reads a long body while others compute, and puts the request back.
  void read_long(const std::shared_ptr<Job>& job, Lock& lock) {
    give_turn();
    lock.unlock();
    job->read_once();
    if (job->failed_) give_out({job});
    lock.lock();
    if (job->failed_) job->ended_ = true;
    else put_back(job);
    if (may_take()) wake_.notify_one();
  }

  /// Writes the answers, the short ones first.
  void give_out(Jobs ended) const {
    std::stable_sort(ended.begin(), ended.end(),
                     [](const auto& a, const auto& b) { return a->rows_ < b->rows_; });
    Jobs ready;
    for (auto& job : ended) {
      if (job->rows_ > long_answer && !ready.empty()) done_(std::exchange(ready, {}));
      job->write_once();
      ready.push_back(std::move(job));
    }
    if (!ready.empty()) done_(std::move(ready));
  }

  /// Computes jobs that are small together in the caller's thread if nothing else goes on: no thread has to
  /// wake up for them. Reads few bytes before it knows.
  bool compute_here(const Jobs& jobs) {
    std::size_t bytes = 0;
    for (const auto& job : jobs) bytes += job->request.body.size();
    if (options_.loop_cost == 0 || jobs.size() > options_.batch_requests || bytes > small_body) return false;
    {
      const std::lock_guard lock(mutex_);
      if (busy_ > 0 || !waiting_.empty()) return false;
      ++busy_;
    }
    Batch batch;
    std::size_t cost = 0;
    bool together = true;
    for (const auto& job : jobs) {
      job->read_once();
      for (std::size_t row = 0; row < job->rows_ && cost <= options_.loop_cost; ++row) cost += job->cost(row);
      if (job->failed_) continue;
      batch.slices.push_back({job, 0, job->rows_});
      together = together && job->group() == batch.slices[0].job->group();
    }
    const bool small = together && cost <= options_.loop_cost;
    if (small) {
      const auto error = batch.compute(observe_);
      for (const auto& job : jobs) {
        job->next_ = job->rows_;
        if (error && !job->failed_) job->fail(*error);
        job->write_once();
      }
    }
    const std::lock_guard lock(mutex_);
    if (small) expected_ = jobs.size();
    give_turn();
    return small;
  }

  const QueueOptions options_;
  const Done done_;
  const Observe observe_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, filled_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::size_t expected_ = 1;            // requests of the last batch
  std::size_t batches_ = 1, busy_ = 0;  // that may be computed at the same time, and that are
  std::size_t begun_ = 0;               // of those that wait, were read before
  bool filling_ = false;                // a thread waits for more
  bool stopping_ = false, abandoned_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lstmlib::serve
