// SPDX-License-Identifier: MIT
#pragma once
// A request on its way through the queue: read, computed row by row, written.

#include "lstmlib/serve/message.hpp"

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <new>
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

  Request request;
  Response response;  ///< once the job is done
  Clock::time_point arrival, deadline;
  std::function<void(Job&)> answer;  ///< for whoever made the job; the queue does not call it

 private:
  friend class Queue;
  friend struct Batch;

  /// The steps as the queue takes them: what a step throws becomes the answer.
  void read_once() {
    if (std::exchange(was_read_, true)) return;
    guarded([&] {
      read();
      rows_ = rows();
      std::string().swap(request.body);
    });
  }
  void write_once() {
    if (!failed_) guarded([&] { response.content = write(); });
  }
  /// Gives no more rows out; those that are being computed are waited for.
  void fail(const HttpError& error) {
    response = error_response(error);
    failed_ = was_read_ = true;
    next_ = rows_;
  }
  template <class Step>
  void guarded(const Step& step) {
    try {
      step();
    } catch (const HttpError& error) { fail(error); } catch (const FormatError& error) {
      fail(HttpError(400, error.what()));
    } catch (const std::bad_alloc&) {
      fail(HttpError(503, "not enough memory for this request"));
    } catch (const std::exception& error) { fail(HttpError(500, error.what())); }
  }

  bool was_read_ = false, failed_ = false, ended_ = false;
  std::size_t rows_ = 0, next_ = 0, running_ = 0;  // rows: all, first not given out, being computed
};

}  // namespace lstmlib::serve
