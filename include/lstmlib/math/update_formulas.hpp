// SPDX-License-Identifier: MIT
#pragma once
// The optimizers' formulas for scalars.

#include "lstmlib/math/scalar.hpp"
#include "lstmlib/math/update_rules.hpp"

namespace lstmlib::inline LSTMLIB_ABI::math {

#include "lstmlib/math/update_rules.inl"

}  // namespace lstmlib::math
