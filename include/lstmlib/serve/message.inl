// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

#include <new>

namespace lstmlib::inline LSTMLIB_ABI::serve {

inline std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 413: return "Payload Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

namespace detail {
/// The text as JSON. Not by a JSON list or object: their destructors allocate, and without memory that would
/// terminate the process.
inline std::string json_text(std::string_view text) {
  using Json = nlohmann::json;
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}
}  // namespace detail

inline Response error_response(const HttpError& error) {
  const std::string text = detail::json_text(error.what());
  std::string body = "{\"error\":\"";
  body.append(reason_of(error.status())).append("\",\"error-message\":").append(text);
  body.append(",\"message\":").append(text).append("}");
  Response response{error.status(), {"application/json", std::move(body)}, error.fields()};
  if (error.status() == 503) response.fields.emplace_back("Retry-After", "1");
  return response;
}

inline Response error_response(const std::exception_ptr& error) noexcept {
  try {
    try {
      std::rethrow_exception(error);
    } catch (const HttpError& e) { return error_response(e); } catch (const FormatError& e) {
      return error_response(HttpError(400, e.what()));
    } catch (const std::bad_alloc&) {
      return error_response(HttpError(503, "not enough memory for this request, please try again"));
    } catch (const std::exception& e) { return error_response(HttpError(500, e.what())); }
  } catch (...) { return {503, {}, {}}; }
}

}  // namespace lstmlib::serve
