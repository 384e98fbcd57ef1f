// SPDX-License-Identifier: MIT
#pragma once
// Ctrl-C and similar signals during remote work: they end waits and transfers and leave time to clean up.

#include "lstmlib/base/error.hpp"
#include "lstmlib/train/signals.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace sentiment::cloud {

/// Thrown if SIGINT or SIGTERM arrived during the lifetime of a SignalWatch.
struct Interrupted : lstmlib::Error {
  explicit Interrupted(int number) : Error("interrupted"), signal(number) {}
  int signal;
};

/// Scope for cleaning up after an interrupt: requests work in spite of the signal. (A second signal still
/// ends the process.) For one thread.
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

/// The signal that arrived, or 0; always 0 while a PutInOrder exists.
inline int interrupt() {
  const lstmlib::train::SignalWatch watch;
  return PutInOrder::depth() > 0 ? 0 : watch.received();
}

/// Throws Interrupted if a signal arrived.
inline void stop_if_interrupted() {
  if (const int signal = interrupt()) throw Interrupted(signal);
}

/// Sleeps. Throws Interrupted as soon as a signal arrives.
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
