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

/// Some rows of a job.
struct Part {
  Job* job;
  std::size_t first, count;
};

/// `read`, `compute` and `write` run in the queue's threads. `compute` of one job may run in several threads
/// at once, for different rows. An HttpError or FormatError (status 400) that they throw goes to the client;
/// other exceptions become status 500.
class Job {
 public:
  using Clock = std::chrono::steady_clock;

  virtual ~Job() = default;
  /// Parses the request. Afterwards the rows are known.
  virtual void read() = 0;
  virtual std::size_t rows() const = 0;  ///< at least 1
  /// Cost of a row in a unit of the model, such as words.
  virtual std::size_t cost(std::size_t row) const = 0;
  /// Jobs with equal values may be computed together.
  virtual const void* group() const = 0;
  /// Computes the rows of all parts, which are in this job's group. Rows do not depend on each other.
  virtual void compute(std::span<const Part> parts) const = 0;
  virtual Content write() = 0;
  /// Bytes that it holds after `read`, besides the request.
  virtual std::size_t bytes() const { return 0; }

  Request request;
  Response response;  ///< valid once the job is done
  Clock::time_point arrival, deadline;
  std::size_t max_bytes = (std::numeric_limits<std::size_t>::max)();  ///< limit of the decompressed body
  MemoryReservation reservation;                                      ///< counts `bytes`
  std::function<void(Job&)> answer;  ///< for the creator of the job; the queue does not call it

 private:
  friend class Queue;
  friend class JobList;
  friend struct Batch;

  /// The steps of the queue. An exception in a step becomes the response. A job is long if it costs more than
  /// `long_cost`.
  void read_once(std::size_t long_cost) noexcept {
    if (std::exchange(was_read_, true)) return;
    guarded([&] {
      if (!request.content_coding.empty()) request.body = decoded_body(request.body, max_bytes, reservation);
      read();
      reservation.release();
      if (!reservation.take(bytes()))
        throw HttpError(503, "requests use all of the memory for bodies, please try again");
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
  /// Assigns no more rows. Rows that are being computed are finished.
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
  // Number of rows, first row not assigned, rows being computed.
  std::size_t rows_ = 0, next_ = 0, running_ = 0;
  std::shared_ptr<Job> next_in_list_;
};

}  // namespace lstmlib::serve
