// SPDX-License-Identifier: MIT
#pragma once
// The micro-batching queue. Joins rows of requests that wait at the same time. Divides long requests into
// parts, which are computed next to short requests, so that those are hardly delayed.

#include "lstmlib/serve/batch.hpp"
#include "lstmlib/serve/job_list.hpp"
#include "lstmlib/serve/options.hpp"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// A pool of threads that processes jobs.
///
/// A batch consists of the oldest waiting requests, up to a number and a cost; each gets a fair share of
/// rows. What is left of a request goes to the end of the queue. Under load (when the previous batch joined
/// several requests), a thread waits up to `QueueOptions::max_delay` for as many requests again. An idle
/// queue adds no delay.
///
/// Requests that cost more than `QueueOptions::long_cost` are long. They wait separately and are not joined
/// with others. While short requests arrive, the long ones leave one thread and its core free; otherwise they
/// use all.
///
/// Lack of memory loses no job and ends no thread. A failed allocation makes the job fail that needed it;
/// everything else was allocated before.
class Queue {
 public:
  using Jobs = std::vector<std::shared_ptr<Job>>;
  using Done = std::function<void(Jobs)>;  ///< called by the queue's threads

  /// `observe` is called by the queue's threads and by the callers of `submit`.
  Queue(const QueueOptions& options, Done done, Observe observe = {})
      : options_(options), done_(std::move(done)), observe_(std::move(observe)) {
    const unsigned count =
        options.threads ? options.threads : std::max(1u, std::thread::hardware_concurrency());
    batches_ = options.max_concurrent_batches ? options.max_concurrent_batches : count;
    for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
  }
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  /// Processes all waiting jobs first.
  ~Queue() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    filled_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  /// Whether the caller should poll for more requests before it submits `jobs`. True if the last batch was
  /// larger, nothing is being computed, and the first job has not waited for long.
  bool wants_more(const Jobs& jobs) const {
    const std::lock_guard lock(mutex_);
    return busy_ == busy_long_ && waiting_.empty() && jobs.size() < expected_ &&
           Job::Clock::now() < jobs[0]->arrival + options_.max_delay;
  }

  /// Takes jobs in order. Returns those that already have a response. These were refused (503) because the
  /// queue is full, or were small and computed by the caller's thread because the queue was idle.
  Jobs submit(Jobs jobs) noexcept {
    if (compute_here(jobs)) return jobs;
    std::size_t refused = 0;
    {
      const std::lock_guard lock(mutex_);
      for (auto& job : jobs) {
        if (waiting_.size() + long_.size() >= options_.max_waiting_requests) {
          job->fail(503, "too many requests are waiting, please try again");
          std::swap(jobs[refused++], job);
        } else {
          put(std::move(job));
        }
      }
      if (filling_ && waiting_.size() >= expected_) filled_.notify_one();
    }
    wake_.notify_one();
    jobs.resize(refused);
    return jobs;
  }

