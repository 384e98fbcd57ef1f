// SPDX-License-Identifier: MIT
#pragma once
// Reads whole files and writes files atomically. POSIX.

#include "lstmlib/base/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

namespace detail {

[[noreturn]] void fail_file(const std::filesystem::path& path, int error);

/// A file descriptor, closed on destruction.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() { close(); }
  int get() const { return number_; }
  /// Closes now. Returns false if the system reports an error.
  bool close();

 private:
  int number_;
};

}  // namespace detail

/// A regular file opened for reading. size() is its size when it was opened.
class InputFile {
 public:
  /// Throws FileError "path: reason", also if it is not a regular file.
  explicit InputFile(std::filesystem::path path);

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }

  /// Reads from byte `at` and returns the number of bytes read, fewer than requested only at the end of the
  /// file. Thread-safe. Throws FileError.
  std::size_t read_at(std::uint64_t at, std::span<std::byte> into) const;

 private:
  std::filesystem::path path_;
  detail::Descriptor file_;
  std::uint64_t size_ = 0;
};

/// Reads a regular file. Throws FileError "path: reason", also if it is larger than `max_bytes`.
std::vector<std::byte> read_file(const std::filesystem::path& path,
                                 std::uint64_t max_bytes = (std::numeric_limits<std::uint64_t>::max)());

/// The first `count` bytes of a regular file, fewer if it is shorter. Throws FileError.
std::vector<std::byte> read_file_start(const std::filesystem::path& path, std::size_t count);

/// Writes a file that appears under its name only when complete, at `commit`. Until then an existing file of
/// that name stays. The bytes go to a temporary file in the same folder, which is removed on failure.
///
///     io::AtomicFile file("metrics.txt");
///     file.write("accuracy 0.81\n");
///     file.commit();
class AtomicFile {
 public:
  /// Throws FileError if no file can be created in the folder.
  explicit AtomicFile(std::filesystem::path path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Appends. Throws FileError.
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);

  /// Flushes the bytes to disk, then renames the file. Throws FileError.
  void commit();

 private:
  static std::filesystem::path folder_of(const std::filesystem::path& path);
  static std::filesystem::path temporary_name(const std::filesystem::path& path);
  static detail::Descriptor create(const std::filesystem::path& path, const std::filesystem::path& temporary);

  std::filesystem::path path_, temporary_;
  detail::Descriptor file_;
  bool committed_ = false;
};

/// Deletes temporary files of AtomicFile that killed processes of this machine left in `folder`.
void remove_abandoned_files(const std::filesystem::path& folder);

/// Writes a file atomically, see AtomicFile. Throws FileError.
void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file(const std::filesystem::path& path, std::string_view text);

}  // namespace lstmlib::io

#ifndef LSTMLIB_CPU_LINKED
#include "lstmlib/io/file.inl"
#endif
