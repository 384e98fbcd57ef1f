// SPDX-License-Identifier: MIT
#pragma once
// Turns SIGINT and SIGTERM into a flag, so that a program can stop cleanly. Off unless a program uses it.

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
/// State shared by all watches of the process. The signal handler uses only the atomics and `before`, which
/// does not change while a handler is installed.
struct SignalNotes {
  static constexpr std::array<int, 2> watched = {SIGINT, SIGTERM};
  std::mutex mutex;
  int watches = 0;
  std::array<struct sigaction, 2> before{};
  std::atomic<int> received{0};
  std::array<std::atomic<int>, 16> wake_ups{};  ///< file descriptors + 1; 0 means unused
};
inline SignalNotes signal_notes;

inline void note_signal(int signal);

/// Restores the earlier handlers. Skips a signal whose handler the program has replaced meanwhile.
inline void put_signal_handlers_back() {
  for (std::size_t i = 0; i < SignalNotes::watched.size(); ++i) {
    struct sigaction now = {};
    sigaction(SignalNotes::watched[i], nullptr, &now);
    if (now.sa_handler == &note_signal) sigaction(SignalNotes::watched[i], &signal_notes.before[i], nullptr);
  }
}

// Not extern "C": such a name has no namespace, so two versions of the library would share one handler.
inline void note_signal(int signal) {
  const int error = errno;
  int none = 0;
  signal_notes.received.compare_exchange_strong(none, signal);
  put_signal_handlers_back();
  for (const auto& wake_up : signal_notes.wake_ups)
    if (const int file = wake_up.load() - 1; file >= 0) [[maybe_unused]]
      const auto written = ::write(file, "", 1);  // failure means a full pipe: its reader is awake
  errno = error;
}
}  // namespace detail

/// While an object of this class exists, the first SIGINT or SIGTERM is recorded instead of taking its usual
/// effect.
///
/// After that signal, or after the last watch, the earlier handlers are back: a second Ctrl-C ends the
/// program unless it has a handler. Ignored signals stay ignored. All watches share one record, which starts
/// with the first of them. Thread-safe.
///
///     const SignalWatch signals;
///     while (!signals.received() && iteration < limit) train_one_batch();
class [[nodiscard]] SignalWatch {
 public:
  SignalWatch() {
    const std::lock_guard lock(notes().mutex);
    begin();
  }
  /// The signal also writes a byte to the file descriptor `wake_up`, which must not block; a pipe, for
  /// example. Throws Error if more than 16 such watches exist.
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

  /// The first signal received since the first watch started, or 0.
  int received() const { return notes().received; }
  /// Like received(), for any code: 0 if no watch exists.
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
