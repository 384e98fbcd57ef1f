// SPDX-License-Identifier: MIT
#pragma once
// The version of the library; CMake reads it here.

#define LSTMLIB_VERSION_MAJOR 0
#define LSTMLIB_VERSION_MINOR 1
#define LSTMLIB_VERSION_PATCH 0
