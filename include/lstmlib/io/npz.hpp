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
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <unordered_set>
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
      fail<FormatError>("archive: the array '", printable_name(name), "' is there already");
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
      others += (place == 0 ? "" : ", ") + ("'" + printable_name(entries_[place].name) + "'");
    fail<FormatError>("archive: no array '", printable_name(name), "' among ", entries_.size(), ": ", others,
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

/// An NPZ file whose arrays are read one by one. Of the file only the directory and the members' heads are
/// read before an array is.
class NpzReader {
 public:
  /// Reads the directory. Members are arrays where their name ends with .npy or their content begins as that
  /// of an NPY file, as for NumPy; what is wrong with others does not matter. Throws FileError, FormatError.
  explicit NpzReader(const std::filesystem::path& path, const NpzOptions& options = {})
      : zip_(Input(path), path.string()), options_(options) {
    find_arrays();
  }
  /// The bytes must outlive the reader; `name` is for messages.
  NpzReader(std::span<const std::byte> bytes, const std::string& name, const NpzOptions& options = {})
      : zip_(bytes, name), options_(options) {
    find_arrays();
  }
  NpzReader(const NpzReader&) = delete;
  NpzReader& operator=(const NpzReader&) = delete;

  const std::string& file_name() const { return zip_.name(); }
  const NpzOptions& options() const { return options_; }
  std::uint64_t file_bytes() const { return zip_.size(); }
  std::size_t size() const { return members_.size(); }
  const std::string& name(std::size_t place) const { return members_[place].name; }
  /// The place of the first array of this name.
  std::optional<std::size_t> find(const std::string& name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? std::nullopt : std::optional(place->second);
  }
  /// Name, type and shape; unpacks the head only. An array that cannot be read by what its head says has a
  /// `problem`. Throws FormatError for a member that is damaged or no array.
  ArrayInfo info(std::size_t place) const {
    ZipMember member = zip_.open(*members_[place].entry);
    ArrayInfo info = read_npy_info(member);
    info.name = name(place);
    return info;
  }
  /// Unpacks and checks one array. Throws FormatError.
  Array read(std::size_t place) const {
    ZipMember member = zip_.open(*members_[place].entry);
    Array array = read_npy(member, {options_.allow_objects, options_.max_bytes});
    member.finish();
    return array;
  }
  /// Why there is no array to be found, for a file without any: what is there in their place.
  std::string without_arrays() const {
    if (others_.empty()) return "there is no array in it";
    std::string text = message("there is no array in it, only ", others_.size(), " other member",
                               others_.size() == 1 ? "" : "s", ": ");
    for (std::size_t at = 0; at < others_.size() && at < 5; ++at)
      text += (at == 0 ? "'" : ", '") + printable_name(others_[at]->name) + "'";
    return text + (others_.size() > 5 ? ", ..." : "");
  }

 private:
  struct Member {
    const ZipEntry* entry;
    std::string name;
  };

  bool begins_as_npy(const ZipEntry& entry) const {
    if (!entry.problem.empty() || entry.size < npy_magic.size()) return false;
    try {
      return as_text(zip_.open(entry).read_bytes(npy_magic.size())) == npy_magic;
    } catch (const FormatError&) { return false; }  // damaged, and not named as an array
  }
  void find_arrays() {
    const auto named_npy = [](const ZipEntry& entry) { return entry.name.ends_with(".npy"); };
    std::unordered_set<std::string_view> plain;  // arrays whose name has no .npy that would be taken off
    for (const ZipEntry& entry : zip_.entries())
      if (!named_npy(entry) && begins_as_npy(entry)) plain.insert(entry.name);
    for (const ZipEntry& entry : zip_.entries()) {
      const std::string short_name = entry.name.substr(0, entry.name.size() - (named_npy(entry) ? 4 : 0));
      // Beside an array "a", "a.npy" keeps its name, as in NumPy.
      const bool whole = named_npy(entry) && plain.contains(short_name);
      if (named_npy(entry) || plain.contains(entry.name))
        members_.push_back({&entry, whole ? entry.name : short_name});
      else others_.push_back(&entry);
    }
    for (std::size_t place = 0; place < members_.size(); ++place)
      places_.emplace(members_[place].name, place);
  }

  ZipReader zip_;
  NpzOptions options_;
  std::vector<Member> members_;
  std::vector<const ZipEntry*> others_;
  std::unordered_map<std::string, std::size_t> places_;
};

namespace detail {

/// Reads the arrays at these places. Unpacking takes most of the time that a model takes to load: of many
/// bytes two threads do it.
inline Archive read_places(const NpzReader& reader, const std::vector<std::size_t>& places) {
  constexpr std::size_t worth_a_thread = 1 << 20;  // bytes of the file
  const std::size_t count = places.size();
  const std::uint64_t max_bytes = reader.options().max_bytes;
  std::vector<Array> arrays(count);
  std::vector<std::exception_ptr> errors(count);
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> bytes{0};
  const auto work = [&] {
    for (std::size_t at; (at = next++) < count;) {
      try {
        arrays[at] = reader.read(places[at]);
        if ((bytes += arrays[at].data.size()) > max_bytes)
          fail<FormatError>(reader.file_name(), ": more than ", max_bytes, " bytes of data");
      } catch (...) {
        errors[at] = std::current_exception();
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
  for (std::size_t at = 0; at < count; ++at) {
    if (errors[at]) std::rethrow_exception(errors[at]);
    archive.add(reader.name(places[at]), std::move(arrays[at]));
  }
  return archive;
}

inline Archive read_all(const NpzReader& reader) {
  std::vector<std::size_t> places(reader.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  return read_places(reader, places);
}

}  // namespace detail

/// Reads all arrays of an NPZ file. Throws FileError, FormatError "file: member: byte N: ...".
inline Archive read_npz(const std::filesystem::path& path, const NpzOptions& options = {}) {
  return detail::read_all(NpzReader(path, options));
}

/// Reads the arrays of these names; nothing is said of others, whatever they are. Throws FileError, and
/// FormatError also where one is missing.
inline Archive read_npz_arrays(const std::filesystem::path& path, const std::vector<std::string>& names,
                               const NpzOptions& options = {}) {
  const NpzReader reader(path, options);
  std::vector<std::size_t> places;
  for (const std::string& name : names) {
    const auto place = reader.find(name);
    if (place) {
      places.push_back(*place);
      continue;
    }
    if (reader.size() == 0) fail<FormatError>(path.string(), ": ", reader.without_arrays());
    std::string others;
    for (std::size_t at = 0; at < reader.size() && at < 5; ++at)
      others += (at == 0 ? "'" : ", '") + printable_name(reader.name(at)) + "'";
    fail<FormatError>(path.string(), ": no array '", printable_name(name), "' among ", reader.size(), ": ",
                      others, reader.size() > 5 ? ", ..." : "");
  }
  return detail::read_places(reader, places);
}

/// The same as the first from memory; `name` is for messages.
inline Archive parse_npz(std::span<const std::byte> bytes, const std::string& name,
                         const NpzOptions& options = {}) {
  return detail::read_all(NpzReader(bytes, name, options));
}

/// Name, type and shape of every array in an NPZ file, of which only directory and heads are read. Throws
/// FormatError where one is damaged.
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
