// SPDX-License-Identifier: MIT
#pragma once
// Writes ZIP archives in one pass. Every local header holds its sizes: there are no data descriptors, and
// ZIP64 only if a number needs it. Times are fixed, so equal content gives equal bytes.

#include "lstmlib/io/compression.hpp"
#include "lstmlib/io/inflate.hpp"
#include "lstmlib/io/source.hpp"
#include "lstmlib/io/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// Writes one archive to a sink.
template <class = void>
class ZipWriter {
 public:
  /// Sizes and offsets of at least `zip64_from` bytes are written as ZIP64. Only tests lower it.
  explicit ZipWriter(Sink sink, std::uint64_t zip64_from = 0xFFFFFFFF)
      : sink_(std::move(sink)), zip64_from_(zip64_from) {}

  /// Adds a member. `emit` is called with a sink and writes the content to it; it is called twice for a
  /// stored member. Throws FormatError for a name that is not UTF-8, contains NUL, or has more than 65535
  /// bytes.
  void add(const std::string& name, Compression compression, const std::function<void(const Sink&)>& emit) {
    if (!is_utf8(name) || name.size() > 0xFFFF || name.find('\0') != std::string::npos)
      fail<FormatError>("zip: '", printable(name), "' cannot be a member's name");
    Record record{.name = name, .deflated = compression == Compression::deflate, .start = written_};
    std::optional<Deflater<>> deflater;
    if (record.deflated) deflater.emplace();
    emit([&](std::span<const std::byte> part) {
      record.crc = crc32_of(record.crc, part);
      record.size += part.size();
      if (deflater) deflater->write(part);
    });
    const std::vector<std::byte> packed = deflater ? deflater->finish() : std::vector<std::byte>();
    record.packed = record.deflated ? packed.size() : record.size;
    put(local_header(record));
    if (record.deflated) put(packed);
    else emit([this](std::span<const std::byte> part) { put(part); });
    records_.push_back(std::move(record));
  }

  /// Writes the directory. Do not add members afterwards.
  void finish() {
    const std::uint64_t start = written_;
    for (const Record& record : records_) put(directory_record(record));
    put(end_records(start, written_ - start));
  }

 private:
  struct Record {
    std::string name;
    bool deflated = false;
    std::uint64_t start = 0, size = 0, packed = 0;
    std::uint32_t crc = 0;
  };

  void put(std::span<const std::byte> bytes) {
    sink_(bytes);
    written_ += bytes.size();
  }
  bool is_large(std::uint64_t value) const { return value >= zip64_from_; }
  std::uint32_t narrow(std::uint64_t value) const {
    return is_large(value) ? 0xFFFFFFFF : static_cast<std::uint32_t>(value);
  }

  /// The part that both headers of a member share, from the required version to the CRC-32.
  void append_common(std::vector<std::byte>& bytes, const Record& record, bool large) const {
    const bool ascii = std::all_of(record.name.begin(), record.name.end(), [](char c) { return c > 0; });
    append_little(bytes, std::uint16_t(large ? 45 : 20));
    append_little(bytes, std::uint16_t(ascii ? 0 : 0x800));  // the name is UTF-8
    append_little(bytes, std::uint16_t(record.deflated ? 8 : 0));
    append_little(bytes, std::uint16_t(0));     // 00:00:00
    append_little(bytes, std::uint16_t(0x21));  // 1 January 1980
    append_little(bytes, record.crc);
  }

  std::vector<std::byte> local_header(const Record& record) const {
    const bool large = is_large(record.size) || is_large(record.packed);
    std::vector<std::byte> bytes;
    append_little(bytes, std::uint32_t(0x04034b50));
    append_common(bytes, record, large);
    append_little(bytes, large ? 0xFFFFFFFF : static_cast<std::uint32_t>(record.packed));
    append_little(bytes, large ? 0xFFFFFFFF : static_cast<std::uint32_t>(record.size));
    append_little(bytes, static_cast<std::uint16_t>(record.name.size()));
    append_little(bytes, std::uint16_t(large ? 20 : 0));
    append_text(bytes, record.name);
    if (large) {  // the local field always holds both sizes
      append_little(bytes, std::uint16_t(1));
      append_little(bytes, std::uint16_t(16));
      append_little(bytes, record.size);
      append_little(bytes, record.packed);
    }
    return bytes;
  }

  std::vector<std::byte> directory_record(const Record& record) const {
    std::vector<std::byte> extra;
    for (const std::uint64_t value : {record.size, record.packed, record.start})
      if (is_large(value)) append_little(extra, value);
    const bool large = !extra.empty();
    std::vector<std::byte> bytes;
    append_little(bytes, std::uint32_t(0x02014b50));
    append_little(bytes, std::uint16_t(3 << 8 | (large ? 45 : 20)));  // written on Unix
    append_common(bytes, record, large);
    append_little(bytes, narrow(record.packed));
    append_little(bytes, narrow(record.size));
    append_little(bytes, static_cast<std::uint16_t>(record.name.size()));
    append_little(bytes, static_cast<std::uint16_t>(large ? extra.size() + 4 : 0));
    append_little(bytes, std::uint16_t(0));              // comment
    append_little(bytes, std::uint16_t(0));              // volume
    append_little(bytes, std::uint16_t(0));              // kind of content
    append_little(bytes, std::uint32_t(0100644) << 16);  // a regular file, rw-r--r--
    append_little(bytes, narrow(record.start));
    append_text(bytes, record.name);
    if (large) {
      append_little(bytes, std::uint16_t(1));
      append_little(bytes, static_cast<std::uint16_t>(extra.size()));
      bytes.insert(bytes.end(), extra.begin(), extra.end());
    }
    return bytes;
  }

  std::vector<std::byte> end_records(std::uint64_t start, std::uint64_t size) const {
    const std::uint64_t count = records_.size();
    std::vector<std::byte> bytes;
    const bool many = count >= 0xFFFF || is_large(count);
    if (many || is_large(start) || is_large(size)) {
      append_little(bytes, std::uint32_t(0x06064b50));
      append_little(bytes, std::uint64_t(44));  // bytes that follow
      append_little(bytes, std::uint16_t(3 << 8 | 45));
      append_little(bytes, std::uint16_t(45));
      append_little(bytes, std::uint64_t(0));  // volumes
      append_little(bytes, count);
      append_little(bytes, count);
      append_little(bytes, size);
      append_little(bytes, start);
      append_little(bytes, std::uint32_t(0x07064b50));
      append_little(bytes, std::uint32_t(0));
      append_little(bytes, start + size);
      append_little(bytes, std::uint32_t(1));
    }
    const auto shown_count = static_cast<std::uint16_t>(many ? 0xFFFF : count);
    append_little(bytes, std::uint32_t(0x06054b50));
    append_little(bytes, std::uint32_t(0));  // volumes
    append_little(bytes, shown_count);
    append_little(bytes, shown_count);
    append_little(bytes, narrow(size));
    append_little(bytes, narrow(start));
    append_little(bytes, std::uint16_t(0));  // comment
    return bytes;
  }

  Sink sink_;
  std::uint64_t zip64_from_;
  std::uint64_t written_ = 0;
  std::vector<Record> records_;
};

}  // namespace lstmlib::io
