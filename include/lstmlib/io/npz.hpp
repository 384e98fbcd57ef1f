// SPDX-License-Identifier: MIT
#pragma once
// NPZ files: named arrays in a ZIP archive of NPY files, as NumPy's savez and Chainer's save_npz write them.

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

/// Limits for reading.
struct NpzOptions {
  bool allow_objects = true;  ///< see NpyOptions
  /// Limit for the data of all arrays together.
  std::uint64_t max_bytes = (std::numeric_limits<std::int64_t>::max)();
};

/// An ordered collection of named arrays: the content of an NPZ file.
///
///     const io::Archive weights = io::read_npz("weights.npz");
///     const std::vector<float> w = weights.at("lstm/0/w0").to<float>();
///     io::Archive results;
///     results.add("accuracy", io::Array::scalar(0.81));
///     io::write_npz("results.npz", results);
class Archive {
 public:
  struct Entry {
    std::string name;  ///< without ".npy"
    Array array;
  };

  /// Appends an array. Throws FormatError if the name is taken.
  void add(std::string name, Array array) {
    if (!places_.emplace(name, entries_.size()).second)
      fail<FormatError>("archive: there is already an array '", printable_name(name), "'");
    entries_.push_back({std::move(name), std::move(array)});
  }
  /// The array with this name, or null. Valid until the next `add`.
  const Array* find(const std::string& name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? nullptr : &entries_[place->second].array;
  }
  /// The array with this name. Throws FormatError, which lists some of the names, if there is none.
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

/// An NPZ file whose arrays are read one at a time. Opening it reads only the directory and the members'
/// headers.
class NpzReader {
 public:
  /// Reads the directory. As in NumPy, a member is an array if its name ends with .npy or its content starts
  /// like an NPY file. Damage of other members does not matter. Throws FileError and FormatError.
  explicit NpzReader(const std::filesystem::path& path, const NpzOptions& options = {})
      : zip_(Input(path), path.string()), options_(options) {
    find_arrays();
  }
  /// Reads from memory, which must outlive the reader. `name` is used in error texts.
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
  /// The index of the first array with this name.
  std::optional<std::size_t> find(const std::string& name) const {
    const auto place = places_.find(name);
    return place == places_.end() ? std::nullopt : std::optional(place->second);
  }
  /// Name, element type and shape; unpacks only the header. An array that cannot be read has a `problem`.
  /// Throws FormatError if the member is damaged or not an array.
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
  /// For a file without arrays: a text that says so and lists what it contains instead.
  std::string without_arrays() const {
    if (others_.empty()) return "it contains no array";
    std::string text = message("it contains no array, only ", others_.size(), " other member",
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
    } catch (const FormatError&) { return false; }  // damaged, and not named like an array
  }
  void find_arrays() {
    const auto named_npy = [](const ZipEntry& entry) { return entry.name.ends_with(".npy"); };
    std::unordered_set<std::string_view> plain;  // arrays whose names do not end with .npy
    for (const ZipEntry& entry : zip_.entries())
      if (!named_npy(entry) && begins_as_npy(entry)) plain.insert(entry.name);
    for (const ZipEntry& entry : zip_.entries()) {
      const std::string short_name = entry.name.substr(0, entry.name.size() - (named_npy(entry) ? 4 : 0));
      // If there is also an array "a", then "a.npy" keeps its full name, as in NumPy.
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

/// Reads the arrays with these indices. Unpacking takes most of a model's loading time, so large files use
/// two threads.
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
      } catch (...) { errors[at] = std::current_exception(); }
    }
  };
  {
    std::jthread other;
    if (count > 1 && reader.file_bytes() >= worth_a_thread) try {
        other = std::jthread(work);
      } catch (const std::system_error&) {}  // this thread then does all the work
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

/// Reads all arrays of an NPZ file. Throws FileError, and FormatError "file: member: byte N: ...".
inline Archive read_npz(const std::filesystem::path& path, const NpzOptions& options = {}) {
  return detail::read_all(NpzReader(path, options));
}

/// Reads only the arrays with these names; damage of others does not matter. Throws FileError, and
/// FormatError also if one is missing.
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

/// Reads all arrays from memory. `name` is used in error texts.
inline Archive parse_npz(std::span<const std::byte> bytes, const std::string& name,
                         const NpzOptions& options = {}) {
  return detail::read_all(NpzReader(bytes, name, options));
}

/// Name, element type and shape of every array in an NPZ file; reads only the directory and headers. Throws
/// FileError, and FormatError if one is damaged.
inline std::vector<ArrayInfo> list_npz(const std::filesystem::path& path) {
  const NpzReader reader(path);
  std::vector<ArrayInfo> infos;
  for (std::size_t place = 0; place < reader.size(); ++place) infos.push_back(reader.info(place));
  return infos;
}

/// Passes the bytes of an NPZ file to `sink`. Equal archives give equal bytes.
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

/// Writes an NPZ file atomically, with exactly this name: no suffix is added. Throws FileError, and
/// FormatError for a name that an archive cannot hold.
inline void write_npz(const std::filesystem::path& path, const Archive& archive,
                      Compression compression = Compression::deflate) {
  AtomicFile file(path);
  emit_npz(archive, compression, [&](std::span<const std::byte> part) { file.write(part); });
  file.commit();
}

/// Whether a file starts like a ZIP archive. Throws FileError if it cannot be read.
inline bool is_npz(const std::filesystem::path& path) {
  const std::vector<std::byte> start = read_file_start(path, 4);
  return as_text(start) == "PK\x03\x04" || as_text(start) == "PK\x05\x06";
}

}  // namespace lstmlib::io
