// SPDX-License-Identifier: MIT
#pragma once
// Element types of arrays in files. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/array_dtype.hpp"

namespace lstmlib::inline LSTMLIB_ABI::io {

LSTMLIB_INLINE std::string shape_text(std::span<const Index> shape) {
  std::string text = "(";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (axis > 0) text += ", ";
    text += std::to_string(shape[axis]);
  }
  return text + (shape.size() == 1 ? ",)" : ")");
}

LSTMLIB_INLINE Index count_elements(std::span<const Index> shape, Index item_size) {
  if (shape.size() > 64) fail<ShapeError>("shape of ", shape.size(), " axes, at most 64");
  Index bytes = item_size > 0 ? item_size : 1;
  Index elements = 1;
  for (const Index size : shape) {
    if (size < 0) fail<ShapeError>("negative size in the shape ", shape_text(shape));
    if (size != 0 && __builtin_mul_overflow(bytes, size, &bytes))
      fail<ShapeError>("too many elements in the shape ", shape_text(shape));
    elements *= size;
  }
  return elements;
}

LSTMLIB_INLINE float float_from_half(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1Fu;
  const std::uint32_t fraction = half & 0x3FFu;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float size = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -size : size;
  }
  const std::uint32_t widened = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | (widened << 23) | (fraction << 13));
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
