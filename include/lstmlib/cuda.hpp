// SPDX-License-Identifier: MIT
#pragma once
// Makes GPUs available to a program. Link lstmlib::cuda, or compile one .cu file that includes
// lstmlib/backend/cuda/entry.cuh. This header is plain C++.

#include "lstmlib/version.hpp"

#include <string>

namespace lstmlib::inline LSTMLIB_ABI::cuda {

/// Registers the CUDA back end, so that Device::parse accepts "cuda" and "cuda:1". Returns false if there is
/// no driver or no GPU. Call it once at the start of main; further calls have no effect.
///
///     if (cuda::install()) model.to(Device::parse("cuda:0"));
bool install();

/// The versions of the CUDA runtime and driver and the names of the GPUs, as text for reports.
std::string description();

}  // namespace lstmlib::cuda
