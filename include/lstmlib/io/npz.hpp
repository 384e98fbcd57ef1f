// SPDX-License-Identifier: MIT
#pragma once
// NPZ files: arrays with names, in a ZIP archive of NPY files, as NumPy's savez and Chainer's save_npz have
// them.

#include "lstmlib/io/file.hpp"
#include "lstmlib/io/npy.hpp"
#include "lstmlib/io/zip_reader.hpp"
#include "lstmlib/io/zip_writer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

struct NpzOptions {
  bool allow_objects = true;  ///< see NpyOptions
  /// Most bytes of data of all arrays together.
  std::uint64_t max_bytes = (std::numeric_limits<std::int64_t>::max)();
};

/// Arrays with names, in order.
class Archive {
 public:
  struct Entry {
    std::string name;  ///< without ".npy"
    Array array;
  };

  /// Throws FormatError where the name is taken.
  void add(std::string name, Array array) {
    if (!places_.emplace(name, entries_.size()).second)
      fail<FormatError>("archive: the array '", printable(name), "' is there already");
    entries_.push_back({std::move(name), std::move(array)});
  }
  /// Null where there is no such array. Valid until the next `add`.
  const Array* find(const std::string& name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? nullptr : &entries_[place->second].array;
  }
  /// Throws FormatError, which names some of the others, where there is no such array.
  const Array& at(const std::string& name) const {
    if (const Array* array = find(name)) return *array;
    std::string others;
    for (std::size_t place = 0; place < entries_.size() && place < 5; ++place)
      others += (place == 0 ? "" : ", ") + ("'" + printable(entries_[place].name) + "'");
    fail<FormatError>("archive: no array '", printable(name), "' among ", entries_.size(), ": ", others,
                      entries_.size() > 5 ? ", ..." : "");
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Entry& entry : entries_) names.push_back(entry.name);
    return names;
  }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }

 private:
  std::vector<Entry> entries_;
  std::unordered_map<std::string, std::size_t> places_;
};

/// An NPZ file whose arrays are read one by one, for a look at what is there before anything is unpacked.
class NpzReader {
 public:
  /// Reads the directory. Members that are not NPY files are passed over, as NumPy does. Throws FileError,
  /// FormatError.
  explicit NpzReader(const std::filesystem::path& path, const NpzOptions& options = {})
      : NpzReader(read_file(path), path.string(), options) {}
  /// The bytes must outlive the reader; `name` is for messages.
  NpzReader(std::span<const std::byte> bytes, const std::string& name, const NpzOptions& options = {})
      : file_bytes_(bytes.size()), zip_(bytes, name), options_(options), members_(npy_members(zip_)) {}
  NpzReader(const NpzReader&) = delete;
  NpzReader& operator=(const NpzReader&) = delete;

  std::size_t size() const { return members_.size(); }
  std::size_t file_bytes() const { return file_bytes_; }
  std::string name(std::size_t place) const {
    const std::string& member = members_[place]->name;
    return member.substr(0, member.size() - 4);
  }
  /// Name, type and shape; unpacks the head only.
  ArrayInfo info(std::size_t place) const {
    ZipMember member = zip_.open(*members_[place]);
    ArrayInfo info = read_npy_info(member);
    info.name = name(place);
    return info;
  }
  /// Unpacks and checks one array. Throws FormatError.
  Array read(std::size_t place) const {
    ZipMember member = zip_.open(*members_[place]);
    Array array = read_npy(member, {options_.allow_objects, options_.max_bytes});
    member.finish();
    return array;
  }

 private:
  NpzReader(std::vector<std::byte> bytes, const std::string& name, const NpzOptions& options)
      : bytes_(std::move(bytes)),
        file_bytes_(bytes_.size()),
        zip_(bytes_, name),
        options_(options),
        members_(npy_members(zip_)) {}

