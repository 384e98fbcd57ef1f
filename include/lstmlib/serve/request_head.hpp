// SPDX-License-Identifier: MIT
#pragma once
// The head of a request: request line and header fields (RFC 9112 and 9110). Ambiguous input is refused where
// the RFCs allow a choice.

#include "lstmlib/serve/media_type.hpp"
#include "lstmlib/serve/syntax.hpp"

#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

inline HttpError too_large(std::size_t limit) {
  return HttpError(413, message("the body is larger than ", limit, " bytes"));
}

class RequestHead {
 public:
  /// Lines have no line end. Both functions throw HttpError for invalid input.
  void take_request_line(std::string_view line);
  void take_field(std::string_view line);
  /// Call after the last field. Evaluates all fields together.
  void finish(std::size_t max_body_bytes);
  /// Only checks the syntax of a field, as `take_field` does. For trailers, which are ignored.
  static void check_field(std::string_view line) { split_field(line); }

  Request request;                ///< without its body
  std::string custom_attributes;  ///< echoed in the response
  int minor_version = 1;          ///< of HTTP/1
  bool keep_alive = true;         ///< whether another request may follow
  bool expects_continue = false;  ///< the client waits for status 100 before it sends the body
  bool chunked = false;           ///< the body is chunked; else it has
  std::uint64_t content_length = 0;

 private:
  struct Field {
    std::string_view name, value;
  };
  static Field split_field(std::string_view line);
  void take_target(std::string_view target);
  static std::string decoded_path(std::string_view path);
  void take_type(std::string_view value);
  void take_connection(std::string_view value);
  void take_content_length(std::string_view value);
  void check_transfer_coding();
  /// Appends a further line of a list-valued field.
  static void join(std::string& list, std::string_view value) {
    if (!list.empty()) list += ',';
    list.append(value);
  }
  static std::string visible(std::string_view value, std::size_t max_length) {
    const bool good = value.size() <= max_length &&
                      std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    return good ? std::string(value) : std::string();
  }

  std::string transfer_codings_, expectations_;
  bool has_host_ = false, has_length_ = false, has_codings_ = false, has_type_ = false, says_close_ = false,
       says_keep_alive_ = false;
};

inline void RequestHead::take_request_line(std::string_view line) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    throw HttpError(400, "the request line is not METHOD TARGET HTTP/1.1, with single spaces between");
  const std::string_view method = line.substr(0, first), target = line.substr(first + 1, last - first - 1),
                         version = line.substr(last + 1);
  if (!detail::is_token(method)) throw HttpError(400, "the method is not a token");
  if (version.size() != 8 || !version.starts_with("HTTP/") || !detail::is_digit(version[5]) ||
      version[6] != '.' || !detail::is_digit(version[7]))
    throw HttpError(400, "the request line does not end with HTTP/1.1");
  request.method = method;
  if (version[5] != '1') throw HttpError(505, "unsupported HTTP version, expected HTTP/1.1 or HTTP/1.0");
  minor_version = version[7] - '0';
  take_target(target);
}

inline void RequestHead::take_target(std::string_view target) {
  for (const char c : target)
    if (c == '#' || static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F)
      throw HttpError(400, "the target has a space or another character that must be written as %XX");
  if (request.method == "CONNECT") throw HttpError(501, "CONNECT is for proxies");
  if (target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return;
  }
  if (!target.starts_with('/')) {  // absolute form: takes precedence over the Host field
    const auto scheme = target.find("://");
    const std::string_view name = target.substr(0, scheme);
    if (scheme == std::string_view::npos ||
        !(detail::is_word(name, "http") || detail::is_word(name, "https")))
      throw HttpError(400, "the target is neither a path nor an http address");
    target.remove_prefix(scheme + 3);
    const auto end = std::min(target.find_first_of("/?"), target.size());
    if (end == 0 || !detail::is_authority(target.substr(0, end)) || target[0] == ':')
      throw HttpError(400, "the target has no valid host");
    target.remove_prefix(end);
    if (target.empty() && request.method == "OPTIONS") {
      request.path = "*";
      return;
    }
  }
  request.path = decoded_path(detail::take_until(target, '?'));
  if (request.path.empty()) request.path = "/";
}

/// Unreserved characters mean the same with and without percent-encoding (RFC 3986, 6.2.2.2).
inline std::string RequestHead::decoded_path(std::string_view path) {
  std::string decoded;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      decoded += path[i];
      continue;
    }
    if (i + 2 >= path.size() || !detail::is_hex(path[i + 1]) || !detail::is_hex(path[i + 2]))
      throw HttpError(400, "the target has a % without two hexadecimal digits");
    const auto c = static_cast<char>(16 * detail::hex_value(path[i + 1]) + detail::hex_value(path[i + 2]));
    if (detail::is_digit(c) || detail::is_letter(c) || c == '-' || c == '.' || c == '_' || c == '~')
      decoded += c;
    else decoded.append(path.substr(i, 3));
    i += 2;
  }
  return decoded;
}

