// SPDX-License-Identifier: MIT
#pragma once
// Objects in S3: whole files to a bucket and back.

#include "sentiment/cloud/service.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace sentiment::cloud {

/// An object, or with an empty key a bucket.
struct S3Uri {
  std::string bucket, key;

  /// Takes "s3://BUCKET/KEY" apart. Throws Error where it is none.
  static S3Uri parse(const std::string& uri);
  std::string text() const { return "s3://" + bucket + (key.empty() ? "" : "/" + key); }
  /// The object `name` below this one, which stands for a folder.
  S3Uri below(const std::string& name) const;
};

/// Bytes of a file so far and all of it; 0 where that is not known.
using Progress = std::function<void(std::uint64_t done, std::uint64_t total)>;

class S3 {
 public:
  static constexpr std::uint64_t part_bytes =
      8 << 20;  ///< of a multipart upload, for files of this size and above

  /// `session` outlives it.
  explicit S3(const Session& session) : service_(session, s3_service) {}

  /// Stores a file as an object. What was sent of a multipart upload goes again where that does not end well.
  /// Throws FileError, also for a file that changes meanwhile; ServiceError, ConnectionError, Interrupted.
  void put_file(const std::filesystem::path& file, const S3Uri& to, const Progress& progress = {});

  /// Fetches an object into a file that appears complete or not at all: as many bytes as the answer
  /// announced, at most `max_bytes`. Throws as `put_file`.
  void get_file(const S3Uri& from, const std::filesystem::path& file, std::uint64_t max_bytes,
                const Progress& progress = {});

  /// Makes a bucket that is not there yet. Throws as `put_file`, for one of somebody else, too.
  void ensure_bucket(const std::string& bucket);

 private:
  Request request(const char* method, const S3Uri& object) const;
  void put_parts(int file, const std::filesystem::path& name, std::uint64_t size, const S3Uri& to,
                 const Progress& progress);
  void complete(const S3Uri& to, const std::string& upload, const std::vector<std::string>& tags);

  Service service_;
};

}  // namespace sentiment::cloud
