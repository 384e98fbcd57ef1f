// SPDX-License-Identifier: MIT
#pragma once
// The GRU cell for scalars. The formulas are in gru_cell.inl.

#include "lstmlib/math/activation.hpp"

namespace lstmlib::inline LSTMLIB_ABI::math {

#include "lstmlib/math/gru_cell.inl"

}  // namespace lstmlib::math
