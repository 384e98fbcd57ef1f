// SPDX-License-Identifier: MIT
#pragma once
// Common parts of all requests by libcurl.

#include <curl/curl.h>

#include "lstmlib/base/error.hpp"
#include "sentiment/support/certificates.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace sentiment::http {

struct CurlDelete {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
  void operator()(CURLU* address) const { curl_url_cleanup(address); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, CurlDelete>;
using Lines = std::unique_ptr<curl_slist, CurlDelete>;

/// Throws Error if libcurl refuses.
template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK)
    lstmlib::fail<lstmlib::Error>("libcurl: ", curl_easy_strerror(code));
}

/// One part of an address as written; empty if there is none.
std::string part_of(CURLU* address, CURLUPart part);

/// Timeouts in seconds.
struct Patience {
  long connect;      ///< until the connection is established
  long stalled = 0;  ///< without data, then it counts as lost; 0: no limit
};

/// Sets the address (which must outlive the request), the user agent, and the buffer `error`
/// [CURL_ERROR_SIZE] for messages. Requests by http:// never use a proxy, because their servers are on this
/// machine or close to it. Throws Error if the certificates do not exist.
void begin(CURL* handle, const std::string& address, char* error, Patience patience,
           const Certificates& certificates = Certificates::of_environment());

/// Advice if a server's certificate is not trusted; empty for other errors.
const char* hint(CURLcode code);

/// Adds a header line. Throws std::bad_alloc.
void add(Lines& lines, const std::string& line);

/// Parses a header line of a response. Nothing for the status line and for lines without a colon.
struct Field {
  std::string name;        ///< lower case
  std::string_view value;  ///< view into the line, trimmed
};
std::optional<Field> parse_field(std::string_view line);

}  // namespace sentiment::http
