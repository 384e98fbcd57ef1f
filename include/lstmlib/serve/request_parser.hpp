// SPDX-License-Identifier: MIT
#pragma once
// Parses a request of HTTP/1.1 from pieces of any size. The memory that it keeps is bounded and counted for
// every part of a request.

#include "lstmlib/serve/memory_budget.hpp"
#include "lstmlib/serve/request_head.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

struct RequestLimits {
  std::size_t max_header_bytes;  ///< of request line and fields, including trailers; above: status 431
  std::size_t max_body_bytes;    ///< above: status 413
};

class RequestParser {
 public:
  static constexpr std::size_t max_request_line = 16 << 10;  ///< bytes; above: status 414
  static constexpr std::size_t max_chunk_line =
      4 << 10;  ///< bytes of a chunk's size and extensions; above: status 400

  /// `reservation` belongs to the caller and counts the memory in use.
  RequestParser(const RequestLimits& limits, MemoryReservation& reservation)
      : limits_(limits), reservation_(reservation) {}

  /// Consumes `input`: all of it, or up to the end of the header or of the request. Throws HttpError for an
  /// invalid or too large request; the rest of the connection must then be ignored.
  void take(std::string_view& input);

  bool has_begun() const { return stage_ != Stage::request_line || head_bytes_ > 0; }
  bool is_head_done() const { return stage_ >= Stage::body; }
  bool is_done() const { return stage_ == Stage::done; }
  const RequestHead& head() const { return head_; }
  RequestHead& head() { return head_; }
  std::string& body() { return body_; }

 private:
  enum class Stage { request_line, fields, body, chunk_size, chunk_data, chunk_end, trailers, done };

  bool take_line(std::string_view& input, std::string_view& line);
  void count_line(std::size_t bytes, std::string_view part);
  void take_head_line(std::string_view line);
  void take_chunk_size(std::string_view line);
  void take_data(std::string_view& input);
  void take_chunk_end(std::string_view& input);
  void grow_body(std::size_t bytes);
  void reserve_bytes(std::size_t bytes) {
    if (!reservation_.take(bytes))
      throw HttpError(503, "requests use all of the memory for bodies, please try again");
  }

  const RequestLimits limits_;
  MemoryReservation& reservation_;
  Stage stage_ = Stage::request_line;
  RequestHead head_;
  std::string partial_;           // start of an incomplete line
  bool partial_is_used_ = false;  // whether it holds the last line
  std::size_t head_bytes_ = 0;    // of request line, fields and trailers
  std::size_t line_bytes_ = 0;    // of the current line
  std::size_t extension_bytes_ = 0;
  std::uint64_t left_ = 0;  // bytes left of the body or chunk
  bool cr_seen_ = false;    // CR at a chunk's end
  std::string body_;
  std::size_t body_held_ = 0;  // bytes of it that are counted
};

inline void RequestParser::take(std::string_view& input) {
  std::string_view line;
  while (!input.empty() && stage_ != Stage::done) {
    switch (stage_) {
      case Stage::request_line:
        if (line_bytes_ == 0 && input[0] != '\r' && !detail::is_token_character(input[0]))
          throw HttpError(400,
                          "this is not an HTTP/1.1 request");  // perhaps TLS: do not wait for a line
        [[fallthrough]];
      case Stage::fields:
        if (take_line(input, line)) take_head_line(line);
        if (is_head_done()) return;
        break;
      case Stage::trailers:
        if (!take_line(input, line)) break;
        if (line.empty()) stage_ = Stage::done;
        else RequestHead::check_field(line);
        break;
      case Stage::chunk_size:
        if (take_line(input, line)) take_chunk_size(line);
        break;
      case Stage::body:
      case Stage::chunk_data: take_data(input); break;
      case Stage::chunk_end: take_chunk_end(input); break;
      case Stage::done: break;
    }
  }
}

/// Sets `line` to a line without its end, valid until the next call. Returns false if the line is incomplete.
inline bool RequestParser::take_line(std::string_view& input, std::string_view& line) {
  if (std::exchange(partial_is_used_, false)) partial_.clear();
  const auto end = input.find('\n');
  const std::string_view part = input.substr(0, end == std::string_view::npos ? end : end + 1);
  count_line(part.size(), part);
  input.remove_prefix(part.size());
  line = part;
  if (end == std::string_view::npos || !partial_.empty()) {
    partial_.append(part);
    line = partial_;
    if (end == std::string_view::npos) return false;
    partial_is_used_ = true;
  }
  line_bytes_ = 0;
  if (!line.ends_with("\r\n")) throw HttpError(400, "a line ends with LF, expected CR LF");
  line.remove_suffix(2);
  return true;
}

