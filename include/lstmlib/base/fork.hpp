// SPDX-License-Identifier: MIT
#pragma once
// Fork handlers. A forked child has a single thread; without them it could wait for a lock that another
// thread of the parent held.

#include "lstmlib/version.hpp"

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

namespace lstmlib::inline LSTMLIB_ABI::detail {

/// Registers functions that the forking thread calls: one before the fork, one after it in the parent, one
/// after it in the child. Null means none. They stay registered while the calling library is loaded.
inline void at_fork([[maybe_unused]] void (*before)(), [[maybe_unused]] void (*in_parent)(),
                    [[maybe_unused]] void (*in_child)()) {
#if __has_include(<pthread.h>) && !defined(_WIN32)
  pthread_atfork(before, in_parent, in_child);
#endif
}

}  // namespace lstmlib::detail
