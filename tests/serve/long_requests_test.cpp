// SPDX-License-Identifier: MIT
// Long requests in the queue: beside short ones, never before them for long, and never left behind by them.
#include "lstmlib/serve/queue.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace lstmlib::serve;
using namespace std::chrono_literals;

namespace {

/// What is computed, in order: 's' a batch of short jobs, 'l' a part of a long one.
struct Course {
  std::mutex mutex;
  std::string batches;
  std::atomic<int> short_answers = 0, long_answers = 0;
  std::chrono::milliseconds part_time{0};

  std::string so_far() {
    const std::lock_guard lock(mutex);
    return batches;
  }
};

class SomeJob final : public Job {
 public:
  SomeJob(Course& course, std::size_t rows) : course_(course), rows_(rows) {
    arrival = Clock::now();
    deadline = arrival + 20s;
  }
  void read() override {}
  std::size_t rows() const override { return rows_; }
  std::size_t cost(std::size_t) const override { return 1; }
  const void* group() const override { return &course_; }
  void compute(std::span<const Part> parts) const override {
    bool is_long = false;
    for (const Part& part : parts) is_long = is_long || static_cast<SomeJob*>(part.job)->rows_ > 100;
    if (is_long) CHECK(parts.size() == 1);  // never together with others
    if (is_long) std::this_thread::sleep_for(course_.part_time);
    const std::lock_guard lock(course_.mutex);
    course_.batches += is_long ? 'l' : 's';
  }
  Content write() override {
    ++(rows_ > 100 ? course_.long_answers : course_.short_answers);
    return {"text/plain", "done"};
  }

 private:
  Course& course_;
  const std::size_t rows_;
};

Queue::Jobs job(Course& course, std::size_t rows) { return {std::make_shared<SomeJob>(course, rows)}; }

template <class Condition>
bool comes(Condition condition) {
  for (int i = 0; i < 10000 && !condition(); ++i) std::this_thread::sleep_for(1ms);
  return condition();
}

}  // namespace

TEST_CASE("queue: while short requests come, a long one leaves a thread to them") {
  Course course;
  course.part_time = 100ms;
  Queue queue({.threads = 2, .max_batch_cost = 200, .long_cost = 100, .loop_cost = 0, .max_delay = 0us},
              [](Queue::Jobs) {});
  queue.submit(job(course, 1));  // they come
  CHECK(comes([&] { return course.short_answers == 1; }));
  for (int i = 0; i < 3; ++i) queue.submit(job(course, 1000));
  std::this_thread::sleep_for(20ms);  // the first part is being computed
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) {
    queue.submit(job(course, 1));
    CHECK(comes([&] { return course.short_answers == 2 + i; }));
  }
  CHECK(std::chrono::steady_clock::now() - start < 20 * 50ms);  // none has waited for a part
  CHECK(comes([&] { return course.long_answers == 3; }));
}

TEST_CASE("queue: with short requests gone, a long one has all threads") {
  Course course;
  course.part_time = 20ms;
  Queue queue({.threads = 4, .max_batch_cost = 200, .long_cost = 100, .loop_cost = 0, .max_delay = 0us},
              [](Queue::Jobs) {});
  const auto start = std::chrono::steady_clock::now();
  queue.submit(job(course, 8000));  // 40 parts
  CHECK(comes([&] { return course.long_answers == 1; }));
  CHECK(course.so_far() == std::string(40, 'l'));
  CHECK(std::chrono::steady_clock::now() - start < 40 * 20ms);
}

TEST_CASE("queue: the caller computes small requests at once while long ones are computed") {
  Course course;
  course.part_time = 200ms;
  Queue queue({.threads = 1, .max_batch_cost = 200, .long_cost = 100, .loop_cost = 10, .max_delay = 0us},
              [](Queue::Jobs) {});
  CHECK(queue.submit(job(course, 1000)).empty());
  std::this_thread::sleep_for(20ms);
  for (int i = 0; i < 5; ++i) CHECK(queue.submit(job(course, 2)).size() == 1);
  CHECK(course.so_far().starts_with("sssss"));
  CHECK(comes([&] { return course.long_answers == 1; }));
}

TEST_CASE("queue: on one thread short requests go first, and a long one has its turns") {
  Course course;
  std::atomic<int> left = 40;
  Queue* own = nullptr;
  Queue queue({.threads = 1,
               .max_batch_requests = 1,
               .max_batch_cost = 200,
               .long_cost = 100,
               .loop_cost = 0,
               .max_delay = 0us},
              [&](Queue::Jobs) {
                if (left.fetch_sub(1) > 0) own->submit(job(course, 1));  // there is always another
              });
  own = &queue;
  queue.submit({std::make_shared<SomeJob>(course, 2000), std::make_shared<SomeJob>(course, 1),
                std::make_shared<SomeJob>(course, 1)});
  CHECK(comes([&] { return course.long_answers == 1; }));
  CHECK(comes([&] { return queue.idle(); }));
  const std::string seen = course.so_far();
  CAPTURE(seen);
  CHECK(std::count(seen.begin(), seen.end(), 'l') == 10);
  CHECK(seen.substr(0, seen.rfind('s')).find("sssssss") ==
        std::string::npos);     // never more than a few in a row
  CHECK(seen.find("ll") > 40);  // nor parts while short ones wait
}
