// SPDX-License-Identifier: MIT
#pragma once
// SignalWatch: Ctrl-C and similar signals as a flag, so that a run can end cleanly.

#include "lstmlib/base/signals.hpp"

namespace lstmlib::inline LSTMLIB_ABI::train {

using lstmlib::SignalWatch;

}  // namespace lstmlib::train
