// SPDX-License-Identifier: MIT
#pragma once
// Ctrl-C and its like while something goes on elsewhere: waiting and transfers end, and there is time to put
// in order.

#include "lstmlib/base/error.hpp"
#include "lstmlib/train/signals.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace sentiment::cloud {

/// A SIGINT or SIGTERM that came while a SignalWatch lived.
struct Interrupted : lstmlib::Error {
  explicit Interrupted(int number) : Error("interrupted"), signal(number) {}
  int signal;
};

/// While one lives, what was interrupted is put in order: requests go through all the same. (A second signal
/// ends the process, as ever.) For one thread.
class [[nodiscard]] PutInOrder {
 public:
  PutInOrder() { ++depth(); }
  PutInOrder(const PutInOrder&) = delete;
  PutInOrder& operator=(const PutInOrder&) = delete;
  ~PutInOrder() { --depth(); }

  static int& depth() {
    static int count = 0;
    return count;
  }
};

/// The signal that came, or 0; 0 also while a PutInOrder lives.
inline int interrupt() {
  const lstmlib::train::SignalWatch watch;
  return PutInOrder::depth() > 0 ? 0 : watch.received();
}

/// Throws Interrupted where a signal came.
inline void stop_if_interrupted() {
  if (const int signal = interrupt()) throw Interrupted(signal);
}

/// Sleeps. Throws Interrupted as soon as a signal comes.
inline void pause(std::chrono::milliseconds time) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + time;
  for (auto now = Clock::now(); now < end; now = Clock::now()) {
    stop_if_interrupted();
    std::this_thread::sleep_for((std::min<Clock::duration>)(end - now, std::chrono::milliseconds(20)));
  }
  stop_if_interrupted();
}

}  // namespace sentiment::cloud
