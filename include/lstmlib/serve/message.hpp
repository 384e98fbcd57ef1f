// SPDX-License-Identifier: MIT
#pragma once
// Messages of a server: requests, responses, and errors with a status.

#include "lstmlib/base/error.hpp"

#include <exception>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// A body and its media type.
struct Content {
  std::string type;  ///< media type, such as "application/json"
  std::string body;
};

struct Request {
  std::string method;
  std::string path;          ///< without the query
  std::string content_type;  ///< lower case, without parameters; empty if absent
  std::string charset;       ///< charset of the content type, lower case; empty if absent
  std::string accept;        ///< as sent; empty if absent
  std::string body;
  std::string id;                ///< the client's X-Request-Id, or a generated one
  std::string content_coding;    ///< coding of the body, lower case, such as "gzip"; empty: none
  std::string origin;            ///< origin of the web page that sends the request
  bool asks_for_method = false;  ///< a CORS preflight request (OPTIONS)

  /// A copy of everything except the body.
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
  HeaderFields fields;  ///< additional ones
};

/// An error with a status of 400 or above. The text is sent to the client.
///
///     throw serve::HttpError(400, "body: a sentence is expected");
class HttpError : public Error {
 public:
  /// `fields`: additional header fields of the response, such as Allow for 405.
  HttpError(int status, const std::string& text, HeaderFields fields = {})
      : Error(text), status_(status), fields_(std::move(fields)) {}
  int status() const { return status_; }
  const HeaderFields& fields() const { return fields_; }

 private:
  int status_;
  HeaderFields fields_;
};

/// Responds immediately, in the event loop. Must not compute much or wait.
using RouteHandler = std::function<Response(const Request&)>;

/// Reason phrase: "Not Found" for 404. "Unknown" for a status that this server does not send.
std::string_view reason_of(int status);

/// The body is {"error": "Not Found", "error-message": text, "message": text}; boto3 reads the last one.
/// Invalid UTF-8 in the text is replaced.
Response error_response(const HttpError& error);
/// Response to an exception: that of an HttpError, 400 for a FormatError, 503 for lack of memory, else 500.
/// Without memory for a text, only the status is set.
Response error_response(const std::exception_ptr& error) noexcept;

}  // namespace lstmlib::serve

#include "lstmlib/serve/message.inl"
