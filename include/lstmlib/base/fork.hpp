// SPDX-License-Identifier: MIT
#pragma once
// What is done when the process forks, so that the child, which has one thread, finds no lock held by another.

#include "lstmlib/version.hpp"

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

namespace lstmlib::inline LSTMLIB_ABI::detail {

/// Functions for the thread that forks: before it does, and afterwards in the parent and in the child; null:
/// nothing. For as long as the library that calls this is loaded.
inline void at_fork([[maybe_unused]] void (*before)(), [[maybe_unused]] void (*in_parent)(),
                    [[maybe_unused]] void (*in_child)()) {
#if __has_include(<pthread.h>) && !defined(_WIN32)
  pthread_atfork(before, in_parent, in_child);
#endif
}

}  // namespace lstmlib::detail
