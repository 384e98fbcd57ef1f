// SPDX-License-Identifier: MIT
#include "lstmlib/serve/queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>

using namespace lstmlib::serve;
using namespace std::chrono_literals;

namespace {

/// What the test's jobs have in common.
struct Bench {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::size_t> batches;  // rows of each
  std::size_t computed = 0;          // rows
  std::vector<int> answered;         // numbers of jobs, in order
  std::atomic<bool> open = true;     // compute waits while it is not

  /// Compute waits until this opens again: at the latest before the queue ends, also where a check fails.
  class Shut {
   public:
    explicit Shut(Bench& bench) : bench_(&bench) { bench_->open = false; }
    Shut(const Shut&) = delete;
    Shut& operator=(const Shut&) = delete;
    ~Shut() { open(); }
    void open() { bench_->open = true; }

   private:
    Bench* bench_;
  };

  void wait_for_answers(std::size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(changed.wait_for(lock, 10s, [&] { return answered.size() >= count; }));
  }
};

class TestJob final : public Job {
 public:
  TestJob(Bench& bench, int name, std::size_t rows, const void* group = nullptr)
      : number(name), bench_(bench), group_(group ? group : &bench), doubled_(rows) {
    arrival = Clock::now();
    deadline = arrival + 10s;
  }
  void read() override {
    if (fails_to_read) throw HttpError(400, "unreadable");
  }
  std::size_t rows() const override { return doubled_.size(); }
  std::size_t cost(std::size_t) const override { return 1; }
  const void* group() const override { return group_; }
  void compute(std::span<const Part> parts) const override {
    while (!bench_.open) std::this_thread::sleep_for(100us);
    std::size_t rows = 0;
    for (const Part& part : parts) {
      auto& job = static_cast<TestJob&>(*part.job);
      if (job.fails_to_compute) throw std::runtime_error("no");
      if (job.is_refused) throw HttpError(422, "not this one");
      for (std::size_t row = part.first; row < part.first + part.count; ++row) ++job.doubled_[row];
      rows += part.count;
    }
    const std::lock_guard lock(bench_.mutex);
    bench_.batches.push_back(rows);
    bench_.computed += rows;
  }
  Content write() override {
    for (const int times : doubled_)
      if (times != 1) return {"text/plain", "a row was computed " + std::to_string(times) + " times"};
    return {"text/plain", "done"};
  }

  const int number;
  bool fails_to_read = false, fails_to_compute = false, is_refused = false;

 private:
  Bench& bench_;
  const void* group_;
  std::vector<int> doubled_;
};

Queue::Done noting(Bench& bench) {
  return [&bench](Queue::Jobs jobs) {
    const std::lock_guard lock(bench.mutex);
    for (const auto& job : jobs) bench.answered.push_back(static_cast<TestJob&>(*job).number);
    bench.changed.notify_all();
  };
}

Queue::Jobs some(Bench& bench, int count, std::size_t rows = 1) {
  Queue::Jobs jobs;
  for (int i = 0; i < count; ++i) jobs.push_back(std::make_shared<TestJob>(bench, i, rows));
  return jobs;
}

}  // namespace

TEST_CASE("queue: requests that wait together are computed together, each row once") {
  Bench bench;
  Queue queue({.threads = 1, .loop_cost = 0, .max_delay = 0us}, noting(bench));
  const auto jobs = some(bench, 10);
  CHECK(queue.submit(jobs).empty());
  bench.wait_for_answers(10);
  CHECK(bench.batches == std::vector<std::size_t>{10});
  for (const auto& job : jobs) CHECK(job->response.content.body == "done");
}

