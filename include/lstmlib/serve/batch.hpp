// SPDX-License-Identifier: MIT
#pragma once
// Rows of several jobs that are computed together.

#include "lstmlib/backend/cpu/threads.hpp"
#include "lstmlib/serve/job.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// Size and duration of one computed batch.
struct BatchReport {
  std::size_t requests, rows;
  std::chrono::duration<double> time;
};
using Observe = std::function<void(const BatchReport&)>;

/// Rows [first, first + count) of one job.
struct Slice {
  std::shared_ptr<Job> job;
  std::size_t first = 0, count = 0;
};

/// All jobs of a batch belong to one group.
struct Batch {
  std::vector<Slice> slices;
  std::vector<Part> parts;
  bool single_thread = false;  ///< because other threads compute too

  /// Reserves memory for `jobs` jobs; then the functions below need no memory.
  void reserve(std::size_t jobs) {
    slices.reserve(jobs);
    parts.reserve(jobs);
  }
  /// Divides the cost `budget`: each job gets rows, starting at its first row that is not yet assigned, up to
  /// an equal share and at least one row. The first jobs get what others leave.
  void share_out(std::size_t budget) noexcept;
  /// Computes all slices. Returns the exception if one was thrown.
  std::exception_ptr compute(const Observe& observe) noexcept;
};

inline void Batch::share_out(std::size_t budget) noexcept {
  std::size_t left = budget;
  const auto extend = [&](Slice& slice, std::size_t max_cost) {
    Job& job = *slice.job;
    for (; job.next_ < job.rows_; ++job.next_, ++slice.count) {
      const std::size_t cost = job.cost(job.next_);
      if (cost > max_cost && slice.count > 0) break;
      max_cost -= std::min(cost, max_cost);
      left -= std::min(cost, left);
    }
  };
  const std::size_t share = budget / std::max<std::size_t>(1, slices.size());
  for (auto& slice : slices) {
    slice.first = slice.job->next_;
    extend(slice, share);
  }
  for (auto& slice : slices)
    if (left > 0 && slice.job->next_ < slice.job->rows_) extend(slice, left);
}

inline std::exception_ptr Batch::compute(const Observe& observe) noexcept {
  try {
    parts.clear();
    std::size_t rows = 0;
    for (const auto& slice : slices) {
      if (slice.count == 0) continue;
      parts.push_back({slice.job.get(), slice.first, slice.count});
      rows += slice.count;
    }
    if (parts.empty()) return {};
    const auto start = Job::Clock::now();
    std::optional<cpu::SingleThreadScope> single_thread_scope;
    if (single_thread) single_thread_scope.emplace();
    try {
      parts[0].job->compute(parts);
    } catch (const HttpError&) {
      if (parts.size() == 1) throw;
      throw HttpError(500, "the model failed");  // unknown which request caused it
    }
    if (observe) observe({parts.size(), rows, Job::Clock::now() - start});
  } catch (...) { return std::current_exception(); }
  return {};
}

}  // namespace lstmlib::serve
