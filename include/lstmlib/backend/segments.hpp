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
  /// Throws ShapeError if a length is below 1.
  explicit Segments(std::span<const Index> lengths) : first_(1, 0) {
    first_.reserve(lengths.size() + 1);
    for (const Index length : lengths) {
      if (length < 1)
        fail<ShapeError>("segments: sequence ", count(), " has ", length, " rows, at least 1 expected");
      first_.push_back(rows() + length);
    }
    by_length_.resize(lengths.size());
    std::iota(by_length_.begin(), by_length_.end(), Index{0});
    std::stable_sort(by_length_.begin(), by_length_.end(),
                     [this](Index a, Index b) { return length(a) > length(b); });
    const Index longest = by_length_.empty() ? 0 : length(by_length_[0]);
    offset_.reserve(static_cast<std::size_t>(longest) + 1);
    offset_.push_back(0);
    Index running = count();
    for (Index step = 0; step < longest; ++step) {
      while (length(by_length_[static_cast<std::size_t>(running - 1)]) <= step) --running;
      offset_.push_back(offset_.back() + running);
    }
  }

  Index count() const { return static_cast<Index>(first_.size()) - 1; }   ///< sequences
  Index rows() const { return first_.back(); }                            ///< of all sequences
  Index steps() const { return static_cast<Index>(offset_.size()) - 1; }  ///< of the longest sequence
  Index first(Index sequence) const { return first_[static_cast<std::size_t>(sequence)]; }
  Index length(Index sequence) const { return first(sequence + 1) - first(sequence); }
  /// Sequences, longest first (equal lengths in their own order).
  std::span<const Index> by_length() const { return by_length_; }
  std::span<const Index> firsts() const { return first_; }    ///< first rows of the sequences, then rows()
  std::span<const Index> offsets() const { return offset_; }  ///< offset(0) to offset(steps())
  /// Place of the first row of `step` in the time-major order; offset(steps()) is rows().
  Index offset(Index step) const { return offset_[static_cast<std::size_t>(step)]; }
  /// Sequences longer than `step`.
  Index running(Index step) const { return offset(step + 1) - offset(step); }
  /// Row of step `step` of the sequence at place `place` of by_length(); a reverse pass starts at the last
  /// row.
  Index row(Index place, Index step, bool reverse = false) const {
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
  struct Beside {
    std::mutex mutex;
    std::vector<std::pair<const void*, std::shared_ptr<const void>>> kept;
  };
  std::vector<Index> first_, by_length_, offset_;
  std::shared_ptr<Beside> beside_ = std::make_shared<Beside>();  // copies have the same segments
};

}  // namespace lstmlib
