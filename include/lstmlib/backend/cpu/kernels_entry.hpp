// SPDX-License-Identifier: MIT
#pragma once
// Compiles the CPU back end. Include it in exactly one source file of a program, which lstmlib::cpu has, or
// entry.hpp.

#include "lstmlib/backend/cpu/array_entry.hpp"
#include "lstmlib/backend/cpu/backend.hpp"
#include "lstmlib/backend/cpu/losses_entry.hpp"

template lstmlib::Backend& lstmlib::cpu_backend<>();
template std::unique_ptr<const lstmlib::InferenceStack> lstmlib::cpu_pack_for_inference<float>(
    const lstmlib::InferenceProblem&);
