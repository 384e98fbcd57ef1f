// SPDX-License-Identifier: MIT
// The library's kernels, those of wide instruction sets on the model, and the tests that call them directly: one
// file, so that they are compiled once.

#include "lstmlib/backend/cpu/entry.hpp"

#include "backend/low_precision_test.cpp"
