// SPDX-License-Identifier: MIT
#pragma once
// Reads ZIP archives as far as NPZ files need: stored and deflated members, data descriptors, ZIP64. It
// trusts only the central directory, as NumPy's local headers hold no sizes. It refuses what readers could
// interpret differently: several volumes, members that share bytes, different or duplicate names. A member's
// data is read only on request.

#include "lstmlib/io/inflate.hpp"
#include "lstmlib/io/input.hpp"
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
#include <unordered_map>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// A member of an archive.
struct ZipEntry {
  std::string name;  ///< arbitrary, perhaps empty: never use it as a path
  bool deflated = false;
  std::uint32_t crc = 0;
  /// Unpacked size in bytes, checked to be possible for the packed size.
  std::uint64_t size = 0;
  /// Position in the archive.
  std::uint64_t packed_at = 0, packed_size = 0;
  /// Why it cannot be opened, "archive: byte N: ..."; then only the name is valid.
  std::string problem;
};

/// Reads the content of a member from front to back. Call `finish` at the end: only then is it known to be
/// complete.
template <class = void>
class ZipMember final : public Source {
 public:
  ZipMember(const ZipEntry& entry, const Input& archive, const std::string& archive_name)
      : Source(archive_name + ": " + printable_name(entry.name), entry.size),
        entry_(entry),
        archive_(archive) {
    if (entry.deflated) inflater_.emplace([this] { return next_piece(); });
  }

  /// Reads the rest. Throws FormatError unless the stream ends here and the CRC-32 matches.
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
      archive_.read(entry_.packed_at + position(), into);
    } else if (const std::string error = inflater_->read(into); !error.empty()) {
      fail_here(error);
    }
    crc_ = crc32_of(crc_, into);
  }
  /// The next packed bytes; all of them if they are in memory.
  std::span<const std::byte> next_piece() {
    const std::uint64_t rest = entry_.packed_size - taken_, at = entry_.packed_at + taken_;
    if (!archive_.is_file()) {
      taken_ += rest;
      return archive_.memory().subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(rest));
    }
    piece_.resize(static_cast<std::size_t>((std::min)(rest, std::uint64_t{1} << 16)));
    archive_.read(at, piece_);
    taken_ += piece_.size();
    return piece_;
  }

  const ZipEntry& entry_;
  const Input& archive_;
  std::optional<Inflater<>> inflater_;
  std::vector<std::byte> piece_;
  std::uint64_t taken_ = 0;
  std::uint32_t crc_ = 0;
};

/// The directory of an archive. It must outlive its members.
template <class = void>
class ZipReader {
 public:
  /// Reads the directory of an archive in memory, owned by the caller. An invalid member gets a `problem`.
  /// Throws FormatError "name: byte N: ...".
  ZipReader(std::span<const std::byte> bytes, std::string name) : ZipReader(Input(bytes), std::move(name)) {}
  /// Reads from any input. Throws FileError too.
  ZipReader(Input input, std::string name)
      : input_(std::move(input)), name_(std::move(name)), window_(input_), local_window_(input_, 1 << 9) {
    read_directory(find_directory());
    refuse_shared_bytes();
  }
  ZipReader(const ZipReader&) = delete;
  ZipReader& operator=(const ZipReader&) = delete;

  const std::string& name() const { return name_; }
  std::uint64_t size() const { return input_.size(); }  ///< bytes of the archive
  const std::vector<ZipEntry>& entries() const { return entries_; }
  /// Opens a member; thread-safe. Throws FormatError if it has a problem.
  ZipMember<> open(const ZipEntry& entry) const {
    if (!entry.problem.empty()) throw FormatError(entry.problem);
    return {entry, input_, name_};
  }

 private:
  struct Directory {
    std::uint64_t entries = 0, size = 0, start = 0;
  };

  template <class... Parts>
  [[noreturn]] void fail_at(std::uint64_t at, const Parts&... parts) const {
    fail<FormatError>(name_, ": byte ", at, ": zip: ", parts...);
  }
  template <class T>
  T number(std::uint64_t at) {
    return load_little<T>(window_.view(at, sizeof(T)).data());
  }
  bool fits(std::uint64_t at, std::uint64_t size) const {
    return at <= input_.size() && size <= input_.size() - at;
  }
  std::string text(std::uint64_t at, std::uint64_t size) {
    return std::string(as_text(window_.view(at, static_cast<std::size_t>(size))));
  }

