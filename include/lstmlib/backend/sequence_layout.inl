// SPDX-License-Identifier: MIT
#pragma once
// How the rows of a ragged batch form sequences. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/backend/sequence_layout.hpp"

#include <algorithm>
#include <numeric>

namespace lstmlib::inline LSTMLIB_ABI {

LSTMLIB_INLINE SequenceLayout::SequenceLayout(std::span<const Index> lengths) : offsets_(1, 0) {
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

LSTMLIB_INLINE void SequenceLayout::reserve_offsets(Index longest) {
  try {
    time_offsets_.reserve(static_cast<std::size_t>(longest) + 1);
  } catch (const std::exception&) {  // std::bad_alloc, or std::length_error
    throw OutOfMemoryError(message("out of memory: a sequence of ", longest, " rows"));
  }
}

}  // namespace lstmlib::inline LSTMLIB_ABI
