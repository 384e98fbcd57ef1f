// SPDX-License-Identifier: MIT
#pragma once
// Prints arrays like NumPy: columns of equal width, and "..." in the middle of large arrays.

#include "lstmlib/base/shape.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace lstmlib::inline LSTMLIB_ABI::detail {

/// An array of this shape as text.
std::string text_of(std::span<const float> values, const Shape& shape);
std::string text_of(std::span<const double> values, const Shape& shape);
std::string text_of(std::span<const std::int32_t> values, const Shape& shape);
std::string text_of(std::span<const std::int64_t> values, const Shape& shape);

}  // namespace lstmlib::detail

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/tensor/print.inl"
#endif
