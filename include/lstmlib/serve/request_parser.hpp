// SPDX-License-Identifier: MIT
#pragma once
// A request from bytes: Boost.Beast's parser, and what it leaves open.

#include "lstmlib/serve/media_type.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

inline HttpError too_large(std::size_t limit) {
  return HttpError(413, message("the body is larger than ", limit, " bytes"));
}

/// A body that grows as its bytes come: what a header promises is not allocated.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool request, class Fields>
    reader(boost::beast::http::header<request, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>& length, boost::system::error_code& error) {
      body_.reserve(static_cast<std::size_t>(std::min<std::uint64_t>(length.value_or(0), 64 << 10)));
      error = {};
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& error) {
      std::size_t count = 0;
      for (auto at = boost::asio::buffer_sequence_begin(buffers);
           at != boost::asio::buffer_sequence_end(buffers); ++at) {
        const boost::asio::const_buffer buffer = *at;
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        count += buffer.size();
      }
      error = {};
      return count;
    }
    static void finish(boost::system::error_code& error) { error = {}; }

   private:
    value_type& body_;
  };
};

class RequestParser {
 public:
  explicit RequestParser(std::size_t header_bytes) {
    parser_.header_limit(static_cast<std::uint32_t>(header_bytes));
    // Our own limit: a header above it is an answer, not an error. Boost 1.74 takes boost::none for 0.
    parser_.body_limit((std::numeric_limits<std::uint64_t>::max)());
  }

  /// Takes bytes off the buffer: those of the header, or then some of the body. False where more are needed.
  /// Throws HttpError for what is not HTTP.
  bool take(boost::beast::flat_buffer& buffer) {
    namespace http = boost::beast::http;
    const bool had_head = parser_.is_header_done();
    boost::system::error_code error;
    buffer.consume(parser_.put(buffer.data(), error));
    took_head_ = !had_head && parser_.is_header_done();
    if (took_head_) parser_.eager(true);
    if (error == http::error::need_more) return false;
    if (error == http::error::header_limit) throw HttpError(431, "the header section is too large");
    if (error) throw HttpError(400, "not a request of HTTP/1.1: " + error.message());
    return parser_.is_done() || buffer.size() > 0;
  }
  /// The last `take` completed the header.
  bool takes_head() const { return took_head_; }
  bool is_header_done() const { return parser_.is_header_done(); }
  bool is_done() const { return parser_.is_done(); }

  /// Throws HttpError for a header that is not clear about its body, or announces one that is too large.
  void check_head(std::size_t body_bytes) const {
    const auto& head = parser_.get();
    const auto lengths = head.count("Content-Length");
    if (lengths > 1 || (lengths == 1 && head["Content-Length"].find(',') != boost::beast::string_view::npos))
      throw HttpError(400, "more than one Content-Length");
    if (const auto coding = text(head["Transfer-Encoding"]); !coding.empty()) {
      if (lengths > 0) throw HttpError(400, "both Content-Length and Transfer-Encoding");
      if (detail::ascii_lower(coding) != "chunked")
        throw HttpError(400, "a Transfer-Encoding other than chunked");
    }
    if (head.version() >= 11 && head.count("Host") != 1) throw HttpError(400, "one Host field is needed");
    if (parser_.content_length().value_or(0) > body_bytes) throw too_large(body_bytes);
  }
  bool expects_continue() const {
    return parser_.get().version() >= 11 && !parser_.is_done() &&
           detail::ascii_lower(text(parser_.get()["Expect"])) == "100-continue";
  }

  /// The request without its body.
  Request head() const {
    const auto& head = parser_.get();
    Request request;
    request.method = text(head.method_string());
    std::string_view target = text(head.target());
    if (const auto scheme = target.find("://");
        scheme != std::string_view::npos && target[0] != '/') {  // absolute form
      target.remove_prefix(scheme + 3);
      target.remove_prefix(std::min(target.find('/'), target.size()));
    }
    request.path = detail::take_until(target, '?');
    auto type = text(head["ContentType"]);  // how an old client of SageMaker spells it
    if (type.empty()) type = text(head["Content-Type"]);
    request.content_type = media_type(type);
    for (const auto& field : head)
      if (field.name() == boost::beast::http::field::accept)
        request.accept.append(request.accept.empty() ? "" : ",").append(text(field.value()));
    request.id = visible(text(head["X-Request-Id"]), 128);
    return request;
  }
  /// To be sent back as it came.
  std::string custom_attributes() const {
    return visible(text(parser_.get()["X-Amzn-SageMaker-Custom-Attributes"]), 1024);
  }
  std::string& body() { return parser_.get().body(); }
  bool keep_alive() const { return parser_.get().keep_alive(); }
  unsigned version() const { return parser_.get().version(); }

 private:
  static std::string_view text(boost::beast::string_view view) { return {view.data(), view.size()}; }
  /// The value if it is visible ASCII of at most this length; else nothing.
  static std::string visible(std::string_view value, std::size_t most) {
    const bool good = value.size() <= most &&
                      std::all_of(value.begin(), value.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    return good ? std::string(value) : std::string();
  }

  boost::beast::http::request_parser<GrowingBody> parser_;
  bool took_head_ = false;
};

}  // namespace lstmlib::serve
