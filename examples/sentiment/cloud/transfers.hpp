// SPDX-License-Identifier: MIT
#pragma once
// The steps of the pipeline that move data: prepared folders to S3, and what a job left from there.

#include "sentiment/cloud/archive.hpp"
#include "sentiment/cloud/s3.hpp"

#include <cstdint>
#include <filesystem>

namespace sentiment::cloud {

/// Stores every file below `folder` as an object below `to`, under its name relative to the folder, in the
/// order of the names; links to files are followed. Returns the number of files. Throws FileError, before
/// anything is sent, where there is no such folder, nothing in it, or something in it that is no file; else
/// as S3::put_file.
std::size_t upload_folder(S3& s3, const std::filesystem::path& folder, const S3Uri& to, bool progress);

/// Fetches an object into `folder`, under the last part of its key; returns the file. Throws as S3::get_file.
std::filesystem::path fetch_object(S3& s3, const S3Uri& from, const std::filesystem::path& folder,
                                   std::uint64_t max_bytes, bool progress);

/// Fetches a .tar.gz and unpacks it into `folder`; of a transfer or an archive that fails nothing is there.
/// Throws as S3::get_file and unpack_archive.
void fetch_archive(S3& s3, const S3Uri& from, const std::filesystem::path& folder,
                   const ArchiveLimits& limits, bool progress);

}  // namespace sentiment::cloud
