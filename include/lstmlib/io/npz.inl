// SPDX-License-Identifier: MIT
#pragma once
// NPZ files. See base/linkage.hpp.

#include "lstmlib/base/linkage.hpp"
#include "lstmlib/io/npy_header.hpp"
#include "lstmlib/io/npz.hpp"
#include "lstmlib/io/zip_reader.hpp"
#include "lstmlib/io/zip_writer.hpp"

#include <atomic>
#include <exception>
#include <numeric>
#include <system_error>
#include <thread>
#include <unordered_set>

namespace lstmlib::inline LSTMLIB_ABI::io {

LSTMLIB_LAZY_INLINE void Archive::add(std::string name, Array array) {
  if (!places_.emplace(name, entries_.size()).second)
    fail<FormatError>("archive: there is already an array '", printable_name(name), "'");
  entries_.push_back({std::move(name), std::move(array)});
}

LSTMLIB_INLINE const Array* Archive::find(const std::string& name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? nullptr : &entries_[place->second].array;
}

LSTMLIB_LAZY_INLINE const Array& Archive::at(const std::string& name) const {
  if (const Array* array = find(name)) return *array;
  std::string others;
  for (std::size_t place = 0; place < entries_.size() && place < 5; ++place)
    others += (place == 0 ? "" : ", ") + ("'" + printable_name(entries_[place].name) + "'");
  fail<FormatError>("archive: no array '", printable_name(name), "' among ", entries_.size(), ": ", others,
                    entries_.size() > 5 ? ", ..." : "");
}

LSTMLIB_INLINE std::vector<std::string> Archive::names() const {
  std::vector<std::string> names;
  for (const Entry& entry : entries_) names.push_back(entry.name);
  return names;
}

LSTMLIB_LAZY_INLINE NpzReader::NpzReader(const std::filesystem::path& path, const NpzOptions& options)
    : zip_(std::make_unique<const ZipReader<>>(Input(path), path.string())), options_(options) {
  find_arrays();
}

LSTMLIB_LAZY_INLINE NpzReader::NpzReader(std::span<const std::byte> bytes, const std::string& name,
                                         const NpzOptions& options)
    : zip_(std::make_unique<const ZipReader<>>(bytes, name)), options_(options) {
  find_arrays();
}

LSTMLIB_INLINE const std::string& NpzReader::file_name() const { return zip_->name(); }

LSTMLIB_INLINE std::uint64_t NpzReader::file_bytes() const { return zip_->size(); }

LSTMLIB_INLINE std::optional<std::size_t> NpzReader::find(const std::string& name) const {
  const auto place = places_.find(name);
  return place == places_.end() ? std::nullopt : std::optional(place->second);
}

LSTMLIB_LAZY_INLINE ArrayInfo NpzReader::info(std::size_t place) const {
  ZipMember<> member = zip_->open(*members_[place].entry);
  ArrayInfo info = read_npy_info(member);
  info.name = name(place);
  return info;
}

LSTMLIB_LAZY_INLINE Array NpzReader::read(std::size_t place) const {
  ZipMember<> member = zip_->open(*members_[place].entry);
  Array array = read_npy(member, {options_.allow_objects, options_.max_bytes});
  member.finish();
  return array;
}

LSTMLIB_LAZY_INLINE std::string NpzReader::without_arrays() const {
  if (others_.empty()) return "it contains no array";
  std::string text = message("it contains no array, only ", others_.size(), " other member",
                             others_.size() == 1 ? "" : "s", ": ");
  for (std::size_t at = 0; at < others_.size() && at < 5; ++at)
    text += (at == 0 ? "'" : ", '") + printable_name(others_[at]->name) + "'";
  return text + (others_.size() > 5 ? ", ..." : "");
}

LSTMLIB_LAZY_INLINE bool NpzReader::begins_as_npy(const ZipEntry& entry) const {
  if (!entry.problem.empty() || entry.size < npy_magic.size()) return false;
  try {
    return as_text(zip_->open(entry).read_bytes(npy_magic.size())) == npy_magic;
  } catch (const FormatError&) { return false; }  // damaged, and not named like an array
}

LSTMLIB_LAZY_INLINE void NpzReader::find_arrays() {
  const auto named_npy = [](const ZipEntry& entry) { return entry.name.ends_with(".npy"); };
  std::unordered_set<std::string_view> plain;  // arrays whose names do not end with .npy
  for (const ZipEntry& entry : zip_->entries())
    if (!named_npy(entry) && begins_as_npy(entry)) plain.insert(entry.name);
  for (const ZipEntry& entry : zip_->entries()) {
    const std::string short_name = entry.name.substr(0, entry.name.size() - (named_npy(entry) ? 4 : 0));
    // If there is also an array "a", then "a.npy" keeps its full name, as in NumPy.
    const bool whole = named_npy(entry) && plain.contains(short_name);
    if (named_npy(entry) || plain.contains(entry.name))
      members_.push_back({&entry, whole ? entry.name : short_name});
    else others_.push_back(&entry);
  }
  for (std::size_t place = 0; place < members_.size(); ++place) places_.emplace(members_[place].name, place);
}

LSTMLIB_INLINE NpzReader::~NpzReader() = default;

namespace detail {

LSTMLIB_LAZY_INLINE Archive read_places(const NpzReader& reader, const std::vector<std::size_t>& places) {
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

template <class = void>
Archive read_all(const NpzReader& reader) {
  std::vector<std::size_t> places(reader.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  return read_places(reader, places);
}

}  // namespace detail

LSTMLIB_LAZY_INLINE Archive read_npz(const std::filesystem::path& path, const NpzOptions& options) {
  return detail::read_all(NpzReader(path, options));
}

LSTMLIB_LAZY_INLINE Archive read_npz_arrays(const std::filesystem::path& path,
                                            const std::vector<std::string>& names,
                                            const NpzOptions& options) {
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

LSTMLIB_LAZY_INLINE Archive parse_npz(std::span<const std::byte> bytes, const std::string& name,
                                      const NpzOptions& options) {
  return detail::read_all(NpzReader(bytes, name, options));
}

LSTMLIB_LAZY_INLINE std::vector<ArrayInfo> list_npz(const std::filesystem::path& path) {
  const NpzReader reader(path);
  std::vector<ArrayInfo> infos;
  for (std::size_t place = 0; place < reader.size(); ++place) infos.push_back(reader.info(place));
  return infos;
}

LSTMLIB_LAZY_INLINE void emit_npz(const Archive& archive, Compression compression, const Sink& sink) {
  ZipWriter<> zip(sink);
  for (const Archive::Entry& entry : archive)
    zip.add(entry.name + ".npy", compression, [&](const Sink& member) { emit_npy(entry.array, member); });
  zip.finish();
}

LSTMLIB_LAZY_INLINE std::vector<std::byte> format_npz(const Archive& archive, Compression compression) {
  std::vector<std::byte> bytes;
  emit_npz(archive, compression,
           [&](std::span<const std::byte> part) { bytes.insert(bytes.end(), part.begin(), part.end()); });
  return bytes;
}

LSTMLIB_LAZY_INLINE void write_npz(const std::filesystem::path& path, const Archive& archive,
                                   Compression compression) {
  AtomicFile file(path);
  emit_npz(archive, compression, [&](std::span<const std::byte> part) { file.write(part); });
  file.commit();
}

LSTMLIB_LAZY_INLINE bool is_npz(const std::filesystem::path& path) {
  const std::vector<std::byte> start = read_file_start(path, 4);
  return as_text(start) == "PK\x03\x04" || as_text(start) == "PK\x05\x06";
}

}  // namespace lstmlib::inline LSTMLIB_ABI::io
