// SPDX-License-Identifier: MIT
#include "sentiment/cloud/transfers.hpp"

#include "sentiment/cloud/scratch_folder.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/data/progress_line.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sentiment::cloud {

namespace fs = std::filesystem;
using lstmlib::fail;
using lstmlib::FileError;

namespace {

/// The last part of a key, which becomes a file name.
std::string last_part(const S3Uri& uri) {
  const std::string name = uri.key.substr(uri.key.rfind('/') + 1);  // npos + 1 is 0
  if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string::npos)
    fail<lstmlib::Error>("'", one_line(uri.text()), "' does not end with a file name");
  return name;
}

void get(S3& s3, const S3Uri& from, const fs::path& file, std::uint64_t max_bytes, bool progress) {
  ProgressLine line("downloading " + one_line(from.key), progress);
  s3.get_file(from, file, max_bytes,
              [&](std::uint64_t done, std::uint64_t total) { line.update(done, total); });
}

}  // namespace

std::size_t upload_folder(S3& s3, const fs::path& folder, const S3Uri& to, bool progress) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) fail<FileError>(folder.string(), ": is not a folder");
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_directory()) continue;
    if (!entry.is_regular_file())
      fail<FileError>(entry.path().string(), ": is not a file, so it cannot be uploaded");
    files.push_back(entry.path().lexically_relative(folder));
  }
  if (files.empty()) fail<FileError>(folder.string(), ": it contains no file to upload");
  std::sort(files.begin(), files.end());
  for (const fs::path& name : files) {
    ProgressLine line("uploading " + one_line(name.string()), progress);
    s3.put_file(folder / name, to.below(name.generic_string()),
                [&](std::uint64_t done, std::uint64_t total) { line.update(done, total); });
  }
  return files.size();
}

fs::path fetch_object(S3& s3, const S3Uri& from, const fs::path& folder, std::uint64_t max_bytes,
                      bool progress) {
  const fs::path file = folder / last_part(from);
  make_folder(folder);
  get(s3, from, file, max_bytes, progress);
  return file;
}

void fetch_archive(S3& s3, const S3Uri& from, const fs::path& folder, const ArchiveLimits& limits,
                   bool progress) {
  const fs::path parent = (fs::absolute(folder) / "").lexically_normal().parent_path().parent_path();
  make_folder(parent);
  const ScratchFolder scratch(fs::is_directory(folder) ? folder : parent);
  const fs::path archive = scratch.path() / last_part(from);
  get(s3, from, archive, limits.bytes, progress);
  unpack_archive(archive, folder, limits, one_line(from.text()));
}

}  // namespace sentiment::cloud
