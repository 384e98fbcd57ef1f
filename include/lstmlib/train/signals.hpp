// SPDX-License-Identifier: MIT
#pragma once
// Ctrl-C and its like as a flag, so that a run can end in order.

#include "lstmlib/base/signals.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

using lstmlib::SignalWatch;

}  // namespace lstmlib::train
