// SPDX-License-Identifier: MIT
#pragma once
// How the elements of an array lie in a file: NumPy's type text, byte order, order of the axes.

#include "lstmlib/io/array.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// What a type text such as ">f4" says.
struct ElementLayout {
  ArrayDtype dtype = ArrayDtype::float32;
  Index item_size = 4;  ///< bytes; 0 for objects
  bool big_endian = false;
};

/// Reads NumPy's type text: "<f4", "|b1", "U7", "=i8". False, with the reason in `why`, for what is not read
/// here. No order or '=' means little-endian: nearly all files come from such machines.
inline bool parse_descr(std::string_view text, ElementLayout& layout, std::string& why) {
  const auto refuse = [&](std::string_view reason) {
    why = "element type '" + printable(text) + "': " + std::string(reason);
    return false;
  };
  std::string_view rest = text;
  layout.big_endian = rest.starts_with('>');
  if (!rest.empty() && std::string_view("<>=|").find(rest[0]) != std::string_view::npos)
    rest.remove_prefix(1);
  if (rest.empty()) return refuse("empty");
  const char kind = rest[0];
  rest.remove_prefix(1);
  if (kind == 'M' || kind == 'm') return refuse("dates and time spans are not supported");
  if (kind == 'V') return refuse("structures and void are not supported");
  Index size = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), size);
  if (kind == 'O' && (rest.empty() || rest == "8" || rest == "4")) {
    layout.dtype = ArrayDtype::object;
    layout.item_size = 0;
    return true;
  }
  if (error != std::errc() || end != rest.data() + rest.size()) return refuse("unknown");
  if (kind == 'U' || kind == 'S') {
    if (size < 1 || size > (Index{1} << 40)) return refuse("a width between 1 and 2^40 is expected");
    layout.dtype = kind == 'U' ? ArrayDtype::unicode : ArrayDtype::bytes;
    layout.item_size = kind == 'U' ? 4 * size : size;
    return true;
  }
  if (kind == 'f' && (size == 12 || size == 16)) return refuse("long double is not supported");
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

/// Turns the bytes of each number around where `big_endian` is not the order of this machine.
inline void to_native_order(std::span<std::byte> data, const ElementLayout& layout, bool big_endian) {
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

/// Calls `move(to, from)` for each element: its position in C order and in Fortran order (first axis
/// fastest).
template <class Move>
void for_each_in_c_order(std::span<const Index> shape, Move&& move) {
  const auto count = static_cast<std::size_t>(count_elements(shape));
  std::vector<Index> index(shape.size()), strides(shape.size());
  Index stride = 1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  Index from = 0;
  for (std::size_t to = 0; to < count; ++to) {
    move(to, static_cast<std::size_t>(from));
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
}

/// The array whose bytes these are; there must be exactly as many as the shape needs. Not for objects.
inline Array array_from_bytes(const ElementLayout& layout, std::vector<Index> shape, bool fortran_order,
                              std::vector<std::byte> data) {
  if (fortran_order && shape.size() > 1) {
    const auto size = static_cast<std::size_t>(layout.item_size);
    std::vector<std::byte> ordered(data.size());
    for_each_in_c_order(shape, [&](std::size_t to, std::size_t from) {
      std::copy_n(data.data() + from * size, size, ordered.data() + to * size);
    });
    data = std::move(ordered);
  }
  to_native_order(data, layout, layout.big_endian);
  // A bool in C++ may hold 0 and 1 only; NumPy takes any other byte as true.
  if (layout.dtype == ArrayDtype::boolean)
    for (std::byte& value : data) value = static_cast<std::byte>(value != std::byte{0});
  Array array;
  array.dtype = layout.dtype;
  array.item_size = layout.item_size;
  array.shape = std::move(shape);
  array.data = std::move(data);
  return array;
}

}  // namespace lstmlib::io
