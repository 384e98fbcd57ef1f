// SPDX-License-Identifier: MIT
#pragma once
// NPY files, which hold one array each, as NumPy's save and load use them.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/array.hpp"
#include "lstmlib/io/file.hpp"
#include "lstmlib/io/source.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
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

/// Reads the array at the source's position and leaves what follows it. Allocates only if enough bytes
/// follow. Throws FormatError "name: byte N: ...".
LSTMLIB_LAZY Array read_npy(Source& source, const NpyOptions& options = {});

/// Reads only the header of the array at the source's position. An unsupported element type or truncated data
/// sets `problem`. Throws FormatError for an invalid header.
LSTMLIB_LAZY ArrayInfo read_npy_info(Source& source);

/// Reads an array from memory. `name` is used in error texts.
LSTMLIB_LAZY Array parse_npy(std::span<const std::byte> bytes, const std::string& name,
                             const NpyOptions& options = {});

/// Reads an NPY file. Numbers and text are held in memory only once. Throws FileError and FormatError.
///
///     const io::Array array = io::read_npy("x.npy");
///     const std::vector<float> values = array.to<float>();
LSTMLIB_LAZY Array read_npy(const std::filesystem::path& path, const NpyOptions& options = {});

/// Element type and shape of the array in an NPY file; reads only the header. Throws FileError, and
/// FormatError like `read_npy_info` of a source.
LSTMLIB_LAZY ArrayInfo read_npy_info(const std::filesystem::path& path);

/// Passes the bytes of an NPY file to `sink`: version 1.0, C order, little-endian. Objects become a pickle
/// that NumPy 1 and 2 load with allow_pickle=True. Throws ShapeError if the array is inconsistent.
LSTMLIB_LAZY void emit_npy(const Array& array, const Sink& sink);

/// The bytes of an NPY file, see emit_npy.
LSTMLIB_LAZY std::vector<std::byte> format_npy(const Array& array);

/// Writes an NPY file atomically, with exactly this name. Throws FileError.
LSTMLIB_LAZY void write_npy(const std::filesystem::path& path, const Array& array);

/// Whether a file starts like an NPY file. Throws FileError if it cannot be read.
LSTMLIB_LAZY bool is_npy(const std::filesystem::path& path);

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/npy.inl"
#endif
