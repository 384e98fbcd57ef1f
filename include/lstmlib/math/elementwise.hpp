// SPDX-License-Identifier: MIT
#pragma once
// Elementwise functions and their derivatives for scalars. The formulas are in elementwise.inl and binary.inl.

#include "lstmlib/math/elementwise_names.hpp"
#include "lstmlib/math/scalar.hpp"

namespace lstmlib::inline LSTMLIB_ABI::math {

#include "lstmlib/math/elementwise.inl"
#include "lstmlib/math/binary.inl"

}  // namespace lstmlib::math
