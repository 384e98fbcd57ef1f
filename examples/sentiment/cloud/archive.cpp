// SPDX-License-Identifier: MIT
#include "sentiment/cloud/archive.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <locale.h>
#include <sys/stat.h>
#include <zlib.h>

#include "lstmlib/io/file.hpp"
#include "lstmlib/io/utf8.hpp"
#include "sentiment/cloud/scratch_folder.hpp"
#include "sentiment/data/file.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sentiment::cloud {

namespace fs = std::filesystem;
using lstmlib::fail;
using lstmlib::FileError;
using lstmlib::FormatError;
using lstmlib::io::printable;  // names in archives may contain any bytes

namespace {

constexpr std::size_t block = 1 << 16;

/// libarchive converts names between UTF-8 and the thread's locale, and this program runs in the locale "C".
class Utf8Locale {
 public:
  Utf8Locale() : made_(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (made_) before_ = ::uselocale(made_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (!made_) return;
    ::uselocale(before_);
    ::freelocale(made_);
  }

 private:
  locale_t made_ = nullptr, before_ = nullptr;
};

/// The decompressed bytes of a gzip file, with checksums verified. libarchive's own filter ignores them.
class GzipFile {
 public:
  GzipFile(const fs::path& path, std::uint64_t limit)
      : path_(path), limit_(limit), file_(::gzopen(path.c_str(), "rb")) {
    if (!file_) fail<FileError>(path.string(), ": ", errno ? std::strerror(errno) : "not enough memory");
  }
  GzipFile(const GzipFile&) = delete;
  GzipFile& operator=(const GzipFile&) = delete;
  ~GzipFile() { ::gzclose(file_); }

  /// The next bytes, valid until another call; empty at the end. Nothing, with a reason in `error()`, if the
  /// file is not a complete gzip file or exceeds the limit.
  std::optional<std::string_view> next() {
    const int count = ::gzread(file_, buffer_.data(), static_cast<unsigned>(buffer_.size()));
    int code = Z_OK;
    const char* reason = ::gzerror(file_, &code);
    // A truncated file looks like the end of a file.
    if (count < 0 || (code != Z_OK && code != Z_STREAM_END)) {
      const char* of_system = code == Z_ERRNO ? std::strerror(errno) : nullptr;
      return damaged(of_system ? of_system : reason);
    }
    if (::gzdirect(file_)) return damaged("not a gzip file");
    total_ += static_cast<std::uint64_t>(count);
    if (total_ > limit_) return damaged(lstmlib::message("decompresses to more than ", limit_, " bytes"));
    return std::string_view(buffer_.data(), static_cast<std::size_t>(count));
  }
  const std::string& error() const { return error_; }

  /// Callback for archive_read_open.
  static la_ssize_t read(archive* handle, void* self, const void** bytes) {
    auto& file = *static_cast<GzipFile*>(self);
    const auto got = file.next();
    if (!got) {
      archive_set_error(handle, EIO, "%s", file.error().c_str());
      return -1;
    }
    *bytes = got->data();
    return static_cast<la_ssize_t>(got->size());
  }

 private:
  std::nullopt_t damaged(std::string reason) {
    // gzerror puts the path in front of the reason.
    if (reason.starts_with(path_.string() + ": ")) reason.erase(0, path_.string().size() + 2);
    error_ = reason;
    return std::nullopt;
  }

  fs::path path_;
  std::uint64_t limit_, total_ = 0;
  gzFile file_;
  std::array<char, block> buffer_{};
  std::string error_;
};

struct ArchiveClose {
  void operator()(archive* handle) const { archive_free(handle); }
  void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

/// Writes the members of an archive to a folder that is initially empty.
class Unpacking {
 public:
  Unpacking(const fs::path& archive, const fs::path& into, const ArchiveLimits& limits, std::string name)
      : name_(std::move(name)),
        into_(into),
        limits_(limits),
        gzip_(archive, limits.bytes),
        reader_(archive_read_new()) {
    if (!reader_) fail<lstmlib::Error>(name_, ": libarchive does not start");
  }

  void run() {
    archive_read_support_format_tar(reader_.get());
    if (archive_read_open(reader_.get(), &gzip_, nullptr, &GzipFile::read, nullptr) != ARCHIVE_OK)
      refuse_here();
    archive_entry* entry = nullptr;
    for (std::size_t members = 0;; ++members) {
      const int status = archive_read_next_header(reader_.get(), &entry);
      if (status == ARCHIVE_EOF) break;
      if (status != ARCHIVE_OK && status != ARCHIVE_WARN) refuse_here();
      if (members == limits_.members) refuse("more than ", limits_.members, " members");
      unpack(entry);
    }
    while (true) {  // data after the last member is part of the checksum
      const auto rest = gzip_.next();
      if (!rest) refuse(gzip_.error());
      if (rest->empty()) break;
    }
  }

