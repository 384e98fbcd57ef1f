// SPDX-License-Identifier: MIT
#pragma once
// A non-owning reference to a callable, for parameters of virtual functions. It allocates nothing.

#include "lstmlib/version.hpp"

#include <memory>
#include <type_traits>

namespace lstmlib::inline LSTMLIB_ABI {

/// `FunctionRef<void(Index)>` refers to a callable that takes an Index. The callable must outlive it, so use
/// it for parameters and not for members.
template <class Signature>
class FunctionRef;

template <class... Arguments>
class FunctionRef<void(Arguments...)> {
 public:
  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, FunctionRef> &&
           std::is_invocable_v<Callable&, Arguments...>) FunctionRef(Callable&& callable)
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* it, Arguments... arguments) {
          (*static_cast<std::remove_reference_t<Callable>*>(it))(arguments...);
        }) {}

  void operator()(Arguments... arguments) const { call_(callable_, arguments...); }

 private:
  void* callable_;
  void (*call_)(void*, Arguments...);
};

}  // namespace lstmlib
