// SPDX-License-Identifier: MIT
#pragma once
// Element types of arrays in files: names, sizes, the matching C++ types, and exact conversion of numbers.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"

#include <bit>
#include <cmath>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::io {

enum class ArrayDtype : std::uint8_t {
  boolean,
  int8,
  int16,
  int32,
  int64,
  uint8,
  uint16,
  uint32,
  uint64,
  float16,
  float32,
  float64,
  complex64,
  complex128,
  bytes,
  unicode,
  object
};

/// NumPy's name of the type: "float32".
constexpr std::string_view name_of(ArrayDtype dtype) {
  constexpr std::string_view names[] = {"bool",      "int8",       "int16",  "int32",   "int64",   "uint8",
                                        "uint16",    "uint32",     "uint64", "float16", "float32", "float64",
                                        "complex64", "complex128", "bytes",  "unicode", "object"};
  return names[static_cast<std::size_t>(dtype)];
}

/// The shape as Python writes it: "(3, 4)", "(3,)", "()".
std::string shape_text(std::span<const Index> shape);

/// Product of the sizes. Throws ShapeError for more than 64 axes, for a negative size, and if `item_size`
/// times the product of all sizes but 0 overflows an Index.
Index count_elements(std::span<const Index> shape, Index item_size = 1);

/// Converts the bits of a float16 (IEEE 754 binary16) to float32, exactly.
float float_from_half(std::uint16_t half);

namespace detail {

template <class T>
constexpr bool is_character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                              std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
constexpr ArrayDtype array_dtype() {
  using enum ArrayDtype;
  if constexpr (std::same_as<T, bool>) return boolean;
  else if constexpr (std::same_as<T, std::complex<float>>) return complex64;
  else if constexpr (std::same_as<T, std::complex<double>>) return complex128;
  else if constexpr (std::floating_point<T>) return sizeof(T) == 4 ? float32 : float64;
  else {
    const auto first = std::is_signed_v<T> ? int8 : uint8;  // the types of 2, 4 and 8 bytes follow
    return static_cast<ArrayDtype>(static_cast<int>(first) + std::countr_zero(sizeof(T)));
  }
}

}  // namespace detail

/// C++ types that numbers of an Array can be read as: bool, integers, float, double, complex.
template <class T>
concept ArrayElement = std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, std::complex<float>> || std::same_as<T, std::complex<double>> ||
    (std::integral<T> && sizeof(T) <= 8 && !detail::is_character<T>);

/// The dtype of elements of type T.
template <ArrayElement T>
inline constexpr ArrayDtype array_dtype_of = detail::array_dtype<T>();

/// Bytes of one element. 0 for bytes and unicode, whose width is a property of the array, and for objects.
constexpr Index fixed_item_size(ArrayDtype dtype) {
  constexpr Index sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 4, 8, 8, 16, 0, 0, 0};
  return sizes[static_cast<std::size_t>(dtype)];
}

namespace detail {

template <class To, class From>
To exact_number(From value) {
  if constexpr (std::floating_point<To>) {
    return static_cast<To>(value);
  } else if constexpr (std::floating_point<From>) {
    // 2^digits is the first value above To's range and exact in any float type. NaN fails both comparisons.
    const From limit = std::ldexp(From{1}, std::numeric_limits<To>::digits);
    const From least = std::is_signed_v<To> ? -limit : From{0};
    if (!(value >= least && value < limit) || value != std::trunc(value))
      fail<ValueError>("array: ", value, " is not a value of the integer type");
    return static_cast<To>(value);
  } else if constexpr (std::same_as<To, bool> || std::same_as<From, bool>) {
    if (value != From{0} && value != From{1})
      fail<ValueError>("array: ", +value, " is not a boolean, expected 0 or 1");
    return static_cast<To>(value);
  } else {
    if (!std::in_range<To>(value)) fail<ValueError>("array: ", +value, " does not fit the integer type");
    return static_cast<To>(value);
  }
}

}  // namespace detail

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/array_dtype.inl"
#endif
