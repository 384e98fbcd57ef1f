// SPDX-License-Identifier: MIT
#pragma once
// The version of the library; CMake reads it here.

#define LSTMLIB_VERSION_MAJOR 0
#define LSTMLIB_VERSION_MINOR 1
#define LSTMLIB_VERSION_PATCH 0

/// Everything is in namespace lstmlib and, inside it, in an inline one with the version's name: users write
/// `lstmlib::Tensor`, and two versions in one process (say, in two plugins) share no symbol. With another name here, a program's
/// own copy of the library shares none with others of the same version, which may be compiled with other flags.
#ifndef LSTMLIB_ABI
#define LSTMLIB_ABI v0_1_0
#endif