 private:
  template <class... Parts>
  [[noreturn]] void refuse(const Parts&... parts) const {
    fail<FormatError>(name_, ": ", parts...);
  }
  [[noreturn]] void refuse_here() const {
    const char* reason = archive_error_string(reader_.get());
    refuse(reason ? printable(reason) : "not a tar archive");
  }

  /// The normalised name of a member; "" for the top folder.
  fs::path name_of(archive_entry* entry) const {
    const char* given = archive_entry_pathname(entry);
    if (!given) given = archive_entry_pathname_utf8(entry);
    if (!given || *given == 0) refuse("a member without a name");
    const std::string_view name = given;
    if (name.front() == '/') refuse("the member '", printable(name), "' has an absolute name");
    fs::path kept;
    for (std::size_t begin = 0; begin <= name.size();) {
      const std::size_t end = (std::min)(name.find('/', begin), name.size());
      const std::string_view part = name.substr(begin, end - begin);
      if (part == "..") refuse("the member '", printable(name), "' leaves the folder");
      if (!part.empty() && part != ".") kept /= part;
      begin = end + 1;
    }
    return kept;
  }

  void unpack(archive_entry* entry) {
    const fs::path name = name_of(entry);
    const auto type = archive_entry_filetype(entry);
    const bool link = archive_entry_hardlink(entry) != nullptr || archive_entry_symlink(entry) != nullptr;
    if (link || (type != AE_IFREG && type != AE_IFDIR))
      refuse("the member '", printable(name.string()), "' is ", link ? "a link" : "a device or the like",
             "; only files and folders are unpacked");
    // There are no links in into_, so this path cannot leave it.
    if (type == AE_IFDIR) return make_folder(into_ / name);
    if (name.empty()) refuse("a file without a name");
    make_folder((into_ / name).parent_path());
    write(into_ / name, static_cast<std::uint64_t>((std::max<la_int64_t>)(archive_entry_size(entry), 0)));
  }

  void write(const fs::path& file, std::uint64_t size) {
    // Holes of a sparse file take no bytes in the gzip stream, so its limit does not cover them.
    if (size > limits_.bytes - written_) refuse("decompresses to more than ", limits_.bytes, " bytes");
    written_ += size;
    const lstmlib::io::detail::Descriptor out(
        ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (out.get() < 0) lstmlib::io::detail::fail_file(file, errno);
    std::uint64_t left = size;
    while (true) {
      const la_ssize_t count = archive_read_data(reader_.get(), buffer_.data(), buffer_.size());
      if (count < 0) refuse_here();
      if (count == 0) break;
      if (static_cast<std::uint64_t>(count) > left) refuse("a member is longer than its header states");
      left -= static_cast<std::uint64_t>(count);
      for (la_ssize_t done = 0; done < count;) {
        const ssize_t step =
            ::write(out.get(), buffer_.data() + done, static_cast<std::size_t>(count - done));
        if (step < 0 && errno == EINTR) continue;
        if (step < 0) lstmlib::io::detail::fail_file(file, errno);
        done += step;
      }
    }
    // libarchive does not report a hole at the end.
    const bool whole = left == 0 || ::ftruncate(out.get(), static_cast<off_t>(size)) == 0;
    if (!whole || ::fsync(out.get()) != 0) lstmlib::io::detail::fail_file(file, errno);
  }

  std::string name_;  ///< of the archive, for messages
  fs::path into_;
  ArchiveLimits limits_;
  GzipFile gzip_;
  std::unique_ptr<archive, ArchiveClose> reader_;
  std::uint64_t written_ = 0;
  std::array<char, block> buffer_{};
};

/// Moves the contents of `from` into `to`, which may have other contents. First checks that all of it can be
/// moved.
void merge(const fs::path& from, const fs::path& to) {
  std::vector<fs::path> folders, files;
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path name = entry.path().lexically_relative(from), target = to / name;
    const bool folder = entry.is_directory();
    if (fs::exists(target) && fs::is_directory(target) != folder)
      fail<FileError>(target.string(), ": is ", folder ? "a file" : "a folder",
                      ", the archive has the other");
    (folder ? folders : files).push_back(name);
  }
  for (const auto& name : folders) make_folder(to / name);  // parents come before their contents
  for (const auto& name : files) fs::rename(from / name, to / name);
}

class Packing {
 public:
  explicit Packing(const fs::path& archive) : path_(archive), file_(archive), writer_(archive_write_new()) {
    if (!writer_) fail<lstmlib::Error>(path_.string(), ": libarchive does not start");
    archive_write_add_filter_gzip(writer_.get());
    archive_write_set_format_pax_restricted(writer_.get());
    archive_write_set_options(writer_.get(), "gzip:!timestamp");
    archive_write_set_bytes_in_last_block(writer_.get(), 1);
    check(archive_write_open(writer_.get(), this, nullptr, &Packing::on_bytes, nullptr));
  }

