// SPDX-License-Identifier: MIT
#pragma once
// Raw deflate streams (without zlib's header): incremental decompression, and compression.

#include "lstmlib/base/error.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::io {

/// Upper bound for the decompressed size of a deflate stream: 2 bits encode at most 258 bytes.
constexpr std::uint64_t max_inflated_bytes(std::uint64_t compressed_bytes) {
  const std::uint64_t limit = (std::numeric_limits<std::uint64_t>::max)() / 1032;
  return (std::min)(compressed_bytes, limit) * 1032;
}

/// Decompresses a stream piece by piece. Allocates only zlib's window.
template <class = void>
class Inflater {
 public:
  /// Returns the next piece of the compressed stream, or an empty one at the end. A piece must stay valid
  /// until the next call.
  using Pieces = std::function<std::span<const std::byte>()>;

  explicit Inflater(Pieces pieces) : pieces_(std::move(pieces)) {
    if (inflateInit2(&stream_, -MAX_WBITS) != Z_OK) fail<Error>("zlib: not enough memory to decompress");
  }
  /// A stream in memory.
  explicit Inflater(std::span<const std::byte> compressed)
      : Inflater([compressed]() mutable { return std::exchange(compressed, {}); }) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  /// Fills `into` with the next bytes. Returns an empty string, or the reason for failure.
  std::string read(std::span<std::byte> into) {
    while (!into.empty()) {
      const std::size_t made = step(into);
      into = into.subspan(made);
      if (!error_.empty()) return error_;
      if (!into.empty() && ended_)
        return "the deflate stream ends " + std::to_string(into.size()) + " bytes too early";
    }
    return {};
  }

  /// Checks that the stream ends exactly here. Returns an empty string, or what is wrong.
  std::string finish() {
    std::byte extra{};
    while (!ended_ && error_.empty())
      if (step({&extra, 1}) > 0) return "the deflate stream holds more than its announced size";
    if (!error_.empty()) return error_;
    if (!ended_) return "the deflate stream does not end";
    refill();
    if (stream_.avail_in > 0) return "bytes follow the deflate stream";
    return {};
  }

 private:
  static constexpr std::size_t max_bytes = (std::numeric_limits<uInt>::max)();

  /// Gives zlib more of the compressed stream if it has none left.
  void refill() {
    if (stream_.avail_in > 0) return;
    if (rest_.empty()) rest_ = pieces_();
    const std::size_t given = (std::min)(rest_.size(), max_bytes);
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(rest_.data()));  // zlib only reads it
    stream_.avail_in = static_cast<uInt>(given);
    rest_ = rest_.subspan(given);
  }

  /// Decompresses once and returns the number of bytes produced.
  std::size_t step(std::span<std::byte> into) {
    refill();
    const bool at_end = stream_.avail_in == 0;
    const auto room = static_cast<uInt>((std::min)(into.size(), max_bytes));
    stream_.next_out = reinterpret_cast<Bytef*>(into.data());
    stream_.avail_out = room;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    ended_ = status == Z_STREAM_END;
    const bool starved =
        status == Z_BUF_ERROR || (status == Z_OK && stream_.avail_out > 0 && stream_.avail_in == 0);
    if (starved && at_end) error_ = "the deflate stream is cut short";
    else if (status != Z_OK && !ended_ && !starved)
      error_ =
          std::string("the deflate stream is damaged: ") + (stream_.msg != nullptr ? stream_.msg : "unknown");
    return room - stream_.avail_out;
  }

  z_stream stream_{};
  Pieces pieces_;
  std::span<const std::byte> rest_;
  bool ended_ = false;
  std::string error_;
};

/// Compresses bytes that arrive in parts.
template <class = void>
class Deflater {
 public:
  Deflater() {
    if (deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
      fail<Error>("zlib: not enough memory to compress");
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { deflateEnd(&stream_); }

  void write(std::span<const std::byte> part) {
    constexpr std::size_t max_bytes = (std::numeric_limits<uInt>::max)();
    while (!part.empty()) {
      const std::size_t given = (std::min)(part.size(), max_bytes);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(part.data()));
      stream_.avail_in = static_cast<uInt>(given);
      part = part.subspan(given);
      run(Z_NO_FLUSH);
    }
  }
  /// Returns the complete stream. Do not write afterwards.
  std::vector<std::byte> finish() {
    run(Z_FINISH);
    return std::move(packed_);
  }

 private:
  void run(int flush) {
    std::byte buffer[1 << 14];
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(buffer);
      stream_.avail_out = sizeof buffer;
      deflate(&stream_, flush);  // cannot fail: the state is valid and there is room
      packed_.insert(packed_.end(), buffer, buffer + (sizeof buffer - stream_.avail_out));
    } while (stream_.avail_out == 0);
  }

  z_stream stream_{};
  std::vector<std::byte> packed_;
};

/// Extends the CRC-32 `before` by these bytes. Start with 0.
inline std::uint32_t crc32_of(std::uint32_t before, std::span<const std::byte> bytes) {
  if (bytes.empty()) return before;  // zlib restarts on a null pointer
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace lstmlib::io
