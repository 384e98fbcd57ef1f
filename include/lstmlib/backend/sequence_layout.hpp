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

/// Sequence s has the rows begin(s) to begin(s) + length(s) - 1. Made once a batch, shared by all layers.
/// The time-major order, which recurrent kernels use, lists step 0 of all sequences (the longest first), then
/// step 1 of those still running, and so on: the sequences that run at a step are a prefix of those of the
/// step before.
class SequenceLayout {
 public:
  /// Throws ShapeError if a length is below 1 or all together are too many, and OutOfMemoryError if there is
  /// no memory for one of them.
  explicit SequenceLayout(std::span<const Index> lengths) : offsets_(1, 0) {
    offsets_.reserve(lengths.size() + 1);
    for (const Index length : lengths) {
      if (length < 1)
        fail<ShapeError>("sequence layout: sequence ", sequences(), " has ", length,
                         " rows, at least 1 expected");
      Index end = 0;
      if (__builtin_add_overflow(rows(), length, &end)) fail<ShapeError>("sequence layout: too many rows");
      offsets_.push_back(end);
    }
    sorted_indices_.resize(lengths.size());
    std::iota(sorted_indices_.begin(), sorted_indices_.end(), Index{0});
    std::stable_sort(sorted_indices_.begin(), sorted_indices_.end(),
                     [this](Index a, Index b) { return length(a) > length(b); });
    const Index longest = sorted_indices_.empty() ? 0 : length(sorted_indices_[0]);
    reserve_offsets(longest);
    time_offsets_.push_back(0);
    Index running = sequences();
    for (Index step = 0; step < longest; ++step) {
      while (length(sorted_indices_[static_cast<std::size_t>(running - 1)]) <= step) --running;
      time_offsets_.push_back(time_offsets_.back() + running);
    }
  }

  // A moved-from one would break the promise that there is a first row: moving copies.
  SequenceLayout(const SequenceLayout&) = default;
  SequenceLayout& operator=(const SequenceLayout&) = default;

  // Those with a number are for kernels, in loops, and trust it.
  [[nodiscard]] Index sequences() const noexcept { return std::ssize(offsets_) - 1; }  ///< sequences
  [[nodiscard]] Index rows() const noexcept { return offsets_.back(); }                ///< of all sequences
  [[nodiscard]] Index time_steps() const noexcept {
    return std::ssize(time_offsets_) - 1;
  }  ///< of the longest sequence
  [[nodiscard]] Index begin(Index sequence) const { return offsets_[static_cast<std::size_t>(sequence)]; }
  [[nodiscard]] Index length(Index sequence) const { return begin(sequence + 1) - begin(sequence); }
  /// Sequences, longest first (equal lengths in their own order).
  [[nodiscard]] std::span<const Index> sorted_indices() const { return sorted_indices_; }
  /// First rows of the sequences, then rows().
  [[nodiscard]] std::span<const Index> offsets() const { return offsets_; }
  [[nodiscard]] std::span<const Index> time_offsets() const {
    return time_offsets_;
  }  ///< time_offset(0) to time_offset(time_steps())
  /// Place of the first row of `step` in the time-major order; time_offset(time_steps()) is rows().
  [[nodiscard]] Index time_offset(Index step) const { return time_offsets_[static_cast<std::size_t>(step)]; }
  /// Sequences longer than `step`.
  [[nodiscard]] Index batch_size_at(Index step) const { return time_offset(step + 1) - time_offset(step); }
  /// Row of step `step` of the sequence at place `place` of sorted_indices(); a reverse pass starts at the last
  /// row.
  [[nodiscard]] Index row(Index place, Index step, bool reverse = false) const {
    const Index sequence = sorted_indices_[static_cast<std::size_t>(place)];
    return reverse ? begin(sequence + 1) - 1 - step : begin(sequence) + step;
  }
  /// What `owner`, a back end, keeps beside the layout for as long as it lives, such as a copy on its
  /// device: a `Cached`, made once by `make()`. May be called from several threads.
  template <class Cached, class Make>
  const Cached& cached(const void* owner, Make make) const {
    const std::lock_guard lock(beside_->mutex);
    for (const auto& [whose, what] : beside_->cached)
      if (whose == owner) return *static_cast<const Cached*>(what.get());
    auto made = std::make_shared<const Cached>(make());
    const Cached& result = *made;
    beside_->cached.emplace_back(owner, std::move(made));
    return result;
  }

 private:
  void reserve_offsets(Index longest) {
    try {
      time_offsets_.reserve(static_cast<std::size_t>(longest) + 1);
    } catch (const std::exception&) {  // std::bad_alloc, or std::length_error
      throw OutOfMemoryError(message("out of memory: a sequence of ", longest, " rows"));
    }
  }
  struct Beside {
    std::mutex mutex;
    std::vector<std::pair<const void*, std::shared_ptr<const void>>> cached;
  };
  std::vector<Index> offsets_, sorted_indices_, time_offsets_;
  std::shared_ptr<Beside> beside_ = std::make_shared<Beside>();  // copies have the same layout
};

}  // namespace lstmlib
