// SPDX-License-Identifier: MIT
#pragma once
// Range checks for options. Each throws ValueError with the option's name. NaN is never in range.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::detail {

template <class Value>
[[noreturn, gnu::cold]] void refuse_option(std::string_view owner, std::string_view option,
                                           const Value& value, std::string_view expected) {
  fail<ValueError>(owner, ": ", option, " is ", value, ", expected ", expected);
}

/// Requires at least 1. An option that was left out of designated initializers is 0, so that message mentions
/// it.
void require_size(std::string_view owner, std::string_view option, Index value);
void require_finite(std::string_view owner, std::string_view option, double value);
void require_positive(std::string_view owner, std::string_view option, double value);
void require_not_negative(std::string_view owner, std::string_view option, double value);
/// Requires 0 <= value < 1, as for a ratio or the decay of a running mean.
void require_below_one(std::string_view owner, std::string_view option, double value);

}  // namespace lstmlib::inline LSTMLIB_ABI::detail

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/base/option.inl"
#endif
