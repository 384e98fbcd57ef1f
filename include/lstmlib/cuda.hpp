// SPDX-License-Identifier: MIT
#pragma once
// How a program gets GPUs. It links lstmlib::cuda, or has one .cu file with lstmlib/backend/cuda/entry.cuh; this
// header is plain C++.

#include "lstmlib/version.hpp"

#include <string>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Makes "cuda" and "cuda:1" known to Device::parse; false if there is no driver or no GPU. To be called
/// once, early in main; again is harmless.
bool install();

/// Versions of runtime and driver, and the GPUs: for reports.
std::string description();

}  // namespace lstmlib::cuda