  static std::vector<const ZipEntry*> npy_members(const ZipReader& zip) {
    std::vector<const ZipEntry*> members;
    for (const ZipEntry& entry : zip.entries())
      if (entry.name.ends_with(".npy")) members.push_back(&entry);
    return members;
  }

  std::vector<std::byte> bytes_;  ///< where the reader was made of a file
  std::size_t file_bytes_;
  ZipReader zip_;
  NpzOptions options_;
  std::vector<const ZipEntry*> members_;
};

namespace detail {

/// Unpacking takes most of the time that a model takes to load: of a large file two threads do it.
inline Archive read_all(const NpzReader& reader, const std::string& name, std::uint64_t max_bytes) {
  constexpr std::size_t worth_a_thread = 1 << 20;  // bytes of the file
  const std::size_t count = reader.size();
  std::vector<Array> arrays(count);
  std::vector<std::exception_ptr> errors(count);
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> bytes{0};
  const auto work = [&] {
    for (std::size_t place; (place = next++) < count;) {
      try {
        arrays[place] = reader.read(place);
        if ((bytes += arrays[place].data.size()) > max_bytes)
          fail<FormatError>(name, ": more than ", max_bytes, " bytes of data");
      } catch (...) {
        errors[place] = std::current_exception();
        next = count;
      }
    }
  };
  {
    std::jthread other;
    if (count > 1 && reader.file_bytes() >= worth_a_thread) try {
        other = std::jthread(work);
      } catch (const std::system_error&) {}  // then this one does it all
    work();
  }
  Archive archive;
  for (std::size_t place = 0; place < count; ++place) {
    if (errors[place]) std::rethrow_exception(errors[place]);
    archive.add(reader.name(place), std::move(arrays[place]));
  }
  return archive;
}

}  // namespace detail

/// Reads all arrays of an NPZ file. Throws FileError, FormatError "file: member: byte N: ...".
inline Archive read_npz(const std::filesystem::path& path, const NpzOptions& options = {}) {
  return detail::read_all(NpzReader(path, options), path.string(), options.max_bytes);
}

/// The same from memory; `name` is for messages.
inline Archive parse_npz(std::span<const std::byte> bytes, const std::string& name,
                         const NpzOptions& options = {}) {
  return detail::read_all(NpzReader(bytes, name, options), name, options.max_bytes);
}

/// Name, type and shape of every array in an NPZ file, without their values.
inline std::vector<ArrayInfo> list_npz(const std::filesystem::path& path) {
  const NpzReader reader(path);
  std::vector<ArrayInfo> infos;
  for (std::size_t place = 0; place < reader.size(); ++place) infos.push_back(reader.info(place));
  return infos;
}

/// Hands the bytes of an NPZ file to the sink. Equal archives give equal bytes.
inline void emit_npz(const Archive& archive, Compression compression, const Sink& sink) {
  ZipWriter zip(sink);
  for (const Archive::Entry& entry : archive)
    zip.add(entry.name + ".npy", compression, [&](const Sink& member) { emit_npy(entry.array, member); });
  zip.finish();
}

inline std::vector<std::byte> format_npz(const Archive& archive,
                                         Compression compression = Compression::deflate) {
  std::vector<std::byte> bytes;
  emit_npz(archive, compression,
           [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
  return bytes;
}

/// Writes an NPZ file, atomically, under exactly this name: no suffix is appended. Throws FileError, and
/// FormatError for a name that no archive can hold.
inline void write_npz(const std::filesystem::path& path, const Archive& archive,
                      Compression compression = Compression::deflate) {
  AtomicFile file(path);
  emit_npz(archive, compression, [&](std::span<const std::byte> part) { file.write(part); });
  file.commit();
}

/// True where a file starts as a ZIP archive does. Throws FileError where it cannot be read.
inline bool is_npz(const std::filesystem::path& path) {
  const std::vector<std::byte> start = read_file_start(path, 4);
  return as_text(start) == "PK\x03\x04" || as_text(start) == "PK\x05\x06";
}

}  // namespace lstmlib::io
