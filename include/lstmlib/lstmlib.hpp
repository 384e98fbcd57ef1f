// SPDX-License-Identifier: MIT
#pragma once
// Everything but CUDA, MPI and plots.

#include "lstmlib/core.hpp"

#include "lstmlib/backend/cpu/backend.hpp"
