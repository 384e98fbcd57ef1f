// SPDX-License-Identifier: MIT
#pragma once
// NPY files, which hold one array each, as NumPy's save and load use them.

#include "lstmlib/io/file.hpp"
#include "lstmlib/io/input.hpp"
#include "lstmlib/io/npy_header.hpp"
#include "lstmlib/io/pickle_reader.hpp"
#include "lstmlib/io/pickle_writer.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// Limits for reading.
struct NpyOptions {
  /// Accept object arrays. Reading them runs no code, but a reader of numbers may want to refuse them.
  bool allow_objects = true;
  std::uint64_t max_bytes = (std::numeric_limits<std::int64_t>::max)();  ///< limit for the data
};

/// Description of an array in a file, without its values.
struct ArrayInfo {
  std::string name;  ///< empty for an NPY file
  ArrayDtype dtype = ArrayDtype::float32;
  Index item_size = 4;  ///< bytes per element; 0 for objects
  std::vector<Index> shape;
  std::string unread_type = {};  ///< NumPy's name of an unsupported type; then `dtype` is meaningless
  std::string problem = {};      ///< why the array cannot be read, judged by its header; empty if it can
};

namespace detail {
/// Bytes of the elements that a header declares, already checked for overflow.
inline std::uint64_t data_bytes(const NpyHeader& header) {
  const auto item_size = static_cast<std::uint64_t>(header.layout.item_size);
  return static_cast<std::uint64_t>(count_elements(header.shape, header.layout.item_size)) * item_size;
}
}  // namespace detail

/// Reads the array at the source's position and leaves what follows it. Allocates only if enough bytes
/// follow. Throws FormatError "name: byte N: ...".
inline Array read_npy(Source& source, const NpyOptions& options = {}) {
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

/// Reads only the header of the array at the source's position. An unsupported element type or truncated data
/// sets `problem`. Throws FormatError for an invalid header.
inline ArrayInfo read_npy_info(Source& source) {
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

/// Reads an array from memory. `name` is used in error texts.
inline Array parse_npy(std::span<const std::byte> bytes, const std::string& name,
                       const NpyOptions& options = {}) {
  MemorySource source(bytes, name);
  return read_npy(source, options);
}

/// Reads an NPY file. Numbers and text are held in memory only once. Throws FileError and FormatError.
///
///     const io::Array array = io::read_npy("x.npy");
///     const std::vector<float> values = array.to<float>();
inline Array read_npy(const std::filesystem::path& path, const NpyOptions& options = {}) {
  FileSource source(path);
  return read_npy(source, options);
}

/// Element type and shape of the array in an NPY file; reads only the header. Throws FileError, and
/// FormatError like `read_npy_info` of a source.
inline ArrayInfo read_npy_info(const std::filesystem::path& path) {
  FileSource source(path);
  return read_npy_info(source);
}

/// Passes the bytes of an NPY file to `sink`: version 1.0, C order, little-endian. Objects become a pickle
/// that NumPy 1 and 2 load with allow_pickle=True. Throws ShapeError if the array is inconsistent.
inline void emit_npy(const Array& array, const Sink& sink) {
  array.check();
  sink(format_npy_header(array));
  if (array.dtype == ArrayDtype::object) return sink(format_pickle(array));
  if constexpr (std::endian::native == std::endian::little) return sink(array.data);
  std::vector<std::byte> data = array.data;
  to_native_order(data, {array.dtype, array.item_size, false}, false);
  sink(data);
}

/// The bytes of an NPY file, see emit_npy.
inline std::vector<std::byte> format_npy(const Array& array) {
  std::vector<std::byte> bytes;
  emit_npy(array,
           [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
  return bytes;
}

/// Writes an NPY file atomically, with exactly this name. Throws FileError.
inline void write_npy(const std::filesystem::path& path, const Array& array) {
  AtomicFile file(path);
  emit_npy(array, [&](std::span<const std::byte> part) { file.write(part); });
  file.commit();
}

/// Whether a file starts like an NPY file. Throws FileError if it cannot be read.
inline bool is_npy(const std::filesystem::path& path) {
  return as_text(read_file_start(path, 6)) == npy_magic;
}

}  // namespace lstmlib::io
