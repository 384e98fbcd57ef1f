// SPDX-License-Identifier: MIT
// The back end itself.
#include "lstmlib/backend/cuda/install.hpp"
