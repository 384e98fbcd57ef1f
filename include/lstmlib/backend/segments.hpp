// SPDX-License-Identifier: MIT
#pragma once
// How rows are divided into sequences of any lengths, and in which order a recurrent layer meets them.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI {

/// Sequence s has the rows first(s) to first(s) + length(s) - 1. Made once a batch, shared by all layers.
/// The time-major order, which recurrent kernels use, lists step 0 of all sequences (the longest first), then
/// step 1 of those still running, and so on: the sequences that run at a step are a prefix of those of the
/// step before.
class Segments {
 public:
  /// Throws ShapeError if a length is below 1 or all together are too many, and OutOfMemoryError if there is
  /// no memory for one of them.
  explicit Segments(std::span<const Index> lengths) : first_(1, 0) {
    first_.reserve(lengths.size() + 1);
    for (const Index length : lengths) {
      if (length < 1)
        fail<ShapeError>("segments: sequence ", count(), " has ", length, " rows, at least 1 expected");
      Index end = 0;
      if (__builtin_add_overflow(rows(), length, &end)) fail<ShapeError>("segments: too many rows");
      first_.push_back(end);
    }
    by_length_.resize(lengths.size());
    std::iota(by_length_.begin(), by_length_.end(), Index{0});
    std::stable_sort(by_length_.begin(), by_length_.end(),
                     [this](Index a, Index b) { return length(a) > length(b); });
    const Index longest = by_length_.empty() ? 0 : length(by_length_[0]);
    reserve_offsets(longest);
    offset_.push_back(0);
    Index running = count();
    for (Index step = 0; step < longest; ++step) {
      while (length(by_length_[static_cast<std::size_t>(running - 1)]) <= step) --running;
      offset_.push_back(offset_.back() + running);
    }
  }

  // A moved-from one would break the promise that there is a first row: moving copies.
  Segments(const Segments&) = default;
  Segments& operator=(const Segments&) = default;

  // Those with a number are for kernels, in loops, and trust it.
  [[nodiscard]] Index count() const noexcept { return std::ssize(first_) - 1; }   ///< sequences
  [[nodiscard]] Index rows() const noexcept { return first_.back(); }             ///< of all sequences
  [[nodiscard]] Index steps() const noexcept { return std::ssize(offset_) - 1; }  ///< of the longest sequence
  [[nodiscard]] Index first(Index sequence) const { return first_[static_cast<std::size_t>(sequence)]; }
  [[nodiscard]] Index length(Index sequence) const { return first(sequence + 1) - first(sequence); }
  /// Sequences, longest first (equal lengths in their own order).
  [[nodiscard]] std::span<const Index> by_length() const { return by_length_; }
  /// First rows of the sequences, then rows().
  [[nodiscard]] std::span<const Index> firsts() const { return first_; }
  [[nodiscard]] std::span<const Index> offsets() const { return offset_; }  ///< offset(0) to offset(steps())
  /// Place of the first row of `step` in the time-major order; offset(steps()) is rows().
  [[nodiscard]] Index offset(Index step) const { return offset_[static_cast<std::size_t>(step)]; }
  /// Sequences longer than `step`.
  [[nodiscard]] Index running(Index step) const { return offset(step + 1) - offset(step); }
  /// Row of step `step` of the sequence at place `place` of by_length(); a reverse pass starts at the last
  /// row.
  [[nodiscard]] Index row(Index place, Index step, bool reverse = false) const {
    const Index sequence = by_length_[static_cast<std::size_t>(place)];
    return reverse ? first(sequence + 1) - 1 - step : first(sequence) + step;
  }
  /// What `owner`, a back end, keeps beside the segments for as long as they live, such as a copy on its
  /// device: a `Kept`, made once by `make()`. May be called from several threads.
  template <class Kept, class Make>
  const Kept& kept(const void* owner, Make make) const {
    const std::lock_guard lock(beside_->mutex);
    for (const auto& [whose, what] : beside_->kept)
      if (whose == owner) return *static_cast<const Kept*>(what.get());
    auto made = std::make_shared<const Kept>(make());
    const Kept& result = *made;
    beside_->kept.emplace_back(owner, std::move(made));
    return result;
  }

 private:
  void reserve_offsets(Index longest) {
    try {
      offset_.reserve(static_cast<std::size_t>(longest) + 1);
    } catch (const std::exception&) {  // std::bad_alloc, or std::length_error
      throw OutOfMemoryError(message("out of memory: a sequence of ", longest, " rows"));
    }
  }
  struct Beside {
    std::mutex mutex;
    std::vector<std::pair<const void*, std::shared_ptr<const void>>> kept;
  };
  std::vector<Index> first_, by_length_, offset_;
  std::shared_ptr<Beside> beside_ = std::make_shared<Beside>();  // copies have the same segments
};

}  // namespace lstmlib
