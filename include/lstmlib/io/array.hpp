// SPDX-License-Identifier: MIT
#pragma once
// An array as stored in NPY files: any supported NumPy element type, any shape, C order.

#include "lstmlib/base/error.hpp"
#include "lstmlib/base/index.hpp"
#include "lstmlib/io/array_dtype.hpp"
#include "lstmlib/io/utf8.hpp"
#include "lstmlib/io/value.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// An array of up to 64 axes in host memory. A default Array is an empty float32 array with one axis.
///
///     const io::Array array = io::Array::from(std::vector<float>{1, 2, 3, 4}, {2, 2});
///     const std::vector<double> numbers = array.as_numbers<double>();
struct Array {
  ArrayDtype dtype = ArrayDtype::float32;
  Index item_size = 4;          ///< bytes of one element; unicode: 4 per character; objects: 0
  std::vector<Index> shape{0};  ///< empty for a scalar, which has one element
  /// Elements in C order and native byte order. Unicode: code points, padded with U+0000.
  std::vector<std::byte> data;
  /// Elements in C order if `dtype` is object; `data` is then empty.
  std::vector<Value> objects;

  /// Copies `values`, which are in C order. Throws ShapeError if their number does not match the shape.
  template <class T>
  requires ArrayElement<std::remove_const_t<T>>
  static Array from(std::span<T> values, std::vector<Index> shape) {
    Array array = empty(array_dtype_of<std::remove_const_t<T>>, sizeof(T), std::move(shape));
    array.check_count(values.size());
    if (!values.empty()) std::memcpy(array.data.data(), values.data(), values.size_bytes());
    return array;
  }
  template <ArrayElement T>
  static Array from(const std::vector<T>& values, std::vector<Index> shape) {
    if constexpr (std::same_as<T, bool>) {  // std::vector<bool> stores bits, not bytes
      const auto copy = std::make_unique<bool[]>(values.size());
      std::copy(values.begin(), values.end(), copy.get());
      return from(std::span<const bool>(copy.get(), values.size()), std::move(shape));
    } else {
      return from(std::span<const T>(values), std::move(shape));
    }
  }
  /// An array without axes that holds one value.
  template <ArrayElement T>
  static Array scalar(T value) {
    return from(std::span<const T>(&value, 1), {});
  }

  /// A unicode array, as wide as its longest text. Throws FormatError for text that is not UTF-8.
  static Array from_strings(const std::vector<std::string>& utf8, std::vector<Index> shape);
  /// An object array without axes that holds one value.
  static Array object(Value value);
  /// An object array of `values` in C order. Throws ShapeError if their number does not match the shape.
  static Array from_objects(std::vector<Value> values, std::vector<Index> shape);
  /// An array of zeros, or None for objects. `item_size` matters only for bytes and unicode.
  static Array empty(ArrayDtype dtype, Index item_size, std::vector<Index> shape);

  /// Number of elements.
  Index elements() const { return count_elements(shape); }

  /// The elements, without conversion. Throws DtypeError, which names both types, if their type is not T.
  template <ArrayElement T>
  std::vector<T> to() const {
    if (dtype != array_dtype_of<T>) fail_dtype(name_of(array_dtype_of<T>));
    std::vector<T> values(static_cast<std::size_t>(elements()));
    if constexpr (std::same_as<T, bool>) {
      for (std::size_t at = 0; at < values.size(); ++at) values[at] = data[at] != std::byte{0};
    } else if (!values.empty()) {
      std::memcpy(values.data(), data.data(), data.size());
    }
    return values;
  }

  /// The elements converted from any real type; rounds if T is a narrower float. Throws DtypeError for
  /// complex numbers, text and objects, and ValueError for a value that an integer T cannot hold exactly.
  template <class T>
  requires ArrayElement<T> && std::is_arithmetic_v<T> std::vector<T> as_numbers()
  const;

  /// The texts of a unicode array as UTF-8, without padding. Throws DtypeError for another type and
  /// FormatError for an invalid code point.
  std::vector<std::string> strings() const;

  /// The type's name in files: "<f4", "|b1", "<U7", "|O". Files are written in little-endian order.
  std::string descr() const;

  /// Throws ShapeError unless type, shape and amount of data are consistent.
  void check() const;

  bool operator==(const Array&) const = default;

 private:
  static std::vector<Value> one(Value value);
  void check_count(std::size_t count) const;
  [[noreturn]] void fail_dtype(std::string_view expected) const;
};

template <class T>
requires ArrayElement<T> && std::is_arithmetic_v<T> std::vector<T> Array::as_numbers()
const {
  const auto convert = [&]<class From>(std::type_identity<From>) {
    std::vector<T> numbers(static_cast<std::size_t>(elements()));
    for (std::size_t at = 0; at < numbers.size(); ++at) {
      From value{};
      std::memcpy(&value, data.data() + at * sizeof(From), sizeof(From));
      numbers[at] = detail::exact_number<T>(value);
    }
    return numbers;
  };
  switch (dtype) {
    case ArrayDtype::boolean:
    case ArrayDtype::uint8: return convert(std::type_identity<std::uint8_t>{});
    case ArrayDtype::int8: return convert(std::type_identity<std::int8_t>{});
    case ArrayDtype::int16: return convert(std::type_identity<std::int16_t>{});
    case ArrayDtype::int32: return convert(std::type_identity<std::int32_t>{});
    case ArrayDtype::int64: return convert(std::type_identity<std::int64_t>{});
    case ArrayDtype::uint16: return convert(std::type_identity<std::uint16_t>{});
    case ArrayDtype::uint32: return convert(std::type_identity<std::uint32_t>{});
    case ArrayDtype::uint64: return convert(std::type_identity<std::uint64_t>{});
    case ArrayDtype::float32: return convert(std::type_identity<float>{});
    case ArrayDtype::float64: return convert(std::type_identity<double>{});
    case ArrayDtype::float16: {
      std::vector<T> numbers(static_cast<std::size_t>(elements()));
      for (std::size_t at = 0; at < numbers.size(); ++at) {
        std::uint16_t half = 0;
        std::memcpy(&half, data.data() + at * 2, 2);
        numbers[at] = detail::exact_number<T>(float_from_half(half));
      }
      return numbers;
    }
    default: fail_dtype("a real number type");
  }
}

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/array.inl"
#endif
