// SPDX-License-Identifier: MIT
#pragma once
// NPY files. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/input.hpp"
#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/npy_header.hpp"
#include "lstmlib/io/pickle_reader.hpp"
#include "lstmlib/io/pickle_writer.hpp"

#include <bit>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::io {

namespace detail {
/// Bytes of the elements that a header declares, already checked for overflow.
template <class = void>
std::uint64_t data_bytes(const NpyHeader& header) {
  const auto item_size = static_cast<std::uint64_t>(header.layout.item_size);
  return static_cast<std::uint64_t>(count_elements(header.shape, header.layout.item_size)) * item_size;
}
}  // namespace detail

LSTMLIB_LAZY_INLINE Array read_npy(Source& source, const NpyOptions& options) {
  const NpyHeader header = read_npy_header(source);
  if (header.layout.dtype == ArrayDtype::object) {
    if (!options.allow_objects) source.fail_here("an array of objects, expected numbers or text");
    if (source.remaining() > options.max_bytes)
      source.fail_here(source.remaining(), " bytes of data, the limit is ", options.max_bytes);
    const std::uint64_t start = source.position();
    const std::vector<std::byte> pickle = source.read_bytes(source.remaining());
    Value value = parse_pickle(pickle, source.name(), start, true);
    // A value that is not an array counts as an array without axes, as in NumPy.
    if (header.shape.empty() && value.get_if<Array>() == nullptr) return Array::object(std::move(value));
    const Array* array = value.get_if<Array>();
    if (array == nullptr)
      source.fail_at(start, "the pickle holds '", value.kind_name(), "', expected an array of objects");
    if (array->dtype != ArrayDtype::object || array->shape != header.shape)
      source.fail_at(start, "the header says objects of shape ", shape_text(header.shape),
                     ", the pickle holds ", name_of(array->dtype), " of shape ", shape_text(array->shape));
    return *array;
  }
  const std::uint64_t bytes = detail::data_bytes(header);
  if (bytes > options.max_bytes) source.fail_here(bytes, " bytes of data, the limit is ", options.max_bytes);
  if (bytes > source.remaining())
    source.fail_here("the shape ", shape_text(header.shape), " needs ", bytes, " bytes, only ",
                     source.remaining(), " are left");
  return read_array(source, header.layout, header.shape, header.fortran_order);
}

LSTMLIB_LAZY_INLINE ArrayInfo read_npy_info(Source& source) {
  NpyHeader header = read_any_npy_header(source);
  ArrayInfo info{source.name(), header.layout.dtype, header.layout.item_size, std::move(header.shape)};
  if (!header.problem.empty()) {
    info.unread_type = unread_type_name(header.descr);
    info.problem = std::move(header.problem);
  } else if (info.dtype != ArrayDtype::object) {
    header.shape = info.shape;
    if (const std::uint64_t bytes = detail::data_bytes(header); bytes > source.remaining())
      info.problem =
          message("cut short: the shape needs ", bytes, " bytes, only ", source.remaining(), " are left");
  }
  return info;
}

LSTMLIB_LAZY_INLINE Array parse_npy(std::span<const std::byte> bytes, const std::string& name,
                                    const NpyOptions& options) {
  MemorySource source(bytes, name);
  return read_npy(source, options);
}

LSTMLIB_LAZY_INLINE Array read_npy(const std::filesystem::path& path, const NpyOptions& options) {
  FileSource source(path);
  return read_npy(source, options);
}

LSTMLIB_LAZY_INLINE ArrayInfo read_npy_info(const std::filesystem::path& path) {
  FileSource source(path);
  return read_npy_info(source);
}

LSTMLIB_LAZY_INLINE void emit_npy(const Array& array, const Sink& sink) {
  array.check();
  sink(format_npy_header(array));
  if (array.dtype == ArrayDtype::object) return sink(format_pickle(array));
  if constexpr (std::endian::native == std::endian::little) return sink(array.data);
  std::vector<std::byte> data = array.data;
  to_native_order(data, {array.dtype, array.item_size, false}, false);
  sink(data);
}

LSTMLIB_LAZY_INLINE std::vector<std::byte> format_npy(const Array& array) {
  std::vector<std::byte> bytes;
  emit_npy(array,
           [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
  return bytes;
}

LSTMLIB_LAZY_INLINE void write_npy(const std::filesystem::path& path, const Array& array) {
  AtomicFile file(path);
  emit_npy(array, [&](std::span<const std::byte> part) { file.write(part); });
  file.commit();
}

LSTMLIB_LAZY_INLINE bool is_npy(const std::filesystem::path& path) {
  return as_text(read_file_start(path, 6)) == npy_magic;
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
