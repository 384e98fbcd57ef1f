// SPDX-License-Identifier: MIT
#pragma once
// Arrays as stored in NPY files. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/array.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::io {

LSTMLIB_INLINE Value::Value(Shared<Array> array) : kind(std::move(array)) {}

LSTMLIB_INLINE Value::Value(Array array) : kind(std::make_shared<const Array>(std::move(array))) {}

LSTMLIB_INLINE bool Value::operator==(const Value& other) const {
  if (kind == other.kind) return true;  // equal numbers, or shared content
  if (kind.index() != other.kind.index()) return false;
  return visit([&]<class Content>(const Content& content) {
    if constexpr (std::is_arithmetic_v<Content>) return false;
    else return content == *other.get_if<Content>();
  });
}

LSTMLIB_INLINE Array Array::empty(ArrayDtype dtype, Index item_size, std::vector<Index> shape) {
  Array array;
  array.dtype = dtype;
  array.item_size = fixed_item_size(dtype) != 0 ? fixed_item_size(dtype) : item_size;
  array.shape = std::move(shape);
  const Index count = count_elements(array.shape, array.item_size);
  if (dtype == ArrayDtype::object) array.objects.resize(static_cast<std::size_t>(count));
  else array.data.resize(static_cast<std::size_t>(count * array.item_size));
  return array;
}

LSTMLIB_INLINE Array Array::from_strings(const std::vector<std::string>& utf8, std::vector<Index> shape) {
  std::vector<char32_t> code_points;
  std::vector<std::size_t> lengths;
  for (const std::string& text : utf8) {
    const std::size_t before = code_points.size();
    std::string_view rest = text;
    char32_t code_point = 0;
    while (take_code_point(rest, code_point)) code_points.push_back(code_point);
    if (!rest.empty())
      fail<FormatError>("text ", lengths.size(), ": byte ", text.size() - rest.size(), " is not UTF-8");
    lengths.push_back(code_points.size() - before);
  }
  std::size_t width = 1;  // NumPy's minimum
  for (const std::size_t length : lengths) width = (std::max)(width, length);
  Array array = empty(ArrayDtype::unicode, static_cast<Index>(width * 4), std::move(shape));
  array.check_count(utf8.size());
  const char32_t* from = code_points.data();
  for (std::size_t at = 0; at < lengths.size(); from += lengths[at++])
    if (lengths[at] > 0) std::memcpy(array.data.data() + at * width * 4, from, lengths[at] * 4);
  return array;
}

LSTMLIB_INLINE std::vector<std::string> Array::strings() const {
  if (dtype != ArrayDtype::unicode) fail_dtype(name_of(ArrayDtype::unicode));
  const auto width = static_cast<std::size_t>(item_size / 4);
  std::vector<std::string> texts(static_cast<std::size_t>(elements()));
  for (std::size_t at = 0; at < texts.size(); ++at) {
    const auto character = [&](std::size_t position) {  // copied, as the bytes may be unaligned
      char32_t value;
      std::memcpy(&value, data.data() + (at * width + position) * 4, 4);
      return value;
    };
    std::size_t length = width;
    while (length > 0 && character(length - 1) == 0) --length;
    for (std::size_t position = 0; position < length; ++position) {
      if (!is_scalar_value(character(position)))
        fail<FormatError>("unicode array ", shape_text(shape), ": element ", at, ", character ", position,
                          ": ", static_cast<std::uint32_t>(character(position)), " is not a character");
      append_utf8(texts[at], character(position));
    }
  }
  return texts;
}

LSTMLIB_INLINE std::string Array::descr() const {
  constexpr std::string_view kinds = "biiiiuuuufffccSUO";
  const char kind = kinds[static_cast<std::size_t>(dtype)];
  if (dtype == ArrayDtype::object) return "|O";
  const bool ordered = dtype == ArrayDtype::unicode || (item_size > 1 && dtype != ArrayDtype::bytes);
  const Index size = dtype == ArrayDtype::unicode ? item_size / 4 : item_size;
  return std::string(ordered ? "<" : "|") + kind + std::to_string(size);
}

LSTMLIB_INLINE void Array::check() const {
  const Index count = count_elements(shape, item_size);
  const bool objects_only = dtype == ArrayDtype::object;
  const bool size_fits = fixed_item_size(dtype) != 0    ? item_size == fixed_item_size(dtype)
                         : dtype == ArrayDtype::unicode ? item_size >= 4 && item_size % 4 == 0
                         : objects_only                 ? item_size == 0
                                                        : item_size >= 1;
  if (!size_fits) fail<ShapeError>("array of ", name_of(dtype), ": elements of ", item_size, " bytes");
  if (data.size() != static_cast<std::size_t>(count * item_size))
    fail<ShapeError>("array of ", name_of(dtype), " ", shape_text(shape), ": ", data.size(),
                     " bytes of data");
  if (objects.size() != (objects_only ? static_cast<std::size_t>(count) : 0))
    fail<ShapeError>("array of ", name_of(dtype), " ", shape_text(shape), ": ", objects.size(), " objects");
}

LSTMLIB_INLINE Array Array::object(Value value) { return from_objects(one(std::move(value)), {}); }

LSTMLIB_INLINE Array Array::from_objects(std::vector<Value> values, std::vector<Index> shape) {
  Array array = empty(ArrayDtype::object, 0, std::move(shape));
  array.check_count(values.size());
  array.objects = std::move(values);
  return array;
}

LSTMLIB_INLINE std::vector<Value> Array::one(Value value) {
  std::vector<Value> values;
  values.push_back(std::move(value));
  return values;
}

LSTMLIB_INLINE void Array::check_count(std::size_t count) const {
  if (static_cast<std::size_t>(elements()) != count)
    fail<ShapeError>("array: ", count, " values for the shape ", shape_text(shape));
}

LSTMLIB_INLINE void Array::fail_dtype(std::string_view expected) const {
  fail<DtypeError>("array of ", name_of(dtype), " ", shape_text(shape), ": expected ", expected);
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
