// SPDX-License-Identifier: MIT
#pragma once
// NPZ files: named arrays in a ZIP archive of NPY files, as NumPy's savez and Chainer's save_npz write them.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/file.hpp"
#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/compression.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

template <class>
class ZipReader;
struct ZipEntry;

/// Limits for reading.
struct NpzOptions {
  bool allow_objects = true;  ///< see NpyOptions
  /// Limit for the data of all arrays together.
  std::uint64_t max_bytes = (std::numeric_limits<std::int64_t>::max)();
};

/// An ordered collection of named arrays: the content of an NPZ file.
///
///     const io::Archive weights = io::read_npz("weights.npz");
///     const std::vector<float> w = weights.at("lstm/0/w0").to<float>();
///     io::Archive results;
///     results.add("accuracy", io::Array::scalar(0.81));
///     io::write_npz("results.npz", results);
class Archive {
 public:
  struct Entry {
    std::string name;  ///< without ".npy"
    Array array;
  };

  /// Appends an array. Throws FormatError if the name is taken.
  LSTMLIB_LAZY void add(std::string name, Array array);
  /// The array with this name, or null. Valid until the next `add`.
  const Array* find(const std::string& name) const;
  /// The array with this name. Throws FormatError, which lists some of the names, if there is none.
  LSTMLIB_LAZY const Array& at(const std::string& name) const;
  std::vector<std::string> names() const;
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> places_;
};

/// An NPZ file whose arrays are read one at a time. Opening it reads only the directory and the members'
/// headers.
class NpzReader {
 public:
  /// Reads the directory. As in NumPy, a member is an array if its name ends with .npy or its content starts
  /// like an NPY file. Damage of other members does not matter. Throws FileError and FormatError.
  LSTMLIB_LAZY explicit NpzReader(const std::filesystem::path& path, const NpzOptions& options = {});
  /// Reads from memory, which must outlive the reader. `name` is used in error texts.
  LSTMLIB_LAZY NpzReader(std::span<const std::byte> bytes, const std::string& name,
                         const NpzOptions& options = {});
  NpzReader(const NpzReader&) = delete;
  NpzReader& operator=(const NpzReader&) = delete;
  ~NpzReader();

  const std::string& file_name() const;
  const NpzOptions& options() const { return options_; }
  std::uint64_t file_bytes() const;
  std::size_t size() const { return members_.size(); }
  const std::string& name(std::size_t place) const { return members_[place].name; }
  /// The index of the first array with this name.
  std::optional<std::size_t> find(const std::string& name) const;
  /// Name, element type and shape; unpacks only the header. An array that cannot be read has a `problem`.
  /// Throws FormatError if the member is damaged or not an array.
  LSTMLIB_LAZY ArrayInfo info(std::size_t place) const;
  /// Unpacks and checks one array. Throws FormatError.
  LSTMLIB_LAZY Array read(std::size_t place) const;
  /// For a file without arrays: a text that says so and lists what it contains instead.
  LSTMLIB_LAZY std::string without_arrays() const;

 private:
  struct Member {
    const ZipEntry* entry;
    std::string name;
  };

  LSTMLIB_LAZY bool begins_as_npy(const ZipEntry& entry) const;
  LSTMLIB_LAZY void find_arrays();

  std::unique_ptr<const ZipReader<void>> zip_;
  NpzOptions options_;
  std::vector<Member> members_;
  std::vector<const ZipEntry*> others_;
  std::unordered_map<std::string, std::size_t> places_;
};

namespace detail {
/// Reads the arrays with these indices. Unpacking takes most of a model's loading time, so large files use
/// two threads.
LSTMLIB_LAZY Archive read_places(const NpzReader& reader, const std::vector<std::size_t>& places);
}  // namespace detail

/// Reads all arrays of an NPZ file. Throws FileError, and FormatError "file: member: byte N: ...".
LSTMLIB_LAZY Archive read_npz(const std::filesystem::path& path, const NpzOptions& options = {});

/// Reads only the arrays with these names; damage of others does not matter. Throws FileError, and
/// FormatError also if one is missing.
LSTMLIB_LAZY Archive read_npz_arrays(const std::filesystem::path& path, const std::vector<std::string>& names,
                                     const NpzOptions& options = {});

/// Reads all arrays from memory. `name` is used in error texts.
LSTMLIB_LAZY Archive parse_npz(std::span<const std::byte> bytes, const std::string& name,
                               const NpzOptions& options = {});

/// Name, element type and shape of every array in an NPZ file; reads only the directory and headers. Throws
/// FileError, and FormatError if one is damaged.
LSTMLIB_LAZY std::vector<ArrayInfo> list_npz(const std::filesystem::path& path);

/// Passes the bytes of an NPZ file to `sink`. Equal archives give equal bytes.
LSTMLIB_LAZY void emit_npz(const Archive& archive, Compression compression, const Sink& sink);

LSTMLIB_LAZY std::vector<std::byte> format_npz(const Archive& archive,
                                               Compression compression = Compression::deflate);

/// Writes an NPZ file atomically, with exactly this name: no suffix is added. Throws FileError, and
/// FormatError for a name that an archive cannot hold.
LSTMLIB_LAZY void write_npz(const std::filesystem::path& path, const Archive& archive,
                            Compression compression = Compression::deflate);

/// Whether a file starts like a ZIP archive. Throws FileError if it cannot be read.
LSTMLIB_LAZY bool is_npz(const std::filesystem::path& path);

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/npz.inl"
#endif
