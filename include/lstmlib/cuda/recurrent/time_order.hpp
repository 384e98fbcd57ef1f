// SPDX-License-Identifier: MIT
#pragma once
// The time-major order of Segments on a device, for the kernels of recurrent layers: copied once for each
// batch.

#include "lstmlib/backend/segments.hpp"
#include "lstmlib/cuda/kept_copy.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Arrays in the device's memory. A token is a row in time-major order; places are those of
/// Segments::by_length.
struct TimeOrderView {
  const std::int32_t* offsets;    ///< [steps + 1] tokens
  const std::int32_t* sequences;  ///< [sequences] of the places
  const std::int32_t* lengths;    ///< [sequences] of the places
  const std::int32_t* rows[2];    ///< [tokens] rows of a forward and of a reverse pass
  const std::int32_t* before[2];  ///< [tokens] rows of the step before; of the first step: -1 - sequence
};

class TimeOrder {
 public:
  /// Throws ShapeError for 2^31 rows or more.
  TimeOrder(Context& context, const Segments& segments) : numbers_(context, count_of(segments)) {
    const Index tokens = segments.rows(), sequences = segments.count();
    view_.offsets = numbers_.data();
    view_.sequences = view_.offsets + segments.steps() + 1;
    view_.lengths = view_.sequences + sequences;
    view_.rows[0] = view_.lengths + sequences;
    view_.rows[1] = view_.rows[0] + tokens;
    view_.before[0] = view_.rows[1] + tokens;
    view_.before[1] = view_.before[0] + tokens;
  }
  void fill(const Segments& segments) const {
    numbers_.fill([&] { return numbers_of(segments); });
  }
  const TimeOrderView& view() const { return view_; }

 private:
  static std::size_t count_of(const Segments& segments) {
    if (segments.rows() > std::numeric_limits<std::int32_t>::max())
      fail<ShapeError>("recurrent: ", segments.rows(), " rows, at most 2147483647 on a GPU");
    return static_cast<std::size_t>(segments.steps() + 1 + 2 * segments.count() + 4 * segments.rows());
  }
  static std::vector<std::int32_t> numbers_of(const Segments& segments) {
    std::vector<std::int32_t> all;
    all.reserve(count_of(segments));
    const auto add = [&](Index value) { all.push_back(static_cast<std::int32_t>(value)); };
    const auto add_tokens = [&](auto number) {
      for (Index step = 0; step < segments.steps(); ++step)
        for (Index place = 0; place < segments.running(step); ++place) add(number(place, step));
    };
    for (const Index offset : segments.offsets()) add(offset);
    for (const Index sequence : segments.by_length()) add(sequence);
    for (const Index sequence : segments.by_length()) add(segments.length(sequence));
    for (const bool reverse : {false, true})
      add_tokens([&](Index place, Index step) { return segments.row(place, step, reverse); });
    for (const bool reverse : {false, true})
      add_tokens([&](Index place, Index step) {
        return step > 0 ? segments.row(place, step - 1, reverse)
                        : -1 - segments.by_length()[static_cast<std::size_t>(place)];
      });
    return all;
  }

  KeptCopy<std::int32_t> numbers_;
  TimeOrderView view_{};
};

/// That of `segments` on the device of `context`.
inline const TimeOrderView& time_order(Context& context, const Segments& segments) {
  // Its own place beside that of the segments themselves, which is under the context's address.
  const auto& kept = segments.kept<TimeOrder>(&context.graphs, [&] { return TimeOrder(context, segments); });
  kept.fill(segments);
  return kept.view();
}

}  // namespace lstmlib::cuda
