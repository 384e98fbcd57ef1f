// SPDX-License-Identifier: MIT
#include <nlohmann/json.hpp>

namespace lstmlib::inline LSTMLIB_ABI::serve {

inline std::string_view reason_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 413: return "Payload Too Large";
    case 415: return "Unsupported Media Type";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 503: return "Service Unavailable";
    default: return "Unknown";
  }
}

inline Response error_response(const HttpError& error) {
  using Json = nlohmann::ordered_json;
  const Json body = {{"error", std::string(reason_of(error.status()))}, {"error-message", error.what()}};
  Response response{
      error.status(), {"application/json", body.dump(-1, ' ', false, Json::error_handler_t::replace)}, {}};
  if (!error.allow().empty()) response.fields.emplace_back("Allow", error.allow());
  if (error.status() == 503) response.fields.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace lstmlib::serve
