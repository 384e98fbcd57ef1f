// SPDX-License-Identifier: MIT
#pragma once
// Compiler flags without which nothing here would be right, said in one line each. All other flags may be what they are:
// where the kernels' arithmetic depends on one, kernel_sets.hpp sets it for them.

#if (defined(__GNUC__) || defined(__clang__)) && !defined(__EXCEPTIONS) && !defined(__cpp_exceptions)
#error "lstmlib reports errors as exceptions: compile without -fno-exceptions"
#endif

#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error \
    "lstmlib looks for NaN and infinity, which -ffast-math, -Ofast and -ffinite-math-only deny: add -fno-finite-math-only"
#endif
