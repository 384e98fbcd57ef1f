// SPDX-License-Identifier: MIT
#pragma once
// ZIP archives in memory, as far as NPZ files need them: stored and deflated members, data descriptors,
// ZIP64. The central directory alone says what there is; NumPy's local headers hold no sizes. Refuses what
// readers could disagree about: several volumes, members that share bytes, names that differ or come twice.

#include "lstmlib/io/inflate.hpp"
#include "lstmlib/io/source.hpp"
#include "lstmlib/io/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// One file in an archive.
struct ZipEntry {
  std::string name;  ///< UTF-8, not empty, no NUL; may be any path: never use it as one
  bool deflated = false;
  std::uint32_t crc = 0;
  std::uint64_t size = 0;             ///< bytes unpacked; never more than the packed ones can give
  std::span<const std::byte> packed;  ///< in the archive
};

/// The content of a member, read front to back. `finish` must be called at the end: only then is it known to
/// be whole.
class ZipMember final : public Source {
 public:
  ZipMember(const ZipEntry& entry, const std::string& archive)
      : Source(archive + ": " + printable(entry.name), entry.size), entry_(entry) {
    if (entry.deflated) inflater_.emplace(entry.packed);
  }

  /// Reads what is left, and fails with FormatError unless the stream ends here and the CRC-32 is right.
  void finish() {
    std::vector<std::byte> buffer(static_cast<std::size_t>((std::min)(remaining(), std::uint64_t{1} << 16)));
    while (remaining() > 0)
      read(std::span(buffer).first(
          static_cast<std::size_t>((std::min)(remaining(), std::uint64_t{buffer.size()}))));
    if (inflater_)
      if (const std::string error = inflater_->finish(); !error.empty()) fail_here(error);
    if (crc_ != entry_.crc) fail_here("the CRC-32 does not match: the content is damaged");
  }

 private:
  void fill(std::span<std::byte> into) override {
    if (into.empty()) return;
    if (!inflater_) {
      std::memcpy(into.data(), entry_.packed.data() + position(), into.size());
    } else if (const std::string error = inflater_->read(into); !error.empty()) {
      fail_here(error);
    }
    crc_ = crc32_of(crc_, into);
  }

  const ZipEntry& entry_;
  std::optional<Inflater> inflater_;
  std::uint32_t crc_ = 0;
};

/// The directory of an archive. The bytes must outlive it and the sources made of it.
class ZipReader {
 public:
  /// Reads the directory. Throws FormatError "name: byte N: ...".
  ZipReader(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {
    read_directory(find_directory());
    refuse_shared_bytes();
  }

  const std::string& name() const { return name_; }
  const std::vector<ZipEntry>& entries() const { return entries_; }
  ZipMember open(const ZipEntry& entry) const { return {entry, name_}; }

 private:
  struct Directory {
    std::uint64_t entries = 0, size = 0, start = 0;
  };

  template <class... Parts>
  [[noreturn]] void fail_at(std::uint64_t at, const Parts&... parts) const {
    fail<FormatError>(name_, ": byte ", at, ": zip: ", parts...);
  }
  template <class T>
  T number(std::uint64_t at) const {
    return load_little<T>(bytes_.data() + at);
  }
  bool fits(std::uint64_t at, std::uint64_t size) const {
    return at <= bytes_.size() && size <= bytes_.size() - at;
  }
  std::string_view text(std::uint64_t at, std::uint64_t size) const {
    return as_text(bytes_.subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(size)));
  }

  // The end record stands at the end, with a comment of at most 65535 bytes behind it.
  Directory find_directory() const {
    constexpr std::uint64_t end_size = 22, locator_size = 20;
    if (bytes_.size() < end_size) fail_at(0, "not an archive: only ", bytes_.size(), " bytes");
    const std::uint64_t last = bytes_.size() - end_size;
    std::uint64_t end = last;
    while (number<std::uint32_t>(end) != 0x06054b50 || number<std::uint16_t>(end + 20) != last - end) {
      if (end == 0 || last - end == 0xFFFF)
        fail_at(0, "not an archive, or cut short: there is no end record");
      --end;
    }
    if (number<std::uint16_t>(end + 4) != 0 || number<std::uint16_t>(end + 6) != 0 ||
        number<std::uint16_t>(end + 8) != number<std::uint16_t>(end + 10))
      fail_at(end + 4, "archives of several volumes are not supported");
    Directory directory{number<std::uint16_t>(end + 10), number<std::uint32_t>(end + 12),
                        number<std::uint32_t>(end + 16)};
    std::uint64_t directory_end = end;
    if (end >= locator_size && number<std::uint32_t>(end - locator_size) == 0x07064b50)
      directory_end = read_zip64_end(end - locator_size, directory);
    if (directory.start > directory_end || directory.size != directory_end - directory.start)
      fail_at(end + 12, "the directory of ", directory.size, " bytes at byte ", directory.start,
              " does not end where the end record begins");
    return directory;
  }

  std::uint64_t read_zip64_end(std::uint64_t locator, Directory& directory) const {
    const auto at = number<std::uint64_t>(locator + 8);
    if (number<std::uint32_t>(locator + 4) != 0 || number<std::uint32_t>(locator + 16) > 1)
      fail_at(locator, "archives of several volumes are not supported");
    if (!fits(at, 56) || at + 56 > locator || number<std::uint32_t>(at) != 0x06064b50)
      fail_at(locator + 8, "there is no zip64 end record at byte ", at);
    if (number<std::uint32_t>(at + 16) != 0 || number<std::uint32_t>(at + 20) != 0)
      fail_at(at + 16, "archives of several volumes are not supported");
    directory = {number<std::uint64_t>(at + 32), number<std::uint64_t>(at + 40),
                 number<std::uint64_t>(at + 48)};
    return at;
  }

