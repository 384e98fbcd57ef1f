// SPDX-License-Identifier: MIT
// The back end itself.
#include "lstmlib/cuda/install.hpp"
