// SPDX-License-Identifier: MIT
#pragma once
// The layout of an array's elements in a file: NumPy's type string, byte order, order of axes.

#include "lstmlib/io/array.hpp"
#include "lstmlib/io/source.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// The meaning of a type string such as ">f4".
struct ElementLayout {
  ArrayDtype dtype = ArrayDtype::float32;
  Index item_size = 4;  ///< bytes; 0 for objects
  bool big_endian = false;

  /// Text of width 0, as in an empty scalar. Arrays of it are refused: a few bytes could declare any number
  /// of elements.
  bool is_empty_text() const { return item_size == 0 && dtype != ArrayDtype::object; }
};

/// Parses NumPy's type string: "<f4", "|b1", "U7", "=i8". Returns false, with the reason in `why`, if the
/// type is not supported. No byte order, or '=', means little-endian, as nearly all files come from such
/// machines.
template <class = void>
bool parse_descr(std::string_view text, ElementLayout& layout, std::string& why) {
  const auto refuse = [&](std::string_view reason) {
    why = std::string(reason);
    return false;
  };
  std::string_view rest = text;
  layout.big_endian = rest.starts_with('>');
  if (!rest.empty() && std::string_view("<>=|").find(rest[0]) != std::string_view::npos)
    rest.remove_prefix(1);
  if (rest.empty()) return refuse("empty");
  const char kind = rest[0];
  rest.remove_prefix(1);
  if (kind == 'M' || kind == 'm')
    return refuse("dates and time spans are not supported; save x.astype('int64') or x.astype(str)");
  if (kind == 'V') return refuse("structures and void are not supported; save each field as an array");
  Index size = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
  if (kind == 'O' && (rest.empty() || rest == "8" || rest == "4")) {
    layout.dtype = ArrayDtype::object;
    layout.item_size = 0;
    return true;
  }
  if (error != std::errc() || end != rest.data() + rest.size()) return refuse("unknown");
  if (kind == 'U' || kind == 'S') {
    if (size < 0 || size > (Index{1} << 40)) return refuse("a width of at most 2^40 is expected");
    layout.dtype = kind == 'U' ? ArrayDtype::unicode : ArrayDtype::bytes;
    layout.item_size = kind == 'U' ? 4 * size : size;
    return true;
  }
  if (kind == 'f' && (size == 12 || size == 16))
    return refuse("long double is not supported; save x.astype('float64')");
  if (kind == 'c' && (size == 24 || size == 32))
    return refuse("long double is not supported; save x.astype('complex128')");
  constexpr std::string_view kinds = "biiiiuuuufffcc";
  for (std::size_t at = 0; at < kinds.size(); ++at) {
    const auto dtype = static_cast<ArrayDtype>(at);
    if (kinds[at] != kind || fixed_item_size(dtype) != size) continue;
    layout.dtype = dtype;
    layout.item_size = size;
    return true;
  }
  return refuse("unknown");
}

/// Swaps the bytes of each number if `big_endian` is not this machine's order.
template <class = void>
void to_native_order(std::span<std::byte> data, const ElementLayout& layout, bool big_endian) {
  Index unit = layout.item_size;
  if (layout.dtype == ArrayDtype::unicode) unit = 4;
  if (layout.dtype == ArrayDtype::bytes) unit = 1;
  if (layout.dtype == ArrayDtype::complex64 || layout.dtype == ArrayDtype::complex128) unit /= 2;
  if (big_endian == (std::endian::native == std::endian::big) || unit <= 1) return;
  const auto step = static_cast<std::size_t>(unit);
  for (std::size_t at = 0; at + step <= data.size(); at += step)
    std::reverse(data.begin() + static_cast<std::ptrdiff_t>(at),
                 data.begin() + static_cast<std::ptrdiff_t>(at + step));
}

/// NumPy's name of an unsupported type, from its type string: "datetime64[s]" for "<M8[s]".
template <class = void>
std::string unread_type_name(std::string_view descr) {
  std::string_view rest = descr;
  if (!rest.empty() && std::string_view("<>=|").find(rest[0]) != std::string_view::npos)
    rest.remove_prefix(1);
  const std::string unit = rest.size() > 2 ? std::string(rest.substr(2)) : "";
  if (rest.starts_with("M8")) return printable("datetime64" + unit);
  if (rest.starts_with("m8")) return printable("timedelta64" + unit);
  if (rest == "f16" || rest == "f12") return rest == "f16" ? "float128" : "float96";
  if (rest == "c32" || rest == "c24") return rest == "c32" ? "complex256" : "complex192";
  return printable(descr, 1000);
}

namespace detail {

/// Reads elements of `size` bytes from Fortran order (first axis fastest) into C order, through a small
/// buffer.
template <class = void>
void read_fortran_order(Source& source, std::span<const Index> shape, std::size_t size,
                        std::span<std::byte> into) {
  std::vector<std::size_t> index(shape.size()), strides(shape.size());
  std::size_t stride = 1;
  for (std::size_t axis = shape.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= static_cast<std::size_t>(shape[axis]);
  }
  const std::size_t at_once = (std::max)(std::size_t{1}, (std::size_t{1} << 16) / size);
  std::vector<std::byte> buffer((std::min)(at_once * size, into.size()));
  std::size_t to = 0;
  for (std::size_t left = into.size() / size; left > 0;) {
    const std::size_t count = (std::min)(left, at_once);
    source.read(std::span(buffer).first(count * size));
    for (std::size_t at = 0; at < count; ++at) {
      std::memcpy(into.data() + to * size, buffer.data() + at * size, size);
      for (std::size_t axis = 0; axis < shape.size(); ++axis) {
        to += strides[axis];
        if (++index[axis] < static_cast<std::size_t>(shape[axis])) break;
        to -= strides[axis] * static_cast<std::size_t>(shape[axis]);
        index[axis] = 0;
      }
    }
    left -= count;
  }
}

}  // namespace detail

/// Reads the elements of an array, with a single copy in memory. The caller has checked that enough bytes
/// follow. Not for objects.
template <class = void>
Array read_array(Source& source, const ElementLayout& layout, std::vector<Index> shape, bool fortran_order) {
  const Index count = count_elements(shape, layout.item_size);
  const auto bytes = static_cast<std::uint64_t>(count) * static_cast<std::uint64_t>(layout.item_size);
  Array array;
  array.dtype = layout.dtype;
  array.item_size = layout.item_size;
  if (fortran_order && shape.size() > 1 && count > 1) {
    if (bytes > source.remaining())
      source.fail_here("ends here, ", bytes - source.remaining(), " bytes too early");
    array.data.resize(static_cast<std::size_t>(bytes));
    detail::read_fortran_order(source, shape, static_cast<std::size_t>(layout.item_size), array.data);
  } else {
    array.data = source.read_bytes(bytes);
  }
  to_native_order(array.data, layout, layout.big_endian);
  // A C++ bool must be 0 or 1. NumPy treats any other byte as true.
  if (layout.dtype == ArrayDtype::boolean)
    for (std::byte& value : array.data) value = static_cast<std::byte>(value != std::byte{0});
  array.shape = std::move(shape);
  return array;
}

}  // namespace lstmlib::io
