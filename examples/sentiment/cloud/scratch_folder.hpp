// SPDX-License-Identifier: MIT
#pragma once
// A folder for unfinished files, removed at the end.

#include "lstmlib/base/error.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace sentiment::cloud {

/// A new folder in `parent`, on the same file system, so that its contents can be renamed into `parent`. The
/// destructor removes it with its contents. Throws FileError.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& parent) {
    static std::atomic<std::uint64_t> counter{0};
    do {
      path_ = parent / lstmlib::message(".lstmlib-", ::getpid(), "-", counter++, ".folder");
      if (::mkdir(path_.c_str(), 0777) == 0) return;
    } while (errno == EEXIST);
    lstmlib::fail<lstmlib::FileError>(parent.string(),
                                      ": cannot make a folder in it: ", std::strerror(errno));
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder() {
    std::error_code ignored;  // what cannot be removed does no harm
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace sentiment::cloud