inline void RequestParser::count_line(std::size_t bytes, std::string_view part) {
  line_bytes_ += bytes;
  if (stage_ == Stage::chunk_size) {
    if (line_bytes_ > max_chunk_line)
      throw HttpError(400,
                      message("a chunk's size and extensions take more than ", max_chunk_line, " bytes"));
    return;
  }
  if (stage_ == Stage::request_line && line_bytes_ > std::min(max_request_line, limits_.max_header_bytes)) {
    if ((partial_.empty() ? part : partial_).find(' ') == std::string_view::npos)
      throw HttpError(501, "unknown method");
    throw HttpError(414, message("the request line is longer than ",
                                 std::min(max_request_line, limits_.max_header_bytes), " bytes"));
  }
  if ((head_bytes_ += bytes) > limits_.max_header_bytes)
    throw HttpError(431, message("the header section is larger than ", limits_.max_header_bytes, " bytes"));
  reserve_bytes(bytes);
}

inline void RequestParser::take_head_line(std::string_view line) {
  if (stage_ == Stage::request_line) {
    if (line.empty()) return;  // an empty line may precede the request (RFC 9112, 2.2)
    head_.take_request_line(line);
    stage_ = Stage::fields;
  } else if (!line.empty()) {
    head_.take_field(line);
  } else {
    head_.finish(limits_.max_body_bytes);
    left_ = head_.content_length;
    stage_ = head_.chunked ? Stage::chunk_size : left_ > 0 ? Stage::body : Stage::done;
  }
}

/// 1*HEXDIG and extensions, which are ignored.
inline void RequestParser::take_chunk_size(std::string_view line) {
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), detail::is_hex) - line.begin());
  if (digits == 0 || !detail::are_parameters(line.substr(digits)))
    throw HttpError(400, "a chunk does not begin with its size in hexadecimal digits");
  if ((extension_bytes_ += line.size() - digits) > limits_.max_header_bytes)
    throw HttpError(400,
                    message("the extensions of chunks take more than ", limits_.max_header_bytes, " bytes"));
  left_ = 0;
  for (const char c : line.substr(0, digits)) {
    left_ = 16 * left_ + static_cast<std::uint64_t>(detail::hex_value(c));
    if (left_ > limits_.max_body_bytes - body_.size()) throw too_large(limits_.max_body_bytes);
  }
  stage_ = left_ > 0 ? Stage::chunk_data : Stage::trailers;
}

inline void RequestParser::take_data(std::string_view& input) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  grow_body(count);
  body_.append(input.substr(0, count));
  input.remove_prefix(count);
  left_ -= count;
  if (left_ == 0) stage_ = stage_ == Stage::body ? Stage::done : Stage::chunk_end;
}

inline void RequestParser::take_chunk_end(std::string_view& input) {
  if (input[0] != (cr_seen_ ? '\n' : '\r'))
    throw HttpError(400, "the data of a chunk does not end with CR LF");
  input.remove_prefix(1);
  if (cr_seen_) stage_ = Stage::chunk_size;
  cr_seen_ = !cr_seen_;
}

/// Makes room for `bytes` more bytes, counted before they are allocated. Only small bodies get the announced
/// length at once. A large one gets the address space of all that may come, so that it need not be copied
/// again: that would hold up other connections for milliseconds. The system provides the memory as it fills.
inline void RequestParser::grow_body(std::size_t bytes) {
  constexpr std::size_t small = 64 << 10, copied_at_most = 1 << 20;
  const std::size_t needed = body_.size() + bytes;
  if (needed <= body_held_) return;
  const std::size_t whole =
      head_.chunked ? limits_.max_body_bytes : static_cast<std::size_t>(head_.content_length);
  const std::size_t room = std::max(needed, std::min(whole, whole <= small ? small : 2 * body_held_));
  if (room <= body_.capacity()) {
    reserve_bytes(room - body_held_);
  } else {
    reserve_bytes(room);
    std::string larger;  // growing in place would allocate twice the memory
    larger.reserve(room <= copied_at_most ? room : std::max(room, whole));
    larger.append(body_);
    body_.swap(larger);
    reservation_.give_back(body_held_);
  }
  body_held_ = room;
}

}  // namespace lstmlib::serve
