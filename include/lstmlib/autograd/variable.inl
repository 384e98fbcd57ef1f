// SPDX-License-Identifier: MIT
#pragma once
// Variables. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/autograd/variable.hpp"

namespace lstmlib::inline LSTMLIB_ABI::detail {

LSTMLIB_INLINE void release_later(std::shared_ptr<void> last_owner) {
  using Owners = std::vector<std::shared_ptr<void>>;
  // Owned by the outermost call. A plain pointer, because static objects outlive a thread's own objects.
  thread_local Owners* waiting = nullptr;
  if (waiting) return waiting->push_back(std::move(last_owner));
  Owners own;
  waiting = &own;
  last_owner.reset();
  while (!own.empty()) {
    const auto next = std::move(own.back());
    own.pop_back();
  }
  waiting = nullptr;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::detail
