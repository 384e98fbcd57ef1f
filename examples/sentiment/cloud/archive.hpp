// SPDX-License-Identifier: MIT
#pragma once
// Folders as .tar.gz and back: the form in which a training job leaves its model and its output.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace sentiment::cloud {

/// What an archive may hold at most; a small one can unpack to a full disk.
struct ArchiveLimits {
  std::uint64_t bytes = std::uint64_t{4} << 30;  ///< unpacked, with the headers of the members
  std::size_t members = 100'000;
};

/// Packs all that is in `folder` (an empty one too) into the file `archive`, names relative to the folder, in
/// their order, without owners: equal folders give equal members. The file appears complete or not at all.
/// Throws FileError; also for links, sockets and the like, which are no content of a job.
void pack_folder(const std::filesystem::path& folder, const std::filesystem::path& archive);

/// Unpacks a .tar.gz (ustar, PAX, GNU) into `folder`. First all of it into a folder for what is not finished,
/// to the end of the gzip stream with its checksum; only then does anything appear: as a whole where there is
/// no `folder` yet, else file by file, replacing those of the same name. Members are regular files and
/// folders with relative names; permissions and owners of the archive are not taken over. Throws FormatError,
/// which names the archive (by `name`, where it is known by another than its path), for anything else
/// (absolute names, "..", links, devices, above the limits, damage), and FileError; nothing of the archive is
/// there then.
void unpack_archive(const std::filesystem::path& archive, const std::filesystem::path& folder,
                    const ArchiveLimits& limits = {}, const std::string& name = {});

}  // namespace sentiment::cloud
