// SPDX-License-Identifier: MIT
#pragma once
// A SequenceLayout on a device. Copied once, when a kernel first needs it.

#include "lstmlib/backend/sequence_layout.hpp"
#include "lstmlib/base/host_device.hpp"
#include "lstmlib/backend/cuda/device_cache.hpp"

#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// The argument of kernels: the arrays of SequenceLayout in device memory.
struct SequenceLayoutView {
  Index sequences, rows, time_steps;
  const Index* offsets;         ///< [sequences + 1]
  const Index* sorted_indices;  ///< [sequences]
  const Index* time_offsets;    ///< [time_steps + 1]

  LSTMLIB_HOST_DEVICE Index length(Index sequence) const { return offsets[sequence + 1] - offsets[sequence]; }
  /// The sequence that contains `row`.
  LSTMLIB_HOST_DEVICE Index sequence_of(Index row) const { return sequence_of_window(row, 1); }
  /// The sequence that contains window `at`. Sequences have length + window - 1 windows, one after another.
  LSTMLIB_HOST_DEVICE Index sequence_of_window(Index at, Index window) const {
    Index low = 0, high = sequences;  // it is one of low to high - 1
    while (high - low > 1) {
      const Index middle = (low + high) / 2;
      if (first_window(middle, window) <= at) low = middle;
      else high = middle;
    }
    return low;
  }
  LSTMLIB_HOST_DEVICE Index first_window(Index sequence, Index window) const {
    return offsets[sequence] + sequence * (window - 1);
  }
};

class DeviceSequenceLayout {
 public:
  DeviceSequenceLayout(Context& context, const SequenceLayout& layout)
      : numbers_(context,
                 layout.offsets().size() + layout.sorted_indices().size() + layout.time_offsets().size()) {
    const Index* sorted_indices = numbers_.data() + layout.offsets().size();
    view_ = {layout.sequences(), layout.rows(),  layout.time_steps(),
             numbers_.data(),    sorted_indices, sorted_indices + layout.sorted_indices().size()};
  }
  void fill(const SequenceLayout& layout) const {
    numbers_.fill([&] {
      std::vector<Index> all;
      for (const auto part : {layout.offsets(), layout.sorted_indices(), layout.time_offsets()})
        all.insert(all.end(), part.begin(), part.end());
      return all;
    });
  }
  const SequenceLayoutView& view() const { return view_; }

 private:
  DeviceCache<Index> numbers_;
  SequenceLayoutView view_{};
};

/// The arrays of `layout` on the device of `context`.
inline const SequenceLayoutView& on_device(Context& context, const SequenceLayout& layout) {
  const auto& cached =
      layout.cached<DeviceSequenceLayout>(&context, [&] { return DeviceSequenceLayout(context, layout); });
  cached.fill(layout);
  return cached.view();
}

}  // namespace lstmlib::cuda
