// SPDX-License-Identifier: MIT
#pragma once
// What goes through a server: requests, answers, and errors that have a status.

#include "lstmlib/base/error.hpp"

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// Bytes and what they are.
struct Content {
  std::string type;  ///< a media type: "application/json"
  std::string body;
};

struct Request {
  std::string method;
  std::string path;          ///< without the query
  std::string content_type;  ///< in lower case, without parameters; empty where none was sent
  std::string charset;       ///< the encoding that the type names, in lower case; empty where it names none
  std::string accept;        ///< as sent; empty where none was
  std::string body;
  std::string id;                ///< the client's X-Request-Id, or one of ours
  std::string content_coding;    ///< of the body, in lower case: "gzip"; empty where it is as it is
  std::string origin;            ///< of the page that a browser sends it for
  bool asks_for_method = false;  ///< a browser asks, by OPTIONS, what the page may do

  /// The body alone stays behind.
  Request without_body() {
    std::string kept;
    kept.swap(body);
    Request copy = *this;
    body.swap(kept);
    return copy;
  }
};

/// Names and values of header fields.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;

struct Response {
  int status = 200;
  Content content;
  HeaderFields fields;  ///< further ones
};

/// A request that is answered with a status from 400 on. The text goes to the client.
class HttpError : public Error {
 public:
  /// `visit_members`: further ones of the answer, as Allow of 405.
  HttpError(int status, const std::string& text, HeaderFields fields = {})
      : Error(text), status_(status), fields_(std::move(fields)) {}
  int status() const { return status_; }
  const HeaderFields& fields() const { return fields_; }

 private:
  int status_;
  HeaderFields fields_;
};

/// The answer to a request right away, in the event loop: must not compute or wait.
using RouteHandler = std::function<Response(const Request&)>;

/// "Not Found" for 404; "Unknown" for numbers that a server here does not send.
std::string_view reason_of(int status);

/// {"error": "Not Found", "error-message": text, "message": text}; the last is where boto3 looks. Bytes of the
/// text that are not UTF-8 are replaced.
Response error_response(const HttpError& error);
/// The answer to an exception: an HttpError's own, 400 for a FormatError, 503 where memory is short, else 500.
/// Never throws: where there is no memory for a text the status must do.
Response error_response(const std::exception_ptr& error) noexcept;

}  // namespace lstmlib::serve

#include "lstmlib/serve/message.inl"
