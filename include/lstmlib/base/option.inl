// SPDX-License-Identifier: MIT
#pragma once
// Range checks for options. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/base/option.hpp"

#include <cmath>

namespace lstmlib::inline LSTMLIB_ABI::detail {

LSTMLIB_INLINE void require_size(std::string_view owner, std::string_view option, Index value) {
  if (value < 1)
    refuse_option(owner, option, value, value == 0 ? "at least 1; was it left out?" : "at least 1");
}

LSTMLIB_INLINE void require_finite(std::string_view owner, std::string_view option, double value) {
  if (!std::isfinite(value)) refuse_option(owner, option, value, "a finite number");
}

LSTMLIB_INLINE void require_positive(std::string_view owner, std::string_view option, double value) {
  if (!(value > 0 && std::isfinite(value))) refuse_option(owner, option, value, "a finite number above 0");
}

LSTMLIB_INLINE void require_not_negative(std::string_view owner, std::string_view option, double value) {
  if (!(value >= 0 && std::isfinite(value)))
    refuse_option(owner, option, value, "a finite number of at least 0");
}

LSTMLIB_INLINE void require_below_one(std::string_view owner, std::string_view option, double value) {
  if (!(value >= 0 && value < 1)) refuse_option(owner, option, value, "0 to below 1");
}

}  // namespace lstmlib::inline LSTMLIB_ABI::detail