TEST_CASE("queue: a long request is cut, and a short one overtakes it") {
  Bench bench;
  Queue queue({.threads = 1, .max_batch_cost = 16, .loop_cost = 0, .max_delay = 0us}, noting(bench));
  Bench::Shut shut(bench);
  const auto big = std::make_shared<TestJob>(bench, 1, 1000), small = std::make_shared<TestJob>(bench, 2, 1);
  queue.submit({big, std::make_shared<TestJob>(bench, 0, 1)});
  std::this_thread::sleep_for(20ms);  // the first batch is being computed
  queue.submit({small, std::make_shared<TestJob>(bench, 3, 1)});
  shut.open();
  bench.wait_for_answers(4);
  CHECK(bench.answered == std::vector<int>{0, 2, 3, 1});
  CHECK(big->response.content.body == "done");
  for (const std::size_t rows : bench.batches) CHECK(rows <= 16);
}

TEST_CASE("queue: the rest of a long request waits behind all earlier requests") {
  Bench bench;
  Queue queue({.threads = 1, .max_batch_requests = 2, .max_batch_cost = 16, .loop_cost = 0, .max_delay = 0us},
              noting(bench));
  Bench::Shut shut(bench);
  queue.submit({std::make_shared<TestJob>(bench, 9, 100), std::make_shared<TestJob>(bench, 0, 1)});
  for (int i = 0; i < 1000 && queue.waiting() != 1; ++i)
    std::this_thread::sleep_for(1ms);  // the first batch is being computed, what is left is back
  REQUIRE(queue.waiting() == 1);
  Queue::Jobs small;
  for (int i = 1; i <= 6; ++i) small.push_back(std::make_shared<TestJob>(bench, i, 1));
  queue.submit(small);
  shut.open();
  bench.wait_for_answers(8);
  CHECK(bench.answered == std::vector<int>{0, 1, 2, 3, 4, 5, 6, 9});
  // 9 and 0; the rest of 9 and 1; 2 and 3; 4 and 5; 6 and the rest of 9, which then is alone.
  CHECK(bench.batches == std::vector<std::size_t>{16, 16, 2, 2, 16, 16, 16, 16, 7});
}

TEST_CASE("queue: several threads share the rows of a long request") {
  Bench bench;
  Queue queue({.threads = 4, .max_batch_cost = 8, .loop_cost = 0, .max_delay = 0us}, noting(bench));
  auto jobs = some(bench, 5, 3000);
  CHECK(queue.submit(jobs).empty());
  bench.wait_for_answers(5);
  for (const auto& job : jobs) CHECK(job->response.content.body == "done");
  CHECK(bench.computed == 15000);
}

TEST_CASE("queue: what does not fit gets 503") {
  Bench bench;
  Queue queue(
      {.threads = 1, .max_waiting_requests = 3, .max_batch_requests = 1, .loop_cost = 0, .max_delay = 0us},
      noting(bench));
  Bench::Shut shut(bench);
  queue.submit(some(bench, 1));
  for (int i = 0; i < 1000 && queue.waiting() > 0; ++i)
    std::this_thread::sleep_for(1ms);  // it is being computed
  const auto refused = queue.submit(some(bench, 5));
  REQUIRE(refused.size() == 2);
  for (const auto& job : refused) CHECK(job->response.status == 503);
  shut.open();
  bench.wait_for_answers(4);
}

TEST_CASE("queue: what came together and is too much for the caller finds no more room than else") {
  Bench bench;
  Queue queue({.threads = 1, .max_waiting_requests = 2, .loop_cost = 3, .max_delay = 0us}, noting(bench));
  Bench::Shut shut(bench);
  const auto refused = queue.submit(some(bench, 5));
  REQUIRE(refused.size() == 3);
  for (const auto& job : refused) CHECK(job->response.status == 503);
  shut.open();
  bench.wait_for_answers(2);
}

TEST_CASE("queue: one small request in an idle queue is computed by the caller, a larger one is not") {
  Bench bench;
  Queue queue({.threads = 1, .loop_cost = 4, .max_delay = 0us}, noting(bench));
  CHECK(queue.submit(some(bench, 1, 4)).size() == 1);
  CHECK(bench.computed == 4);
  CHECK(queue.submit(some(bench, 1, 5)).empty());
  bench.wait_for_answers(1);
}

