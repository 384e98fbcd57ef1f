// SPDX-License-Identifier: MIT
#pragma once
// An unfinished download in the file NAME.part, which several processes may want to write.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lstmlib/base/error.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

namespace sentiment {

/// The unfinished file, open and locked: one process writes, and others wait.
class PartFile {
 public:
  /// Opens or creates the file. Waits while another process has it locked. Throws FileError, like all
  /// functions below.
  explicit PartFile(std::filesystem::path path) : path_(std::move(path)) {
    while (true) {
      descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (descriptor_ < 0) fail_here();
      while (::flock(descriptor_, LOCK_EX) != 0) {
        if (errno != EINTR) fail_here();
      }
      if (has_its_name()) return;  // otherwise another process finished the download meanwhile
      ::close(descriptor_);
    }
  }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;
  /// Keeps the data for the next run; removes an empty file.
  ~PartFile() {
    struct stat status = {};
    if (has_its_name() && ::fstat(descriptor_, &status) == 0 && status.st_size == 0) remove();
    ::close(descriptor_);
  }

  std::uint64_t size() const {
    struct stat status = {};
    if (::fstat(descriptor_, &status) != 0) fail_here();
    return static_cast<std::uint64_t>(status.st_size);
  }
  void clear() {
    if (::ftruncate(descriptor_, 0) != 0) fail_here();
  }
  void append(std::string_view bytes) {
    if (::lseek(descriptor_, 0, SEEK_END) < 0) fail_here();
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) fail_here();
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  /// Flushes the data to disk, then renames the file.
  void move_to(const std::filesystem::path& target) {
    if (::fsync(descriptor_) != 0 || ::rename(path_.c_str(), target.c_str()) != 0) fail_here();
  }
  void remove() { ::unlink(path_.c_str()); }
  const std::filesystem::path& path() const { return path_; }

 private:
  bool has_its_name() const {
    struct stat ours = {};
    struct stat named = {};
    return ::fstat(descriptor_, &ours) == 0 && ::stat(path_.c_str(), &named) == 0 &&
           ours.st_ino == named.st_ino && ours.st_dev == named.st_dev;
  }
  [[noreturn]] void fail_here() const {
    lstmlib::fail<lstmlib::FileError>(path_.string(), ": ", std::strerror(errno));
  }

  std::filesystem::path path_;
  int descriptor_ = -1;
};

}  // namespace sentiment
