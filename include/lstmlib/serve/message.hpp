// SPDX-License-Identifier: MIT
#pragma once
// What goes through a server: requests, answers, and errors that have a status.

#include "lstmlib/base/error.hpp"

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
  std::string accept;        ///< as sent; empty where none was
  std::string body;
  std::string id;  ///< the client's X-Request-Id, or one of ours

  Request without_body() const { return {method, path, content_type, accept, {}, id}; }
};

struct Response {
  int status = 200;
  Content content;
  std::vector<std::pair<std::string, std::string>> fields;  ///< further header fields
};

/// A request that is answered with a status from 400 on. The text goes to the client.
class HttpError : public Error {
 public:
  HttpError(int status, const std::string& text, std::string allow = {})
      : Error(text), status_(status), allow_(std::move(allow)) {}
  int status() const { return status_; }
  const std::string& allow() const { return allow_; }  ///< of 405: the methods that the path has

 private:
  int status_;
  std::string allow_;
};

/// The answer to a request right away, in the event loop: must not compute or wait.
using Answer = std::function<Response(const Request&)>;

/// "Not Found" for 404; "Unknown" for numbers that a server here does not send.
std::string_view reason_of(int status);

/// {"error": "Not Found", "error-message": text}. Bytes of the text that are not UTF-8 are replaced.
Response error_response(const HttpError& error);

}  // namespace lstmlib::serve

#include "lstmlib/serve/message.inl"
