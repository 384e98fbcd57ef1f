// SPDX-License-Identifier: MIT
#pragma once
// A reference to something to call, for arguments of virtual functions: nothing is allocated.

#include "lstmlib/version.hpp"

#include <memory>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI {

/// Refers to its callable, which must outlive it: for arguments, not for members.
class FunctionRef {
 public:
  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef> && std::is_invocable_v<Callable&>)
      FunctionRef(Callable&& callable)
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* it) { (*static_cast<std::remove_reference_t<Callable>*>(it))(); }) {}

  void operator()() const { call_(callable_); }

 private:
  void* callable_;
  void (*call_)(void*);
};

}  // namespace lstmlib
