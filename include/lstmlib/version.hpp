// SPDX-License-Identifier: MIT
#pragma once
// The version of the library. CMake reads it from this file.

#define LSTMLIB_VERSION_MAJOR 0
#define LSTMLIB_VERSION_MINOR 1
#define LSTMLIB_VERSION_PATCH 0

/// Name of an inline namespace that contains the whole library; users still write `lstmlib::Tensor`. It holds
/// the version, so two versions in one process (say, in two plugins) share no symbols. Define another name to
/// separate a program's copy from copies of the same version that were compiled with other flags.
#ifndef LSTMLIB_ABI
#define LSTMLIB_ABI v0_1_0
#endif