TEST_CASE("queue: a few small requests that come together are computed by the caller as one batch") {
  Bench bench;
  Queue queue({.threads = 1, .max_batch_requests = 3, .loop_cost = 6, .max_delay = 0us}, noting(bench));
  Queue::Jobs jobs = some(bench, 3, 2);
  static_cast<TestJob&>(*jobs[1]).fails_to_read = true;
  const auto answered = queue.submit(jobs);
  REQUIRE(answered == jobs);
  CHECK(bench.batches == std::vector<std::size_t>{4});
  CHECK(jobs[0]->response.content.body == "done");
  CHECK(jobs[1]->response.status == 400);
  CHECK(jobs[2]->response.content.body == "done");
  CHECK(queue.idle());

  CHECK(queue.submit(some(bench, 2, 4)).empty());  // cost more
  bench.wait_for_answers(2);
  CHECK(queue.submit(some(bench, 4)).empty());  // are more than a batch
  bench.wait_for_answers(6);
  const int groups[2] = {};
  jobs = {std::make_shared<TestJob>(bench, 0, 1, &groups[0]),
          std::make_shared<TestJob>(bench, 1, 1, &groups[1])};
  CHECK(queue.submit(jobs).empty());
  bench.wait_for_answers(8);
}

TEST_CASE("queue: the caller is told to look for as many requests as came together before, for a while") {
  Bench bench;
  Queue queue({.threads = 1, .loop_cost = 6, .max_delay = 300ms}, noting(bench));
  CHECK_FALSE(queue.wants_more(some(bench, 1)));
  CHECK(queue.submit(some(bench, 3)).size() == 3);
  const Queue::Jobs two = some(bench, 2);
  CHECK(queue.wants_more(two));
  CHECK_FALSE(queue.wants_more(some(bench, 3)));
  std::this_thread::sleep_until(two[0]->arrival + 300ms);
  CHECK_FALSE(queue.wants_more(two));
  CHECK(queue.submit(two).size() == 2);
  CHECK_FALSE(queue.wants_more(some(bench, 2)));
}

TEST_CASE("queue: under load a thread waits for as many requests as it had, but not longer than it may") {
  Bench bench;
  Queue queue({.threads = 1, .loop_cost = 0, .max_delay = 200ms}, noting(bench));
  queue.submit(some(bench, 4));
  bench.wait_for_answers(4);
  const auto start = std::chrono::steady_clock::now();
  queue.submit(some(bench, 2));
  std::this_thread::sleep_for(20ms);
  queue.submit(some(bench, 2));
  bench.wait_for_answers(8);
  CHECK(bench.batches == std::vector<std::size_t>{4, 4});
  CHECK(std::chrono::steady_clock::now() - start < 150ms);
  queue.submit(some(bench, 1));  // alone: the wait ends by itself
  bench.wait_for_answers(9);
  CHECK(std::chrono::steady_clock::now() - start >= 200ms);
}

TEST_CASE("queue: jobs of different groups are not joined") {
  Bench bench;
  const int group[2] = {};
  Queue queue({.threads = 1, .loop_cost = 0, .max_delay = 0us}, noting(bench));
  Queue::Jobs jobs;
  for (int i = 0; i < 6; ++i) jobs.push_back(std::make_shared<TestJob>(bench, i, 1, &group[i % 2]));
  queue.submit(jobs);
  bench.wait_for_answers(6);
  CHECK(bench.batches == std::vector<std::size_t>{3, 3});
}

TEST_CASE("queue: what fails is answered, and the rest goes on") {
  Bench bench;
  Queue queue({.threads = 2, .max_batch_cost = 8, .loop_cost = 0, .max_delay = 0us}, noting(bench));
  auto unread = std::make_shared<TestJob>(bench, 0, 1), broken = std::make_shared<TestJob>(bench, 1, 100),
       late = std::make_shared<TestJob>(bench, 2, 1), good = std::make_shared<TestJob>(bench, 3, 1);
  unread->fails_to_read = true;
  broken->fails_to_compute = true;
  late->deadline = late->arrival - 1s;
  queue.submit({unread, late});
  bench.wait_for_answers(2);
  queue.submit({broken});
  bench.wait_for_answers(3);
  const auto here = queue.submit({good});
  if (here.empty()) bench.wait_for_answers(4);
  CHECK(unread->response.status == 400);
  CHECK(late->response.status == 503);
  CHECK(broken->response.status == 500);
  CHECK(good->response.content.body == "done");
}

