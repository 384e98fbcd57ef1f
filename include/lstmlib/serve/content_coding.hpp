// SPDX-License-Identifier: MIT
#pragma once
// Compressed request bodies: Content-Encoding gzip and deflate (RFC 9110, 8.4.1).

#include "lstmlib/serve/memory_budget.hpp"
#include "lstmlib/serve/message.hpp"
#include "lstmlib/serve/syntax.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// The coding that Content-Encoding names: "gzip", "deflate" or empty. Throws HttpError 415 for another
/// coding or several.
inline std::string negotiated_coding(std::string_view field) {
  std::string settled;
  const std::string_view all = field;
  for (std::string_view coding; detail::take_element(field, coding);) {
    if (coding == "identity") continue;
    if (coding == "x-gzip") coding = "gzip";
    if (!settled.empty() || (coding != "gzip" && coding != "deflate"))
      throw HttpError(415,
                      message("Content-Encoding ", all.substr(0, 80), "; expected gzip, deflate or none"),
                      {{"Accept-Encoding", "gzip, deflate"}});
    settled = coding;
  }
  return settled;
}

namespace detail {

/// Decompresses a zlib or gzip stream in memory.
class BodyInflater {
 public:
  explicit BodyInflater(std::string_view packed) : rest_(packed) {
    constexpr int zlib_or_gzip = 32;
    if (inflateInit2(&stream_, MAX_WBITS + zlib_or_gzip) != Z_OK) throw std::bad_alloc();
  }
  BodyInflater(const BodyInflater&) = delete;
  BodyInflater& operator=(const BodyInflater&) = delete;
  ~BodyInflater() { inflateEnd(&stream_); }

  /// Reads the next bytes; fewer than `size` only at the end. Throws HttpError 400 if the stream is damaged
  /// or truncated.
  std::size_t read(char* into, std::size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(into);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out > 0 && !ended_) step();
    return size - stream_.avail_out;
  }

 private:
  void step() {
    if (stream_.avail_in == 0) {
      const std::size_t given = std::min<std::size_t>(rest_.size(), (std::numeric_limits<uInt>::max)());
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));  // zlib only reads it
      stream_.avail_in = static_cast<uInt>(given);
      rest_.remove_prefix(given);
    }
    const int status = inflate(&stream_, Z_NO_FLUSH);
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    const bool all_taken = stream_.avail_in == 0 && rest_.empty();
    if (status == Z_STREAM_END) {
      ended_ = all_taken;
      if (!ended_ && inflateReset(&stream_) != Z_OK)
        refuse("zlib cannot continue");  // gzip files may be concatenated (RFC 1952)
    } else if (status == Z_BUF_ERROR && all_taken) {
      refuse("it is cut short");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      refuse(stream_.msg != nullptr ? stream_.msg : "it is damaged");
    }
  }
  [[noreturn]] static void refuse(const char* what) {
    throw HttpError(400, message("cannot decompress the body: ", what));
  }

  z_stream stream_{};
  std::string_view rest_;
  bool ended_ = false;
};

}  // namespace detail

/// The decompressed body. `reservation` counts its bytes as it grows. Throws HttpError 413 above `max_bytes`
/// bytes, 400 for an invalid stream, 503 if the memory budget is exhausted.
inline std::string decoded_body(std::string_view packed, std::size_t max_bytes,
                                MemoryReservation& reservation) {
  constexpr std::size_t first = 16 << 10;
  detail::BodyInflater inflater(packed);
  std::string body;
  for (std::size_t made = 0;;) {
    // One byte more than the limit, to detect that it is exceeded.
    const std::size_t room = std::min(std::max(first, 2 * made), max_bytes + 1);
    if (!reservation.take(room - made))
      throw HttpError(503, "requests use all of the memory for bodies, please try again");
    body.resize(room);
    made += inflater.read(body.data() + made, room - made);
    if (made > max_bytes)
      throw HttpError(413, message("the decompressed body is larger than ", max_bytes, " bytes"));
    if (made < room) {
      body.resize(made);
      return body;
    }
  }
}

}  // namespace lstmlib::serve
