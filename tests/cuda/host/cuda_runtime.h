// SPDX-License-Identifier: MIT
#pragma once
// Stands for the header of the CUDA runtime in tests: the functions that lstmlib uses, on the execution
// model. What compiles with it compiles with CUDA's. First on the include path.

#include "runtime/device.hpp"
#include "runtime/graph.hpp"
#include "runtime/kernels.hpp"
#include "runtime/memory.hpp"
#include "runtime/streams.hpp"
#include "runtime/types.hpp"
