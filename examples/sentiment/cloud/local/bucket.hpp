// SPDX-License-Identifier: MIT
#pragma once
// A folder that simulates S3: s3://BUCKET/KEY is the file ROOT/BUCKET/KEY.

#include <filesystem>
#include <string>

namespace sentiment::local {

namespace fs = std::filesystem;

class Bucket {
 public:
  Bucket(fs::path root, std::string name) : root_(std::move(root)), name_(std::move(name)) {}

  std::string uri(const std::string& key) const { return "s3://" + name_ + '/' + key; }
  /// Path of an object in this bucket. Throws Error for another URI.
  fs::path file(const std::string& uri) const;

  /// Copies the contents of `folder` to keys below `prefix`. Returns the prefix's URI, without a final slash.
  /// Throws FileError.
  std::string upload(const fs::path& folder, const std::string& prefix) const;
  /// The inverse: copies everything below the prefix `uri` to `folder`, which is created.
  void download(const std::string& uri, const fs::path& folder) const;

 private:
  fs::path root_;
  std::string name_;
};

}  // namespace sentiment::local
