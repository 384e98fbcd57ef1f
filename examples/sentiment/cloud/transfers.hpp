// SPDX-License-Identifier: MIT
#pragma once
// Transfers of the pipeline: prepared folders to S3, and the results of a job from S3.

#include "sentiment/cloud/archive.hpp"
#include "sentiment/cloud/s3.hpp"

#include <cstdint>
#include <filesystem>

namespace sentiment::cloud {

/// Stores every file in `folder` as an object below `to`, under its relative name, in the order of names.
/// Follows links to files. Returns the number of files. If there is no such folder, or it is empty or
/// contains special files, throws FileError before anything is sent; otherwise throws like S3::put_file.
std::size_t upload_folder(S3& s3, const std::filesystem::path& folder, const S3Uri& to, bool progress);

/// Downloads an object into `folder`, named after the last part of its key. Returns the file. Throws like
/// S3::get_file.
std::filesystem::path fetch_object(S3& s3, const S3Uri& from, const std::filesystem::path& folder,
                                   std::uint64_t max_bytes, bool progress);

/// Downloads a .tar.gz and unpacks it into `folder`. If that fails, nothing of it remains. Throws like
/// S3::get_file and unpack_archive.
void fetch_archive(S3& s3, const S3Uri& from, const std::filesystem::path& folder,
                   const ArchiveLimits& limits, bool progress);

}  // namespace sentiment::cloud
