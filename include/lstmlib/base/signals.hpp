// SPDX-License-Identifier: MIT
#pragma once
// SIGINT and SIGTERM as a flag, so that what runs can end in order. Used only where a program asks for it.

#include "lstmlib/base/error.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <mutex>
#include <unistd.h>

namespace lstmlib::inline LSTMLIB_ABI {

namespace detail {
/// What all watches of the process share. The handler uses what is atomic, and `before`, which does not change
/// while a handler is installed.
struct SignalNotes {
  static constexpr std::array<int, 2> watched = {SIGINT, SIGTERM};
  std::mutex mutex;
  int watches = 0;
  std::array<struct sigaction, 2> before{};
  std::atomic<int> received{0};
  std::array<std::atomic<int>, 16> wake_ups{};  ///< file descriptors + 1; 0: none
};
inline SignalNotes signal_notes;

inline void note_signal(int signal);

/// Only where the handler is still ours: the program may have set one of its own meanwhile.
inline void put_signal_handlers_back() {
  for (std::size_t i = 0; i < SignalNotes::watched.size(); ++i) {
    struct sigaction now = {};
    sigaction(SignalNotes::watched[i], nullptr, &now);
    if (now.sa_handler == &note_signal) sigaction(SignalNotes::watched[i], &signal_notes.before[i], nullptr);
  }
}

// Not extern "C": such a name has no namespace, and two versions of the library would share one handler.
inline void note_signal(int signal) {
  const int error = errno;
  int none = 0;
  signal_notes.received.compare_exchange_strong(none, signal);
  put_signal_handlers_back();
  for (const auto& wake_up : signal_notes.wake_ups)
    if (const int file = wake_up.load() - 1; file >= 0) [[maybe_unused]]
      const auto written = ::write(file, "", 1);  // full: whoever reads it is awake
  errno = error;
}
}  // namespace detail

/// While one lives, the first SIGINT or SIGTERM is noted instead of doing what it did before. From then on, and
/// after the last watch, both do again exactly what they did before: a second one ends a process that has no
/// handler of its own. Signals that the process ignores stay ignored. All watches share what came since the
/// first of those that live began. Several threads may have some.
class [[nodiscard]] SignalWatch {
 public:
  SignalWatch() {
    const std::lock_guard lock(notes().mutex);
    begin();
  }
  /// The signal also writes a byte to `wake_up`, a file that takes it without waiting, such as a pipe. Throws
  /// Error for more than 16 of these at the same time.
  explicit SignalWatch(int wake_up) {
    const std::lock_guard lock(notes().mutex);
    for (auto& place : notes().wake_ups) {
      if (place != 0) continue;
      wake_up_ = &place;
      place = wake_up + 1;
      begin();
      return;
    }
    fail<Error>("SignalWatch: more than ", notes().wake_ups.size(), " that wake somebody up");
  }
  ~SignalWatch() {
    const std::lock_guard lock(notes().mutex);
    if (wake_up_) *wake_up_ = 0;
    if (--notes().watches == 0) detail::put_signal_handlers_back();
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// The first signal that came since the first watch began, or 0.
  int received() const { return notes().received; }
  /// The same; 0 where no watch lives.
  static int noted() {
    const std::lock_guard lock(notes().mutex);
    return notes().watches > 0 ? notes().received.load() : 0;
  }

 private:
  static detail::SignalNotes& notes() { return detail::signal_notes; }
  static void begin() {
    if (notes().watches++ > 0) return;
    notes().received = 0;
    for (std::size_t i = 0; i < detail::SignalNotes::watched.size(); ++i) {
      struct sigaction noting = {};
      noting.sa_handler = &detail::note_signal;
      sigemptyset(&noting.sa_mask);
      noting.sa_flags = SA_RESTART;
      sigaction(detail::SignalNotes::watched[i], nullptr, &notes().before[i]);
      if (notes().before[i].sa_handler != SIG_IGN)
        sigaction(detail::SignalNotes::watched[i], &noting, nullptr);
    }
  }

  std::atomic<int>* wake_up_ = nullptr;
};

}  // namespace lstmlib
