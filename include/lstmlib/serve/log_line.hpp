// SPDX-License-Identifier: MIT
#pragma once
// The access log's format: one line of JSON per request.

#include "lstmlib/serve/connection.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

namespace detail {
inline std::string quoted(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; });
  if (plain) return std::string("\"").append(text).append("\"");
  using Json = nlohmann::json;
  return Json(text.substr(0, 1024)).dump(-1, ' ', true, Json::error_handler_t::replace);
}
}  // namespace detail

/// {"time":"2026-11-24T13:05:02.123Z","id":...,"client":...,"method":...,"path":...,"status":200,
///  "received":...,"sent":...,"ms":...}
///
/// `received` and `sent` are bytes of the bodies. `ms` is the time from the complete request to the last byte
/// of the response.
inline std::string log_line(const Exchange& exchange) {
  timespec now{};
  std::timespec_get(&now, TIME_UTC);
  std::tm utc{};
  gmtime_r(&now.tv_sec, &utc);
  char time[64], numbers[128];
  const auto length = std::strftime(time, sizeof time, "%FT%T", &utc);
  std::snprintf(time + length, sizeof time - length, ".%03ldZ", now.tv_nsec / 1000000);
  std::snprintf(numbers, sizeof numbers, ",\"status\":%d,\"received\":%zu,\"sent\":%zu,\"ms\":%.3f}",
                exchange.status, exchange.received, exchange.sent, 1e3 * exchange.time.count());
  const Request& request = exchange.request;
  return std::string("{\"time\":\"")
      .append(time)
      .append("\",\"id\":")
      .append(detail::quoted(request.id))
      .append(",\"client\":\"")
      .append(exchange.client)
      .append("\",\"method\":")
      .append(detail::quoted(request.method))
      .append(",\"path\":")
      .append(detail::quoted(request.path))
      .append(numbers);
}

}  // namespace lstmlib::serve