  void add(const fs::path& source, const std::string& name) {
    std::error_code error;
    const auto status = fs::symlink_status(source, error);
    const bool folder = fs::is_directory(status);
    if (!folder && !fs::is_regular_file(status))
      fail<FileError>(source.string(), ": is neither a file nor a folder, so it cannot be archived");
    const lstmlib::io::detail::Descriptor in(
        folder ? -1 : ::open(source.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat about = {};
    if (folder ? ::lstat(source.c_str(), &about) != 0 : in.get() < 0 || ::fstat(in.get(), &about) != 0)
      lstmlib::io::detail::fail_file(source, errno);
    const std::unique_ptr<archive_entry, ArchiveClose> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(entry.get(), folder ? 0755 : 0644);
    archive_entry_set_mtime(entry.get(), about.st_mtime, 0);
    archive_entry_set_size(entry.get(), folder ? 0 : static_cast<la_int64_t>(about.st_size));
    check(archive_write_header(writer_.get(), entry.get()));
    if (!folder) copy(source, in.get(), static_cast<std::uint64_t>(about.st_size));
  }

  void finish() {
    check(archive_write_close(writer_.get()));
    file_.commit();
  }

 private:
  void copy(const fs::path& source, int in, std::uint64_t size) {
    std::uint64_t left = size;
    while (left > 0) {
      const ssize_t count =
          ::read(in, buffer_.data(), static_cast<std::size_t>((std::min<std::uint64_t>)(left, block)));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) lstmlib::io::detail::fail_file(source, errno);
      if (count == 0) fail<FileError>(source.string(), ": became shorter while it was archived");
      check(archive_write_data(writer_.get(), buffer_.data(), static_cast<std::size_t>(count)));
      left -= static_cast<std::uint64_t>(count);
    }
  }

  void check(la_ssize_t status) {
    if (status >= 0 || status == ARCHIVE_WARN) return;
    if (!failure_.empty()) fail<FileError>(failure_);
    const char* reason = archive_error_string(writer_.get());
    fail<FileError>(path_.string(), ": ", reason ? reason : "cannot archive");
  }

  static la_ssize_t on_bytes(archive* handle, void* self, const void* bytes, std::size_t count) {
    auto& packing = *static_cast<Packing*>(self);
    try {
      packing.file_.write(std::span(static_cast<const std::byte*>(bytes), count));
      return static_cast<la_ssize_t>(count);
    } catch (const std::exception& error) {  // exceptions must not pass through libarchive's C code
      packing.failure_ = error.what();
      archive_set_error(handle, EIO, "%s", error.what());
      return -1;
    }
  }

  fs::path path_;
  lstmlib::io::AtomicFile file_;
  std::string failure_;
  std::array<char, block> buffer_{};
  std::unique_ptr<archive, ArchiveClose> writer_;  // last, because its destructor may still write
};

}  // namespace

void pack_folder(const fs::path& folder, const fs::path& archive) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) fail<FileError>(folder.string(), ": is not a folder");
  const Utf8Locale names;
  std::vector<fs::path> members;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    members.push_back(entry.path().lexically_relative(folder));
  std::sort(members.begin(), members.end());
  Packing packing(archive);
  for (const auto& member : members) packing.add(folder / member, member.string());
  packing.finish();
}

void unpack_archive(const fs::path& archive, const fs::path& folder, const ArchiveLimits& limits,
                    const std::string& name) {
  const Utf8Locale names;
  const fs::path target = (fs::absolute(folder) / "").lexically_normal().parent_path();
  const bool there = fs::exists(target);
  if (there && !fs::is_directory(target)) fail<FileError>(folder.string(), ": is not a folder");
  if (!there) make_folder(target.parent_path());
  const ScratchFolder scratch(there ? target : target.parent_path());
  const fs::path unpacked = scratch.path() / "content";
  make_folder(unpacked);
  Unpacking(archive, unpacked, limits, name.empty() ? archive.string() : name).run();
  if (there) merge(unpacked, target);
  else fs::rename(unpacked, target);
}

}  // namespace sentiment::cloud
