// SPDX-License-Identifier: MIT
#pragma once
// Ctrl-C and its like as a flag, so that a run can end in order.

#include "lstmlib/version.hpp"

#include <csignal>
#include <cstddef>
#include <initializer_list>

namespace lstmlib::inline LSTMLIB_ABI::train {

namespace detail {
inline volatile std::sig_atomic_t received_signal = 0;

extern "C" inline void note_signal(int signal) {
  if (received_signal == 0) {
    received_signal = signal;
    return;
  }
  struct sigaction usual = {};  // the second one ends the process, as soon as this handler returns
  usual.sa_handler = SIG_DFL;
  sigaction(signal, &usual, nullptr);
  raise(signal);
}
}  // namespace detail

/// While one lives, the first SIGINT or SIGTERM is noted instead of ending the process; a second one ends it
/// at once. Signals that the process ignores stay ignored. An inner one shares what the outer one noted. For
/// one thread at a time.
class [[nodiscard]] SignalWatch {
 public:
  SignalWatch() {
    if (watches()++ > 0) return;
    detail::received_signal = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      struct sigaction noting = {};
      noting.sa_handler = &detail::note_signal;
      sigemptyset(&noting.sa_mask);
      noting.sa_flags = SA_RESTART;
      sigaction(watched[i], nullptr, &before_[i]);
      if (before_[i].sa_handler != SIG_IGN) sigaction(watched[i], &noting, nullptr);
    }
    installed_ = true;
  }
  ~SignalWatch() {
    --watches();
    if (!installed_) return;
    for (std::size_t i = 0; i < 2; ++i) sigaction(watched[i], &before_[i], nullptr);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  /// The first signal that came since the outermost watch began, or 0.
  int received() const { return detail::received_signal; }

 private:
  static constexpr int watched[] = {SIGINT, SIGTERM};
  static int& watches() {
    static int count = 0;
    return count;
  }
  struct sigaction before_[2] = {};
  bool installed_ = false;
};

}  // namespace lstmlib::train
