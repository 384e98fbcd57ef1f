// SPDX-License-Identifier: MIT
#pragma once
// Whole text files. Files are written atomically, with the folders above them.

#include "lstmlib/io/file.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

namespace sentiment {

/// All bytes of a regular file. Throws FileError if it cannot be read or has more than `limit` bytes.
inline std::string read_text(const std::filesystem::path& file,
                             std::uint64_t limit = std::uint64_t{1} << 30) {
  const auto bytes = lstmlib::io::read_file(file, limit);
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

/// Creates a folder and its parents. Does nothing if it exists or is "". Throws FileError with the reason.
inline void make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (folder.empty() || std::filesystem::is_directory(folder, error)) return;
  std::filesystem::create_directories(folder, error);
  if (error)
    lstmlib::fail<lstmlib::FileError>(folder.string(), ": cannot make this folder: ", error.message());
}

/// Writes a file atomically and creates the folders above it. Throws FileError.
inline void write_text(const std::filesystem::path& file, std::string_view text) {
  make_folder(file.parent_path());
  lstmlib::io::write_file(file, text);
}

}  // namespace sentiment
