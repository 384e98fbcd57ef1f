// SPDX-License-Identifier: MIT
#pragma once
// Segments on a device, for kernels: copied once, when a kernel needs them first.

#include "lstmlib/backend/segments.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/cuda/kept_copy.hpp"

#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// What a kernel gets: arrays in the device's memory, as those of Segments.
struct SegmentsView {
  Index count, rows, steps;
  const Index* firsts;     ///< [count + 1]
  const Index* by_length;  ///< [count]
  const Index* offsets;    ///< [steps + 1]

  LSTMLIB_HOST_DEVICE Index length(Index sequence) const { return firsts[sequence + 1] - firsts[sequence]; }
  /// The sequence that has `row`.
  LSTMLIB_HOST_DEVICE Index sequence_of(Index row) const { return sequence_of_window(row, 1); }
  /// The sequence that has `at` where each has length + window - 1 windows, one after another.
  LSTMLIB_HOST_DEVICE Index sequence_of_window(Index at, Index window) const {
    Index low = 0, high = count;  // it is one of low to high - 1
    while (high - low > 1) {
      const Index middle = (low + high) / 2;
      if (first_window(middle, window) <= at) low = middle;
      else high = middle;
    }
    return low;
  }
  LSTMLIB_HOST_DEVICE Index first_window(Index sequence, Index window) const {
    return firsts[sequence] + sequence * (window - 1);
  }
};

class DeviceSegments {
 public:
  DeviceSegments(Context& context, const Segments& segments)
      : numbers_(context,
                 segments.firsts().size() + segments.by_length().size() + segments.offsets().size()) {
    const Index* by_length = numbers_.data() + segments.firsts().size();
    view_ = {segments.count(), segments.rows(), segments.steps(),
             numbers_.data(),  by_length,       by_length + segments.by_length().size()};
  }
  void fill(const Segments& segments) const {
    numbers_.fill([&] {
      std::vector<Index> all;
      for (const auto part : {segments.firsts(), segments.by_length(), segments.offsets()})
        all.insert(all.end(), part.begin(), part.end());
      return all;
    });
  }
  const SegmentsView& view() const { return view_; }

 private:
  KeptCopy<Index> numbers_;
  SegmentsView view_{};
};

/// Those of `segments` on the device of `context`.
inline const SegmentsView& on_device(Context& context, const Segments& segments) {
  const auto& kept =
      segments.kept<DeviceSegments>(&context, [&] { return DeviceSegments(context, segments); });
  kept.fill(segments);
  return kept.view();
}

}  // namespace lstmlib::cuda
