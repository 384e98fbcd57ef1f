// SPDX-License-Identifier: MIT
#pragma once
// How the rows of a ragged batch form sequences, and the time-major order in which recurrent layers read
// them.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI {

/// Where each sequence of a ragged batch begins and ends. Sequence s has the rows begin(s) to begin(s) +
/// length(s) - 1. Made once per batch and shared by all layers.
///
/// Recurrent kernels use the time-major order: step 0 of all sequences (longest first), then step 1 of those
/// that have one, and so on. The sequences at a step are a prefix of those at the step before.
///
///     const std::vector<Index> lengths = {2, 3};
///     const SequenceLayout layout(lengths);  // rows 0 and 1, rows 2 to 4
///     layout.batch_size_at(2);               // 1: only the longer sequence has a step 2
///     layout.row(0, 2);                      // 4: step 2 of the longest sequence
class SequenceLayout {
 public:
  /// Throws ShapeError if a length is below 1 or the sum of the lengths overflows. Throws OutOfMemoryError if
  /// a sequence is too long for the memory.
  explicit SequenceLayout(std::span<const Index> lengths);

  // No move operations: a moved-from layout would break the invariant that offsets_ is not empty.
  SequenceLayout(const SequenceLayout&) = default;
  SequenceLayout& operator=(const SequenceLayout&) = default;

  // Functions with an index are for kernels' loops and do not check it.
  /// Number of sequences.
  [[nodiscard]] Index sequences() const noexcept { return std::ssize(offsets_) - 1; }
  /// Number of rows of all sequences.
  [[nodiscard]] Index rows() const noexcept { return offsets_.back(); }
  /// Length of the longest sequence.
  [[nodiscard]] Index time_steps() const noexcept { return std::ssize(time_offsets_) - 1; }
  [[nodiscard]] Index begin(Index sequence) const { return offsets_[static_cast<std::size_t>(sequence)]; }
  [[nodiscard]] Index length(Index sequence) const { return begin(sequence + 1) - begin(sequence); }
  /// Indices of the sequences, longest first. Sequences of equal length keep their order.
  [[nodiscard]] std::span<const Index> sorted_indices() const { return sorted_indices_; }
  /// First row of each sequence, then rows().
  [[nodiscard]] std::span<const Index> offsets() const { return offsets_; }
  /// time_offset(0) to time_offset(time_steps()).
  [[nodiscard]] std::span<const Index> time_offsets() const { return time_offsets_; }
  /// Position of the first row of `step` in time-major order. time_offset(time_steps()) is rows().
  [[nodiscard]] Index time_offset(Index step) const { return time_offsets_[static_cast<std::size_t>(step)]; }
  /// Number of sequences longer than `step`.
  [[nodiscard]] Index batch_size_at(Index step) const { return time_offset(step + 1) - time_offset(step); }
  /// Row of time step `step` of sequence sorted_indices()[place]. If `reverse`, steps count from the last
  /// row.
  [[nodiscard]] Index row(Index place, Index step, bool reverse = false) const {
    const Index sequence = sorted_indices_[static_cast<std::size_t>(place)];
    return reverse ? begin(sequence + 1) - 1 - step : begin(sequence) + step;
  }
  /// Data that a back end (`owner`) derives from the layout, such as a copy on its device. Made once by
  /// `make()`, which returns a `Cached`, and kept as long as the layout. Thread-safe.
  template <class Cached, class Make>
  const Cached& cached(const void* owner, Make make) const {
    const std::lock_guard lock(cache_->mutex);
    for (const auto& [key, value] : cache_->entries)
      if (key == owner) return *static_cast<const Cached*>(value.get());
    auto made = std::make_shared<const Cached>(make());
    const Cached& result = *made;
    cache_->entries.emplace_back(owner, std::move(made));
    return result;
  }

 private:
  void reserve_offsets(Index longest);
  struct Cache {
    std::mutex mutex;
    std::vector<std::pair<const void*, std::shared_ptr<const void>>> entries;
  };
  std::vector<Index> offsets_, sorted_indices_, time_offsets_;
  std::shared_ptr<Cache> cache_ = std::make_shared<Cache>();  // copies share it: they have the same layout
};

}  // namespace lstmlib

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/backend/sequence_layout.inl"
#endif
