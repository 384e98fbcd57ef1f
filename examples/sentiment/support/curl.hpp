// SPDX-License-Identifier: MIT
#pragma once
// What all requests by libcurl have in common.

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

/// Throws Error where libcurl refuses.
template <class Value>
void set(CURL* handle, CURLoption option, Value value) {
  if (const CURLcode code = curl_easy_setopt(handle, option, value); code != CURLE_OK)
    lstmlib::fail<lstmlib::Error>("libcurl: ", curl_easy_strerror(code));
}

/// One part of an address, as it is written there; empty where it has none.
std::string part_of(CURLU* address, CURLUPart part);

/// When to give up, in seconds.
struct Patience {
  long connect;      ///< until the connection stands
  long stalled = 0;  ///< without a byte, then it counts as cut; 0: no limit
};

/// The address, whose text must outlive the request, this program's name, and `error` [CURL_ERROR_SIZE] for
/// libcurl's messages. What is given by http:// is on this machine or near it, never behind a proxy. Throws
/// Error where there are no such certificates.
void begin(CURL* handle, const std::string& address, char* error, Patience patience,
           const Certificates& certificates = Certificates::of_environment());

/// What may help where a server's certificate is not trusted; empty for other faults.
const char* hint(CURLcode code);

/// Adds a header line. Throws std::bad_alloc.
void add(Lines& lines, const std::string& line);

/// A line of an answer's head; none for the status line and for what has no colon.
struct Field {
  std::string name;        ///< in small letters
  std::string_view value;  ///< within the line, without spaces around it
};
std::optional<Field> parse_field(std::string_view line);

}  // namespace sentiment::http
