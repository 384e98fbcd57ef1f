// SPDX-License-Identifier: MIT
#pragma once
// The time-major order of a SequenceLayout on a device, for recurrent kernels. Copied once per batch.

#include "lstmlib/backend/sequence_layout.hpp"
#include "lstmlib/backend/cuda/device_cache.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Arrays in device memory. A token is a row in time-major order; a place is an index in
/// SequenceLayout::sorted_indices.
struct TimeOrderView {
  const std::int32_t* offsets;    ///< [steps + 1] first token of each step
  const std::int32_t* sequences;  ///< [sequences] by place
  const std::int32_t* lengths;    ///< [sequences] by place
  const std::int32_t* rows[2];    ///< [tokens] rows for a forward and a reverse pass
  const std::int32_t* before[2];  ///< [tokens] row of the previous step; at the first step: -1 - sequence
};

class TimeOrder {
 public:
  /// Throws ShapeError for 2^31 rows or more.
  TimeOrder(Context& context, const SequenceLayout& layout) : numbers_(context, count_of(layout)) {
    const Index tokens = layout.rows(), sequences = layout.sequences();
    view_.offsets = numbers_.data();
    view_.sequences = view_.offsets + layout.time_steps() + 1;
    view_.lengths = view_.sequences + sequences;
    view_.rows[0] = view_.lengths + sequences;
    view_.rows[1] = view_.rows[0] + tokens;
    view_.before[0] = view_.rows[1] + tokens;
    view_.before[1] = view_.before[0] + tokens;
  }
  void fill(const SequenceLayout& layout) const {
    numbers_.fill([&] { return numbers_of(layout); });
  }
  const TimeOrderView& view() const { return view_; }

 private:
  static std::size_t count_of(const SequenceLayout& layout) {
    if (layout.rows() > std::numeric_limits<std::int32_t>::max())
      fail<ShapeError>("recurrent: ", layout.rows(), " rows, at most 2147483647 on a GPU");
    return static_cast<std::size_t>(layout.time_steps() + 1 + 2 * layout.sequences() + 4 * layout.rows());
  }
  static std::vector<std::int32_t> numbers_of(const SequenceLayout& layout) {
    std::vector<std::int32_t> all;
    all.reserve(count_of(layout));
    const auto add = [&](Index value) { all.push_back(static_cast<std::int32_t>(value)); };
    const auto add_tokens = [&](auto number) {
      for (Index step = 0; step < layout.time_steps(); ++step)
        for (Index place = 0; place < layout.batch_size_at(step); ++place) add(number(place, step));
    };
    for (const Index offset : layout.time_offsets()) add(offset);
    for (const Index sequence : layout.sorted_indices()) add(sequence);
    for (const Index sequence : layout.sorted_indices()) add(layout.length(sequence));
    for (const bool reverse : {false, true})
      add_tokens([&](Index place, Index step) { return layout.row(place, step, reverse); });
    for (const bool reverse : {false, true})
      add_tokens([&](Index place, Index step) {
        return step > 0 ? layout.row(place, step - 1, reverse)
                        : -1 - layout.sorted_indices()[static_cast<std::size_t>(place)];
      });
    return all;
  }

  DeviceCache<std::int32_t> numbers_;
  TimeOrderView view_{};
};

/// The order of `layout` on the device of `context`.
inline const TimeOrderView& time_order(Context& context, const SequenceLayout& layout) {
  // Uses its own cache key, because the context's address is the key of the layout itself.
  const auto& cached = layout.cached<TimeOrder>(&context.graphs, [&] { return TimeOrder(context, layout); });
  cached.fill(layout);
  return cached.view();
}

}  // namespace lstmlib::cuda
