// SPDX-License-Identifier: MIT
#pragma once
// Whole files. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/file.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace lstmlib::inline LSTMLIB_ABI::io {

namespace detail {

LSTMLIB_INLINE void fail_file(const std::filesystem::path& path, int error) {
  fail<FileError>(path.string(), ": ", std::strerror(error));
}

LSTMLIB_INLINE bool Descriptor::close() {
  const int number = std::exchange(number_, -1);
  return number < 0 || ::close(number) == 0;
}

}  // namespace detail

// Without O_NONBLOCK, opening a pipe that has no writer would block before it is refused.
LSTMLIB_INLINE InputFile::InputFile(std::filesystem::path path)
    : path_(std::move(path)), file_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
  struct stat status = {};
  if (file_.get() < 0 || ::fstat(file_.get(), &status) != 0) detail::fail_file(path_, errno);
  if (S_ISDIR(status.st_mode)) detail::fail_file(path_, EISDIR);
  if (!S_ISREG(status.st_mode))
    fail<FileError>(path_.string(), ": is not a regular file (a pipe, a device or the like)");
  size_ = static_cast<std::uint64_t>(status.st_size);
}

LSTMLIB_INLINE std::size_t InputFile::read_at(std::uint64_t at, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count =
        ::pread(file_.get(), into.data() + done, into.size() - done, static_cast<off_t>(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) detail::fail_file(path_, errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

LSTMLIB_INLINE std::vector<std::byte> read_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const InputFile file(path);
  if (file.size() > max_bytes)
    fail<FileError>(path.string(), ": has ", file.size(), " bytes, the limit is ", max_bytes);
  std::vector<std::byte> bytes(static_cast<std::size_t>(file.size()));
  bytes.resize(file.read_at(0, bytes));  // the file may have shrunk
  return bytes;
}

LSTMLIB_INLINE std::vector<std::byte> read_file_start(const std::filesystem::path& path, std::size_t count) {
  std::vector<std::byte> bytes(count);
  bytes.resize(InputFile(path).read_at(0, bytes));
  return bytes;
}

LSTMLIB_INLINE AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)), temporary_(temporary_name(path_)), file_(create(path_, temporary_)) {}

LSTMLIB_INLINE AtomicFile::~AtomicFile() {
  if (!committed_) ::unlink(temporary_.c_str());
}

LSTMLIB_INLINE void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) detail::fail_file(path_, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(count));
  }
}

LSTMLIB_INLINE void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

LSTMLIB_INLINE void AtomicFile::commit() {
  if (::fsync(file_.get()) != 0 || !file_.close() || ::rename(temporary_.c_str(), path_.c_str()) != 0)
    detail::fail_file(path_, errno);
  committed_ = true;
  // The rename survives a power loss only if the folder is flushed too. Some file systems cannot do that.
  const detail::Descriptor folder(::open(folder_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() >= 0) ::fsync(folder.get());
}

LSTMLIB_INLINE std::filesystem::path AtomicFile::folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

LSTMLIB_INLINE std::filesystem::path AtomicFile::temporary_name(const std::filesystem::path& path) {
  static std::atomic<std::uint64_t> counter{0};
  return folder_of(path) / message(".lstmlib-", ::getpid(), "-", counter++, ".tmp");
}

LSTMLIB_INLINE detail::Descriptor AtomicFile::create(const std::filesystem::path& path,
                                                     const std::filesystem::path& temporary) {
  if (std::filesystem::is_directory(path)) detail::fail_file(path, EISDIR);
  const auto open_new = [&] {
    return ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  };
  int number = open_new();
  if (number < 0 && errno == EEXIST && ::unlink(temporary.c_str()) == 0)
    number = open_new();  // left by a dead process
  if (number < 0) detail::fail_file(path, errno);
  return detail::Descriptor(number);
}

LSTMLIB_INLINE void remove_abandoned_files(const std::filesystem::path& folder) {
  std::error_code error;  // ignored: a file that stays does no harm
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    int process = 0, end = 0;
    const std::string name = entry.path().filename().string();
    if (std::sscanf(name.c_str(), ".lstmlib-%9d-%*20[0-9].tmp%n", &process, &end) != 1) continue;
    if (static_cast<std::size_t>(end) != name.size() || process < 1) continue;
    if (::kill(process, 0) != 0 && errno == ESRCH) std::filesystem::remove(entry.path(), error);
  }
}

LSTMLIB_INLINE void write_file(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  AtomicFile file(path);
  file.write(bytes);
  file.commit();
}

LSTMLIB_INLINE void write_file(const std::filesystem::path& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text)));
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
