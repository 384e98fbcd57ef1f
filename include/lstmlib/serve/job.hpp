// SPDX-License-Identifier: MIT
#pragma once
// A request on its way through the queue: read, computed row by row, written.

#include "lstmlib/serve/content_coding.hpp"
#include "lstmlib/serve/memory_budget.hpp"
#include "lstmlib/serve/message.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

class Job;

/// Some rows of a job, in a batch.
struct Part {
  Job* job;
  std::size_t first, count;
};

/// `read`, `compute` and `write` run in the threads of the queue, one job's `compute` possibly in several at
/// once, for different rows. An HttpError or FormatError of theirs (400) goes to the client; another
/// exception is 500.
class Job {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Job() = default;
  /// Makes of the request what is computed; afterwards the rows are known.
  virtual void read() = 0;
  virtual std::size_t rows() const = 0;  ///< at least 1
  /// How much a row takes, in words or what else the model counts by.
  virtual std::size_t cost(std::size_t row) const = 0;
  /// Jobs with the same value may be computed together.
  virtual const void* group() const = 0;
  /// Computes the rows of all parts, which are of this job's group; each result is the row's alone.
  virtual void compute(std::span<const Part> parts) const = 0;
  virtual Content write() = 0;
  /// Bytes that it holds once it was read, besides the request.
  virtual std::size_t bytes() const { return 0; }

  Request request;
  Response response;  ///< once the job is done
  Clock::time_point arrival, deadline;
  std::size_t max_bytes = (std::numeric_limits<std::size_t>::max)();  ///< of the body, unpacked
  MemoryReservation reservation;                                                           ///< counts `bytes`
  std::function<void(Job&)> answer;  ///< for whoever made the job; the queue does not call it

 private:
  friend class Queue;
  friend class JobList;
  friend struct Batch;

  /// The steps as the queue takes them: what a step throws becomes the answer. A job that costs more than
  /// `long_cost` is long.
  void read_once(std::size_t long_cost) noexcept {
    if (std::exchange(was_read_, true)) return;
    guarded([&] {
      if (!request.content_coding.empty()) request.body = decoded_body(request.body, max_bytes, reservation);
      read();
      reservation.release();
      if (!reservation.take(bytes())) throw HttpError(503, "too many bytes are being held, please try again");
      rows_ = rows();
      std::string().swap(request.body);
      std::size_t cost_so_far = 0;
      for (std::size_t row = 0; row < rows_ && !is_long_; ++row)
        is_long_ = (cost_so_far += cost(row)) > long_cost;
    });
  }
  void write_once() noexcept {
    if (!failed_) guarded([&] { response.content = write(); });
  }
  /// Gives no more rows out; those that are being computed are waited for.
  void fail(const std::exception_ptr& error) noexcept {
    response = error_response(error);
    failed_ = was_read_ = true;
    next_ = rows_;
  }
  void fail(int status, const char* text) noexcept {
    guarded([&] { throw HttpError(status, text); });
  }
  template <class Step>
  void guarded(const Step& step) noexcept {
    try {
      step();
    } catch (...) { fail(std::current_exception()); }
  }

  bool was_read_ = false, is_long_ = false, failed_ = false, ended_ = false;
  std::size_t rows_ = 0, next_ = 0, running_ = 0;  // rows: all, first not given out, being computed
  std::shared_ptr<Job> next_in_list_;
};

}  // namespace lstmlib::serve