TEST_CASE("queue: a request that is refused by compute gets the reason alone, and never those of others") {
  for (const std::size_t loop_cost :
       {std::size_t{0}, std::size_t{100}}) {  // by a thread of the queue, and by the caller
    CAPTURE(loop_cost);
    Bench bench;
    Queue queue({.threads = 1, .loop_cost = loop_cost, .max_delay = 0us}, noting(bench));
    const auto answer = [&](const Queue::Jobs& jobs) {
      if (!queue.submit(jobs).empty()) return;
      bench.wait_for_answers(jobs.size());
      bench.answered.clear();
    };
    const auto refused = std::make_shared<TestJob>(bench, 0, 1);
    refused->is_refused = true;
    answer({refused});
    CHECK(refused->response.status == 422);
    CHECK(refused->response.content.body.find("not this one") != std::string::npos);

    const auto one = std::make_shared<TestJob>(bench, 0, 1), other = std::make_shared<TestJob>(bench, 1, 1);
    one->is_refused = true;
    answer({one, other});
    for (const auto& job : {one, other}) {  // it is not known whose fault it is
      CHECK(job->response.status == 500);
      CHECK(job->response.content.body.find("the model failed") != std::string::npos);
      CHECK(job->response.content.body.find("not this one") == std::string::npos);
    }
  }
}

TEST_CASE("queue: batches that may not be computed at the same time are not, and all threads end") {
  Bench bench;
  std::atomic<int> inside = 0, most = 0;
  struct Watching final : Job {
    Watching(std::atomic<int>& now, std::atomic<int>& top) : inside(now), most(top) {
      deadline = Clock::now() + 10s;
    }
    void read() override {}
    std::size_t rows() const override { return 1; }
    std::size_t cost(std::size_t) const override { return 1; }
    const void* group() const override { return this; }
    void compute(std::span<const Part>) const override {
      most = std::max<int>(most, ++inside);
      std::this_thread::sleep_for(2ms);
      --inside;
    }
    Content write() override { return {}; }
    std::atomic<int>&inside, &most;
  };
  std::atomic<std::size_t> answered = 0;
  {
    Queue queue({.threads = 4, .max_concurrent_batches = 1, .loop_cost = 0, .max_delay = 0us},
                [&](Queue::Jobs jobs) { answered += jobs.size(); });
    Queue::Jobs jobs;
    for (int i = 0; i < 20; ++i) jobs.push_back(std::make_shared<Watching>(inside, most));
    jobs[7]->request.body.assign(1 << 20, 'x');  // read apart
    queue.submit(jobs);
  }
  CHECK(answered == 20);
  CHECK(most == 1);
}

TEST_CASE("queue: a second batch starts if enough requests wait; few requests join the next batch") {
  Bench bench;
  Queue queue({.threads = 2, .min_requests_for_another_batch = 6, .loop_cost = 0, .max_delay = 0us},
              noting(bench));
  Bench::Shut shut(bench);
  const auto waits = [&](std::size_t count) {
    for (int i = 0; i < 1000 && queue.waiting() != count; ++i) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(10ms);
    return queue.waiting() == count;
  };
  queue.submit(some(bench, 1));
  CHECK(waits(0));
  queue.submit(some(bench, 5));
  CHECK(waits(5));
  queue.submit(some(bench, 1));
  CHECK(waits(0));
  shut.open();
  bench.wait_for_answers(7);
  std::sort(bench.batches.begin(), bench.batches.end());
  CHECK(bench.batches == std::vector<std::size_t>{1, 6});
}
