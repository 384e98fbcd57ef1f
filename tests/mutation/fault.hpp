// SPDX-License-Identifier: MIT
#pragma once
// Which fault is on: included before everything else by a build that mutate.py has put faults into.

#include <cstdlib>

namespace lstmlib_mutation {
inline const int fault = [] {
  const char* number = std::getenv("LSTMLIB_FAULT");
  return number ? std::atoi(number) : 0;
}();
}  // namespace lstmlib_mutation

// Never on when the compiler computes, so that a constexpr function stays one.
#define LSTMLIB_FAULT(number) (!__builtin_is_constant_evaluated() && ::lstmlib_mutation::fault == (number))