  // The end record is at the end, followed by a comment of at most 65535 bytes.
  Directory find_directory() {
    constexpr std::uint64_t end_size = 22, locator_size = 20;
    if (input_.size() < end_size) fail_at(0, "not an archive: only ", input_.size(), " bytes");
    const std::uint64_t last = input_.size() - end_size;
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

  std::uint64_t read_zip64_end(std::uint64_t locator, Directory& directory) {
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
    entries_.reserve(static_cast<std::size_t>((std::min)(directory.entries, std::uint64_t{1} << 16)));
    for (std::uint64_t count = 0; count < directory.entries; ++count) {
      if (end - at < record_size || number<std::uint32_t>(at) != 0x02014b50)
        fail_at(at, "member ", count + 1, " of ", directory.entries, " is not in the directory");
      const std::uint64_t name_size = number<std::uint16_t>(at + 28),
                          extra_size = number<std::uint16_t>(at + 30);
      const std::uint64_t size = record_size + name_size + extra_size + number<std::uint16_t>(at + 32);
      if (size > end - at) fail_at(at, "a member's record runs past the directory");
      ZipEntry& entry = entries_.emplace_back();
      entry.name = text(at + record_size, name_size);
      try {
        read_entry(entry, at, at + record_size + name_size, extra_size, directory.start);
      } catch (const FormatError& error) { entry.problem = error.what(); }
      at += size;
    }
    if (at != end) fail_at(at, "the directory holds more than the ", directory.entries, " members announced");
    std::unordered_map<std::string_view, ZipEntry*> names;
    for (ZipEntry& entry : entries_) {
      const auto [first, is_new] = names.emplace(entry.name, &entry);
      if (is_new) continue;
      for (ZipEntry* twice : {first->second, &entry})
        add_problem(*twice, directory.start, "the member '", printable_name(entry.name), "' appears twice");
    }
  }

  /// Sets the member's problem unless it has one.
  template <class... Parts>
  void add_problem(ZipEntry& entry, std::uint64_t at, const Parts&... parts) const {
    if (entry.problem.empty()) entry.problem = message(name_, ": byte ", at, ": zip: ", parts...);
  }

  void read_entry(ZipEntry& entry, std::uint64_t at, std::uint64_t extra, std::uint64_t extra_size,
                  std::uint64_t directory_start) {
    const std::string shown = printable_name(entry.name);
    if (entry.name.find('\0') != std::string_view::npos || !is_utf8(entry.name))
      fail_at(at, "the name '", shown, "' is not UTF-8, or holds a NUL");
    const auto flags = number<std::uint16_t>(at + 8), method = number<std::uint16_t>(at + 10);
    if ((flags & 0x2041) != 0) fail_at(at + 8, "'", shown, "' is encrypted");
    if (method != 0 && method != 8)
      fail_at(at + 10, "'", shown, "' is compressed by method ", method,
              ", expected 0 (stored) or 8 (deflated)");
    std::uint64_t size = number<std::uint32_t>(at + 24), packed = number<std::uint32_t>(at + 20);
    std::uint64_t local = number<std::uint32_t>(at + 42);
    if (number<std::uint16_t>(at + 34) != 0) fail_at(at + 34, "'", shown, "' lies on another volume");
    read_zip64_extra(extra, extra_size, {&size, &packed, &local}, shown);

    const auto local_number = [&](std::uint64_t place, std::size_t bytes) {
      return bytes == 4 ? load_little<std::uint32_t>(local_window_.view(place, 4).data())
                        : load_little<std::uint16_t>(local_window_.view(place, 2).data());
    };
    if (!fits(local, 30) || local + 30 > directory_start || local_number(local, 4) != 0x04034b50)
      fail_at(at + 42, "'", shown, "' has no local header at byte ", local);
    const std::uint64_t local_name_size = local_number(local + 26, 2);
    const std::uint64_t data = local + 30 + local_name_size + local_number(local + 28, 2);
    if (data > directory_start || packed > directory_start - data)
      fail_at(at + 20, "'", shown, "' runs past the directory: ", packed, " bytes at byte ", data);
    if (as_text(local_window_.view(local + 30, static_cast<std::size_t>(local_name_size))) != entry.name)
      fail_at(local + 30, "'", shown, "' has a different name in its local header");
    if (local_number(local + 8, 2) != method)
      fail_at(local + 8, "'", shown, "' has a different compression method in its local header");
    if (method == 0 ? size != packed : size > max_inflated_bytes(packed))
      fail_at(at + 24, "'", shown, "' cannot decompress to ", size, " bytes from ", packed);
    entry.deflated = method == 8;
    entry.crc = number<std::uint32_t>(at + 16);
    entry.size = size;
    entry.packed_at = data;
    entry.packed_size = packed;
    spans_.push_back({local, data + packed, entries_.size() - 1});
  }

  /// Reads fields that are ffffffff from the zip64 extra field, which holds them in this order.
  void read_zip64_extra(std::uint64_t at, std::uint64_t extra_size,
                        std::initializer_list<std::uint64_t*> fields, const std::string& shown) {
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

  // Small archives that pretend to be huge (zip bombs) let members share bytes.
  void refuse_shared_bytes() {
    std::sort(spans_.begin(), spans_.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
    for (std::size_t at = 1, furthest = 0; at < spans_.size(); ++at) {
      if (spans_[at].begin < spans_[furthest].end)
        for (const std::size_t both : {furthest, at})
          add_problem(entries_[spans_[both].entry], spans_[at].begin, "two members share the bytes here: '",
                      printable_name(entries_[spans_[furthest].entry].name), "' and '",
                      printable_name(entries_[spans_[at].entry].name), "'");
      if (spans_[at].end > spans_[furthest].end) furthest = at;
    }
    spans_.clear();
  }

  struct Span {
    std::uint64_t begin, end;
    std::size_t entry;
  };

  Input input_;
  std::string name_;
  InputWindow window_, local_window_;  // used while the directory is read
  std::vector<ZipEntry> entries_;
  std::vector<Span> spans_;
};

}  // namespace lstmlib::io
