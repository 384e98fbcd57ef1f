// SPDX-License-Identifier: MIT
#pragma once
// Rejects compiler flags that would make results wrong. All other flags are fine: kernel_sets.hpp overrides
// those that would change the kernels' arithmetic.

#if (defined(__GNUC__) || defined(__clang__)) && !defined(__EXCEPTIONS) && !defined(__cpp_exceptions)
#error "lstmlib reports errors as exceptions: compile without -fno-exceptions"
#endif

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error \
    "lstmlib looks for NaN and infinity, which -ffast-math, -Ofast and -ffinite-math-only deny: add -fno-finite-math-only"
#endif