inline RequestHead::Field RequestHead::split_field(std::string_view line) {
  if (line.starts_with(' ') || line.starts_with('\t'))
    throw HttpError(400, "a header line begins with a space or tab");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) throw HttpError(400, "a header line has no colon");
  const std::string_view name = line.substr(0, colon), value = detail::trimmed(line.substr(colon + 1));
  if (!detail::is_token(name)) throw HttpError(400, "the name of a field is not a token");
  if (!std::all_of(value.begin(), value.end(), detail::is_value_character))
    throw HttpError(400, message("the field ", name.substr(0, 80), " has a control character"));
  return {name, value};
}

inline void RequestHead::take_field(std::string_view line) {
  const auto [name, value] = split_field(line);
  const auto is = [name = name](std::string_view known) { return detail::is_word(name, known); };
  if (is("host")) {
    if (std::exchange(has_host_, true)) throw HttpError(400, "more than one Host");
    if (!detail::is_authority(value)) throw HttpError(400, "Host is not a host");
  } else if (is("content-length")) {
    take_content_length(value);
  } else if (is("transfer-encoding")) {
    has_codings_ = true;
    join(transfer_codings_, value);
  } else if (is("connection")) {
    take_connection(value);
  } else if (is("expect")) {
    join(expectations_, value);
  } else if (is("content-type")) {
    if (std::exchange(has_type_, true)) throw HttpError(400, "more than one Content-Type");
    if (request.content_type.empty()) take_type(value);
  } else if (is("contenttype")) {  // sent by an old client of SageMaker
    if (!value.empty()) take_type(value);
  } else if (is("content-encoding")) {
    join(request.content_coding, detail::ascii_lower(value));
  } else if (is("accept")) {
    join(request.accept, value);
  } else if (is("origin")) {
    request.origin = value;
  } else if (is("access-control-request-method")) {
    request.asks_for_method = true;
  } else if (is("x-request-id")) {
    request.id = visible(value, 128);
  } else if (is("x-amzn-sagemaker-custom-attributes")) {
    custom_attributes = visible(value, 1024);
  }
}

inline void RequestHead::take_type(std::string_view value) {
  request.content_type = media_type(value);
  request.charset = charset(value);
}

inline void RequestHead::take_connection(std::string_view value) {
  for (std::string_view option; detail::take_element(value, option);) {
    says_close_ = says_close_ || detail::is_word(option, "close");
    says_keep_alive_ = says_keep_alive_ || detail::is_word(option, "keep-alive");
  }
}

inline void RequestHead::take_content_length(std::string_view value) {
  if (std::exchange(has_length_, true)) throw HttpError(400, "more than one Content-Length");
  if (value.empty() || !std::all_of(value.begin(), value.end(), detail::is_digit))
    throw HttpError(400, "Content-Length is not a number");
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), content_length);
  if (error != std::errc())
    content_length = (std::numeric_limits<std::uint64_t>::max)();  // larger than any limit
}

/// Status 501 for an unknown coding; 400 if the end of the body is unclear (RFC 9112, 6.1 and 6.3).
inline void RequestHead::check_transfer_coding() {
  if (minor_version == 0) throw HttpError(400, "Transfer-Encoding in HTTP/1.0");
  if (has_length_) throw HttpError(400, "both Content-Length and Transfer-Encoding");
  std::string_view list = transfer_codings_, last;
  std::size_t count = 0, times_chunked = 0;
  for (std::string_view coding; detail::take_element(list, coding); ++count, last = coding)
    times_chunked += detail::is_word(coding, "chunked") ? 1 : 0;
  if (!detail::is_word(last, "chunked") || times_chunked > 1)
    throw HttpError(400, "a Transfer-Encoding that does not end with a single chunked");
  if (count > 1) throw HttpError(501, "a Transfer-Encoding other than chunked");
  chunked = true;
}

inline void RequestHead::finish(std::size_t max_body_bytes) {
  if (minor_version > 0 && !has_host_) throw HttpError(400, "the Host field is missing");
  keep_alive = !says_close_ && (minor_version > 0 || says_keep_alive_);
  if (has_codings_) check_transfer_coding();
  if (content_length > max_body_bytes) throw too_large(max_body_bytes);
  if (minor_version > 0) {  // HTTP/1.0 has no expectations
    std::string_view list = expectations_;
    for (std::string_view expectation; detail::take_element(list, expectation);) {
      if (!detail::is_word(expectation, "100-continue"))
        throw HttpError(417, "an expectation other than 100-continue");
      expects_continue = chunked || content_length > 0;
    }
  }
}

}  // namespace lstmlib::serve
