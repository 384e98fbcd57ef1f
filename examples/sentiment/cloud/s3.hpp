// SPDX-License-Identifier: MIT
#pragma once
// Uploads files to S3 and downloads them.

#include "sentiment/cloud/service.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sentiment::cloud {

/// An object, or a bucket if the key is empty.
struct S3Uri {
  std::string bucket, key;

  /// Parses "s3://BUCKET/KEY". Throws Error for other text.
  static S3Uri parse(const std::string& uri);
  std::string text() const { return "s3://" + bucket + (key.empty() ? "" : "/" + key); }
  /// The object `name` in this one, which is treated as a folder.
  S3Uri below(const std::string& name) const;
};

/// Bytes transferred so far, and in total; 0: unknown.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

class S3 {
 public:
  static constexpr std::uint64_t part_bytes =
      8 << 20;  ///< part size of multipart uploads, which files of at least this size use

  /// `session` must outlive it.
  explicit S3(const Session& session) : service_(session, s3_service) {}

  /// Stores a file as an object. If a multipart upload fails, removes its parts. Throws FileError, also if
  /// the file changes meanwhile; ServiceError, ConnectionError, Interrupted.
  void put_file(const std::filesystem::path& file, const S3Uri& to, const Progress& progress = {});

  /// Downloads an object to a file, atomically. Its size must be what the response announced, and at most
  /// `max_bytes`. Throws like `put_file`.
  void get_file(const S3Uri& from, const std::filesystem::path& file, std::uint64_t max_bytes,
                const Progress& progress = {});

  /// Creates a bucket unless it exists. Throws like `put_file`, also if it belongs to somebody else.
  void ensure_bucket(const std::string& bucket);

 private:
  Request request(const char* method, const S3Uri& object) const;
  void put_parts(int file, const std::filesystem::path& name, std::uint64_t size, const S3Uri& to,
                 const Progress& progress);
  void complete(const S3Uri& to, const std::string& upload, const std::vector<std::string>& tags);

  Service service_;
};

}  // namespace sentiment::cloud
