// SPDX-License-Identifier: MIT
#pragma once
// Packs folders as .tar.gz and unpacks them: the format of a training job's model and output.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace sentiment::cloud {

/// Limits of an archive's contents, because a small archive can fill a disk.
struct ArchiveLimits {
  std::uint64_t bytes = std::uint64_t{4} << 30;  ///< decompressed, including the members' headers
  std::size_t members = 100'000;
};

/// Packs the contents of `folder`, which may be empty, into the file `archive`. Member names are relative and
/// sorted, and have no owners, so equal folders give equal members. The file is written atomically. Throws
/// FileError, also for links, sockets and other special files.
void pack_folder(const std::filesystem::path& folder, const std::filesystem::path& archive);

/// Unpacks a .tar.gz (ustar, PAX, GNU) into `folder`. Everything is first unpacked to a temporary folder, up
/// to the end of the gzip stream with its checksum. Then the result is renamed to `folder` if that does not
/// exist; otherwise its files are moved one by one and replace those with the same name. Members must be
/// regular files and folders with relative names. Permissions and owners are ignored. Throws FileError, or
/// FormatError with the archive's `name` (default: its path) for anything else: absolute names, "..", links,
/// devices, exceeded limits, damage. Then nothing of the archive remains.
void unpack_archive(const std::filesystem::path& archive, const std::filesystem::path& folder,
                    const ArchiveLimits& limits = {}, const std::string& name = {});

}  // namespace sentiment::cloud
