// SPDX-License-Identifier: MIT
#include <lstmlib/cuda/entry.cuh>
