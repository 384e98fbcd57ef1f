// SPDX-License-Identifier: MIT
#pragma once
// What the lanes of a warp do together. Each brings its part and waits; the last one computes for all.

#include "lstmlib/version.hpp"

#include "barriers.hpp"
#include "product.hpp"

#include <bit>
#include <cstring>

namespace lstmlib::inline LSTMLIB_ABI::cuda::model {

inline constexpr const char* name_of(Meeting at) {
  switch (at) {
    case Meeting::none: return "none";
    case Meeting::sync: return "sync_warp";
    case Meeting::shuffle: return "a shuffle";
    case Meeting::ballot: return "a ballot";
    case Meeting::product: return "a product (mma)";
  }
  return "";
}

inline void complete_sync(Warp& warp) {
  Knowledge knows;
  Phases seen;
  std::uint32_t epoch = 0;
  for (const Thread* lane : warp.lanes) {
    if (!lane || lane->ended) continue;
    epoch = (std::max)(epoch, lane->warp_epoch + 1);
    knows.add(lane->knows);
    seen.add(lane->seen);
  }
  for (Thread* lane : warp.lanes) {
    if (!lane || lane->ended) continue;
    lane->warp_epoch = epoch;
    lane->knows = knows;
    lane->seen = seen;
  }
}

inline void complete_shuffle(Warp& warp) {
  for (std::size_t lane = 0; lane < warp_size; ++lane) {
    if (!warp.here[lane]) continue;
    const auto source = static_cast<std::size_t>(warp.source[lane]);
    if (!warp.here[source])
      machine.fault("lane " + std::to_string(lane) + " reads lane " + std::to_string(source) +
                    " by a shuffle, which does not exist or has ended");
    warp.result[lane] = warp.value[source];
  }
}

inline void complete_ballot(Warp& warp) {
  std::uint64_t votes = 0;
  for (std::size_t lane = 0; lane < warp_size; ++lane)
    if (warp.here[lane] && warp.value[lane]) votes |= std::uint64_t{1} << lane;
  warp.result.fill(votes);
}

inline void complete_product(Warp& warp) {
  for (std::size_t lane = 0; lane < warp_size; ++lane)
    if (!warp.here[lane])
      machine.fault("lane " + std::to_string(lane) + " of a product does not exist or has ended");
  ++statistics().products;
  const bool truncate = options().truncate_products;
  if (warp.half_floats) multiply<true>(warp.sums, warp.factors, truncate);
  else multiply<false>(warp.sums, warp.factors, truncate);
}

/// All that live have come.
inline void open_warp(Warp& warp, const Thread* last) {
  switch (warp.at) {
    case Meeting::none: break;
    case Meeting::sync: complete_sync(warp); break;
    case Meeting::shuffle: complete_shuffle(warp); break;
    case Meeting::ballot: complete_ballot(warp); break;
    case Meeting::product: complete_product(warp); break;
  }
  for (std::size_t lane = warp_size; lane-- > 0;)
    if (warp.here[lane] && warp.lanes[lane] != last) machine.wake_next(*warp.lanes[lane]);
  warp.here.fill(false);
  warp.come = 0;
  warp.at = Meeting::none;
}
inline void meet_without(Warp& warp) { open_warp(warp, nullptr); }

inline std::size_t lane_of(const Thread& thread) {
  return static_cast<std::size_t>(thread.index % warp_size);
}

/// The running lane has brought its part; returns when the results are there.
inline void meet(Meeting at) {
  Thread& thread = *machine.current;
  Warp& warp = *thread.warp;
  if (warp.at != Meeting::none && warp.at != at)
    machine.fault(std::string("comes to ") + name_of(at) + " while lanes of its warp wait at " +
                  name_of(warp.at));
  warp.at = at;
  warp.here[lane_of(thread)] = true;
  if (++warp.come == warp.live) open_warp(warp, &thread);
  else machine.wait(name_of(at));
}

inline void sync_warp() {
  if (machine.skips(Word::sync_warp)) return;
  meet(Meeting::sync);
}

template <class T>
T shuffle_from(T value, int source) {
  static_assert(sizeof(T) <= 8);
  Thread& thread = *machine.current;
  Warp& warp = *thread.warp;
  const std::size_t lane = lane_of(thread);
  if (source < 0 || source >= warp_size) machine.fault("a shuffle names lane " + std::to_string(source));
  std::memcpy(&warp.value[lane], &value, sizeof value);
  warp.source[lane] = source;
  meet(Meeting::shuffle);
  std::memcpy(&value, &warp.result[lane], sizeof value);
  return value;
}

inline std::uint32_t ballot(bool predicate) {
  Thread& thread = *machine.current;
  const std::size_t lane = lane_of(thread);
  thread.warp->value[lane] = predicate ? 1 : 0;
  meet(Meeting::ballot);
  return static_cast<std::uint32_t>(thread.warp->result[lane]);
}

inline void product(float (&d)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2],
                    bool half_floats) {
  Thread& thread = *machine.current;
  Warp& warp = *thread.warp;
  const std::size_t lane = lane_of(thread);
  if (warp.at == Meeting::product && warp.half_floats != half_floats)
    machine.fault("comes to a product of another type than the other lanes of its warp");
  warp.half_floats = half_floats;
  warp.factors[lane] = {a[0], a[1], a[2], a[3], b[0], b[1]};
  warp.sums[lane] = {d[0], d[1], d[2], d[3]};
  meet(Meeting::product);
  for (std::size_t i = 0; i < 4; ++i) d[i] = warp.sums[lane][i];
}

}  // namespace lstmlib::cuda::model