  /// Drops waiting jobs. They get no response.
  void abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    waiting_.clear();
    long_.clear();
    begun_ = 0;
  }

  std::size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size() + long_.size();
  }
  /// Whether no job waits or is being computed.
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return nothing_waits() && busy_ == 0;
  }
  unsigned threads() const { return static_cast<unsigned>(threads_.size()); }

 private:
  using Lock = std::unique_lock<std::mutex>;

  static constexpr std::size_t small_body = 16 << 10;  // bytes; a longer body is read in a separate step
  static constexpr std::size_t long_answer = 1024;     // rows; such responses are written after the others
  static constexpr int short_batches_in_a_row = 4;     // while a long request waits

  /// A batch and the jobs that it finishes. Allocated before a job is taken.
  struct Room {
    Batch batch;
    Jobs ended;

    void reserve(std::size_t jobs) {
      batch.reserve(jobs);
      ended.reserve(jobs);
    }
  };

  void work() noexcept {
    Room room;
    Lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return (stopping_ && nothing_waits()) || may_take(); });
      if (nothing_waits()) {
        wake_.notify_all();  // so that the other threads end as well
        return;
      }
      try {
        room.reserve(options_.max_batch_requests);
      } catch (const std::bad_alloc&) {
        wake_.wait_for(lock, std::chrono::milliseconds(1));
        continue;
      }
      const bool is_long = takes_long();
      if (!is_long) fill(lock);
      if (is_long ? !may_take_long() : !may_take_short()) continue;
      run(room, is_long, lock);
    }
  }

  bool nothing_waits() const { return waiting_.empty() && long_.empty(); }
  bool may_take() const { return may_take_short() || may_take_long(); }
  bool may_take_short() const {
    return !waiting_.empty() && !filling_ && busy_ < batches_ && (busy_ == busy_long_ || worth_another());
  }
  /// While short requests arrive, one thread stays free for them.
  bool may_take_long() const {
    return !long_.empty() && busy_ < batches_ &&
           (busy_long_ == 0 || busy_long_ + (short_ones_come() ? 1 : 0) < batches_);
  }
  /// Short requests come first, but long ones get a turn however many short ones wait.
  bool takes_long() const {
    return may_take_long() &&
           (!may_take_short() || (busy_long_ == 0 && short_batches_ >= short_batches_in_a_row));
  }
  bool short_ones_come() const { return Job::Clock::now() - last_short_ < std::chrono::seconds(1); }
  /// Whether to start another batch while others run. A few requests are better joined to the next batch,
  /// which can then use all threads of the model.
  bool worth_another() const {
    return begun_ > 0 || waiting_.size() >= options_.min_requests_for_another_batch;
  }
  void put(std::shared_ptr<Job> job) noexcept {
    if (abandoned_) return;
    if (job->is_long_ && !job->failed_) return long_.push_back(std::move(job));
    begun_ += job->was_read_ ? 1 : 0;
    waiting_.push_back(std::move(job));
  }
  /// Lets another thread take a batch.
  void give_turn() {
    --busy_;
    if (!nothing_waits()) wake_.notify_one();
  }

  /// Waits for as many requests as the last batch had.
  void fill(Lock& lock) {
    if (waiting_.size() >= expected_ || stopping_) return;
    filling_ = true;
    filled_.wait_until(lock, waiting_.front().arrival + options_.max_delay,
                       [&] { return waiting_.size() >= expected_ || stopping_; });
    filling_ = false;
  }

  static void check_deadline(Job& job, Job::Clock::time_point now) {
    if (now > job.deadline && !job.ended_ && !job.failed_) job.fail(503, "the request took too long");
  }

  /// Takes the requests of the next batch, all in the first one's group. A long body that was not yet read is
  /// taken alone.
  void take(Batch& batch) {
    auto& taken = batch.slices;
    const auto now = Job::Clock::now();
    for (auto at = waiting_.begin(); at && taken.size() < options_.max_batch_requests;) {
      if (!taken.empty() && (at->group() != taken[0].job->group() || has_long_body(*at))) {
        at.next();
        continue;
      }
      if (at->was_read_) --begun_;
      check_deadline(*at, now);
      taken.push_back({waiting_.take(at)});
      if (has_long_body(*taken.back().job)) break;
    }
    expected_ = taken.size();
    ++short_batches_;
  }
  void take_long(Batch& batch) {
    check_deadline(*long_.begin(), Job::Clock::now());
    batch.slices.push_back({long_.pop_front()});
    short_batches_ = 0;
  }

  static bool has_long_body(const Job& job) {
    return !job.was_read_ && (job.request.body.size() > small_body || !job.request.content_coding.empty());
  }

  /// Takes a batch, reads, computes and responds. Releases the lock in between.
  void run(Room& room, bool is_long, Lock& lock) {
    auto& [batch, ended] = room;
    auto& slices = batch.slices;
    slices.clear();
    is_long ? take_long(batch) : take(batch);
    if (has_long_body(*slices[0].job)) return read_long(room, lock);
    ++busy_;
    if (is_long) ++busy_long_;
    if (may_take()) wake_.notify_one();
    lock.unlock();
    for (auto& slice : slices) slice.job->read_once(options_.long_cost);
    lock.lock();
    if (!is_long) set_long_ones_apart(batch);
    batch.share_out(options_.max_batch_cost);
    for (auto& slice : slices) {  // the rest is available to other threads now
      slice.job->running_ += slice.count;
      if (slice.job->next_ < slice.job->rows_) put(slice.job);
    }
    batch.single_thread = busy_ > 1 || (batches_ > 1 && (is_long ? short_ones_come() : worth_another()));
    if (may_take()) wake_.notify_one();
    lock.unlock();
    const std::exception_ptr error = batch.compute(observe_);
    lock.lock();
    for (auto& [job, first, count] : slices) {
      job->running_ -= count;
      if (error && count > 0 && !job->failed_) job->fail(error);
      // A failed job may still be in the queue, but no more rows of it are taken.
      if (job->next_ == job->rows_ && job->running_ == 0 && !std::exchange(job->ended_, true))
        ended.push_back(std::move(job));
    }
    slices.clear();
    if (is_long) --busy_long_;
    give_turn();
    lock.unlock();
    deliver(ended);
    lock.lock();
  }
  /// Moves requests that turned out to be long to their own queue.
  void set_long_ones_apart(Batch& batch) {
    auto& slices = batch.slices;
    std::size_t kept = 0;
    for (auto& slice : slices) {
      if (slice.job->is_long_ && !slice.job->failed_) put(std::move(slice.job));
      else std::swap(slices[kept++], slice);
    }
    slices.resize(kept);
    if (!slices.empty()) last_short_ = Job::Clock::now();
  }

  /// Reads a long body while other threads compute, and puts the request back.
  void read_long(Room& room, Lock& lock) {
    std::shared_ptr<Job> job = std::move(room.batch.slices[0].job);
    room.batch.slices.clear();
    if (may_take()) wake_.notify_one();
    lock.unlock();
    job->read_once(options_.long_cost);
    if (job->failed_) {
      job->ended_ = true;
      room.ended.push_back(std::move(job));
      deliver(room.ended);
    }
    lock.lock();
    if (job) put(std::move(job));
    if (may_take()) wake_.notify_one();
  }

  /// Writes the responses, short ones first.
  void deliver(Jobs& ended) const noexcept {
    std::stable_sort(ended.begin(), ended.end(),
                     [](const auto& a, const auto& b) { return a->rows_ < b->rows_; });
    const auto is_long = [](const auto& job) { return job->rows_ > long_answer; };
    const auto middle = std::find_if(ended.begin(), ended.end(), is_long);
    if (middle != ended.begin() && middle != ended.end()) {
      try {
        Jobs late(middle, ended.end());
        ended.erase(middle, ended.end());
        deliver(ended);
        ended = std::move(late);
      } catch (const std::bad_alloc&) {}  // no memory: all at once
    }
    for (auto& job : ended) job->write_once();
    if (!ended.empty()) done_(std::move(ended));
    ended = {};
  }

  /// Computes small jobs in the caller's thread if no other short ones are there, so that no thread has to
  /// wake up. Refuses long bodies before it reads anything.
  bool compute_here(const Jobs& jobs) noexcept {
    std::size_t bytes = 0;
    for (const auto& job : jobs) {
      bytes += job->request.body.size();
      if (has_long_body(*job)) return false;
    }
    if (options_.loop_cost == 0 || jobs.size() > options_.max_batch_requests || bytes > small_body)
      return false;
    Batch batch;
    try {
      batch.reserve(jobs.size());
    } catch (const std::bad_alloc&) { return false; }
    {
      const std::lock_guard lock(mutex_);
      if (busy_ > busy_long_ || !waiting_.empty()) return false;
      batch.single_thread = busy_ > 0;
      ++busy_;
    }
    std::size_t cost = 0;
    bool together = true;
    for (const auto& job : jobs) {
      job->read_once(options_.long_cost);
      if (job->failed_) continue;
      for (std::size_t row = 0; row < job->rows_ && cost <= options_.loop_cost; ++row) cost += job->cost(row);
      batch.slices.push_back({job, 0, job->rows_});
      together = together && job->group() == batch.slices[0].job->group();
    }
    const bool small = together && cost <= options_.loop_cost;
    if (small) {
      const auto error = batch.compute(observe_);
      for (const auto& job : jobs) {
        job->next_ = job->rows_;
        if (error && !job->failed_) job->fail(error);
        job->write_once();
      }
    }
    const std::lock_guard lock(mutex_);
    if (small) expected_ = jobs.size();
    if (cost <= options_.long_cost) last_short_ = Job::Clock::now();
    give_turn();
    return small;
  }

  const QueueOptions options_;
  const Done done_;
  const Observe observe_;
  mutable std::mutex mutex_;
  std::condition_variable wake_, filled_;
  JobList waiting_, long_;    // long requests are in `long_` once they were read
  std::size_t expected_ = 1;  // requests of the last batch
  // Allowed concurrent batches, running ones, running long ones.
  std::size_t batches_ = 1, busy_ = 0, busy_long_ = 0;
  std::size_t begun_ = 0;                // jobs in `waiting_` that were already read
  int short_batches_ = 0;                // since the last long one
  Job::Clock::time_point last_short_{};  // when a short request was last read
  bool filling_ = false;                 // a thread waits for more requests
  bool stopping_ = false, abandoned_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace lstmlib::serve
