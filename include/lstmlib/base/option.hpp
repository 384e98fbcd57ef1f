// SPDX-License-Identifier: MIT
#pragma once
// Range checks for options. Each throws ValueError with the option's name. NaN is never in range.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <cmath>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::detail {

template <class Value>
[[noreturn, gnu::cold]] void refuse_option(std::string_view owner, std::string_view option,
                                           const Value& value, std::string_view expected) {
  fail<ValueError>(owner, ": ", option, " is ", value, ", expected ", expected);
}

/// Requires at least 1. An option that was left out of designated initializers is 0, so that message mentions
/// it.
inline void require_size(std::string_view owner, std::string_view option, Index value) {
  if (value < 1)
    refuse_option(owner, option, value, value == 0 ? "at least 1; was it left out?" : "at least 1");
}
inline void require_finite(std::string_view owner, std::string_view option, double value) {
  if (!std::isfinite(value)) refuse_option(owner, option, value, "a finite number");
}
inline void require_positive(std::string_view owner, std::string_view option, double value) {
  if (!(value > 0 && std::isfinite(value))) refuse_option(owner, option, value, "a finite number above 0");
}
inline void require_not_negative(std::string_view owner, std::string_view option, double value) {
  if (!(value >= 0 && std::isfinite(value)))
    refuse_option(owner, option, value, "a finite number of at least 0");
}
/// Requires 0 <= value < 1, as for a ratio or the decay of a running mean.
inline void require_below_one(std::string_view owner, std::string_view option, double value) {
  if (!(value >= 0 && value < 1)) refuse_option(owner, option, value, "0 to below 1");
}

}  // namespace lstmlib::inline LSTMLIB_ABI::detail
