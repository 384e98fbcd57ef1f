// SPDX-License-Identifier: MIT
#include <lstmlib/backend/cuda/entry.cuh>