  void read_directory(const Directory& directory) {
    constexpr std::uint64_t record_size = 46;
    std::uint64_t at = directory.start;
    const std::uint64_t end = directory.start + directory.size;
    if (directory.entries > directory.size / record_size)
      fail_at(at, directory.entries, " members are announced in a directory of ", directory.size, " bytes");
    std::unordered_set<std::string_view> names;
    entries_.reserve(static_cast<std::size_t>(directory.entries));
    for (std::uint64_t count = 0; count < directory.entries; ++count) {
      if (end - at < record_size || number<std::uint32_t>(at) != 0x02014b50)
        fail_at(at, "member ", count + 1, " of ", directory.entries, " is not in the directory");
      const std::uint64_t name_size = number<std::uint16_t>(at + 28),
                          extra_size = number<std::uint16_t>(at + 30);
      const std::uint64_t size = record_size + name_size + extra_size + number<std::uint16_t>(at + 32);
      if (size > end - at) fail_at(at, "a member's record runs past the directory");
      read_entry(at, text(at + record_size, name_size), at + record_size + name_size, extra_size,
                 directory.start);
      at += size;
    }
    if (at != end) fail_at(at, "the directory holds more than the ", directory.entries, " members announced");
    for (const ZipEntry& entry : entries_)
      if (!names.insert(entry.name).second)
        fail_at(directory.start, "the member '", printable(entry.name), "' is there twice");
  }

  void read_entry(std::uint64_t at, std::string_view name, std::uint64_t extra, std::uint64_t extra_size,
                  std::uint64_t directory_start) {
    const std::string shown = printable(name);
    if (name.find('\0') != std::string_view::npos || !is_utf8(name))
      fail_at(at, "the name '", shown, "' is not UTF-8, or holds a NUL");
    const auto flags = number<std::uint16_t>(at + 8), method = number<std::uint16_t>(at + 10);
    if ((flags & 0x2041) != 0) fail_at(at + 8, "'", shown, "' is encrypted");
    if (method != 0 && method != 8)
      fail_at(at + 10, "'", shown, "' is packed by method ", method, ", expected 0 (stored) or 8 (deflated)");
    std::uint64_t size = number<std::uint32_t>(at + 24), packed = number<std::uint32_t>(at + 20);
    std::uint64_t local = number<std::uint32_t>(at + 42);
    if (number<std::uint16_t>(at + 34) != 0) fail_at(at + 34, "'", shown, "' lies on another volume");
    read_zip64_extra(extra, extra_size, {&size, &packed, &local}, shown);

    if (!fits(local, 30) || local + 30 > directory_start || number<std::uint32_t>(local) != 0x04034b50)
      fail_at(at + 42, "'", shown, "' has no local header at byte ", local);
    const std::uint64_t local_name_size = number<std::uint16_t>(local + 26);
    const std::uint64_t data = local + 30 + local_name_size + number<std::uint16_t>(local + 28);
    if (data > directory_start || packed > directory_start - data)
      fail_at(at + 20, "'", shown, "' runs past the directory: ", packed, " bytes at byte ", data);
    if (text(local + 30, local_name_size) != name)
      fail_at(local + 30, "'", shown, "' has another name in its local header");
    if (number<std::uint16_t>(local + 8) != method)
      fail_at(local + 8, "'", shown, "' is packed by another method in its local header");
    if (method == 0 ? size != packed : size > max_inflated_bytes(packed))
      fail_at(at + 24, "'", shown, "' cannot unpack to ", size, " bytes from ", packed);
    entries_.push_back({std::string(name), method == 8, number<std::uint32_t>(at + 16), size,
                        bytes_.subspan(static_cast<std::size_t>(data), static_cast<std::size_t>(packed))});
    spans_.emplace_back(local, data + packed);
  }

  /// Fetches the fields that are ffffffff from the zip64 extra field, where they stand in this order.
  void read_zip64_extra(std::uint64_t at, std::uint64_t extra_size,
                        std::initializer_list<std::uint64_t*> fields, const std::string& shown) const {
    const std::uint64_t end = at + extra_size;
    while (end - at >= 4) {
      const auto kind = number<std::uint16_t>(at);
      const std::uint64_t size = number<std::uint16_t>(at + 2);
      at += 4;
      if (size > end - at) fail_at(at, "'", shown, "' has an extra field that runs past its record");
      std::uint64_t place = at;
      at += size;
      if (kind != 1) continue;
      for (std::uint64_t* field : fields) {
        if (*field != 0xFFFFFFFF) continue;
        if (at - place < 8)
          fail_at(place, "'", shown, "' has a zip64 field without the sizes it should hold");
        *field = number<std::uint64_t>(place);
        place += 8;
      }
      return;
    }
  }

  // Members that share bytes are how a small archive pretends to be a huge one.
  void refuse_shared_bytes() {
    std::sort(spans_.begin(), spans_.end());
    for (std::size_t at = 1; at < spans_.size(); ++at)
      if (spans_[at].first < spans_[at - 1].second)
        fail_at(spans_[at].first, "two members share the bytes here");
    spans_.clear();
  }

  std::span<const std::byte> bytes_;
  std::string name_;
  std::vector<ZipEntry> entries_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> spans_;
};

}  // namespace lstmlib::io
