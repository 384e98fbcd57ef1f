// SPDX-License-Identifier: MIT
#include "sentiment/support/curl.hpp"

#include "lstmlib/version.hpp"

#include <algorithm>
#include <filesystem>
#include <new>

namespace sentiment::http {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

std::string part_of(CURLU* address, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(address, part, &text, 0) != CURLUE_OK) return "";
  std::string copy = text;
  curl_free(text);
  return copy;
}

void begin(CURL* handle, const std::string& address, char* error, Patience patience,
           const Certificates& certificates) {
  set(handle, CURLOPT_URL, address.c_str());
  set(handle, CURLOPT_ERRORBUFFER, error);
  set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  set(handle, CURLOPT_NOSIGNAL, 1L);
  set(handle, CURLOPT_CONNECTTIMEOUT, patience.connect);
  if (patience.stalled > 0) {
    set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
    set(handle, CURLOPT_LOW_SPEED_TIME, patience.stalled);
  }
  const std::string agent = lstmlib::message("lstmlib/", LSTMLIB_VERSION_MAJOR, ".", LSTMLIB_VERSION_MINOR,
                                             ".", LSTMLIB_VERSION_PATCH);
  set(handle, CURLOPT_USERAGENT, agent.c_str());  // libcurl copies it
  if (address.starts_with("http:")) set(handle, CURLOPT_PROXY, "");
  if (certificates.path.empty()) return;
  certificates.check();
  // Set both, to replace the system's: libcurl would trust those of the file and of the folder.
  const bool folder = std::filesystem::is_directory(certificates.path);
  set(handle, CURLOPT_CAPATH, folder ? certificates.path.c_str() : nullptr);
  set(handle, CURLOPT_CAINFO, folder ? nullptr : certificates.path.c_str());
}

const char* hint(CURLcode code) {
  return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE
             ? " (AWS_CA_BUNDLE, REQUESTS_CA_BUNDLE or SSL_CERT_FILE may name a file of certificates to "
               "trust)"
             : "";
}

void add(Lines& lines, const std::string& line) {
  curl_slist* longer = curl_slist_append(lines.get(), line.c_str());
  if (!longer) throw std::bad_alloc();
  static_cast<void>(lines.release());
  lines.reset(longer);
}

std::optional<Field> parse_field(std::string_view line) {
  const auto colon = line.find(':');
  if (line.starts_with("HTTP/") || colon == std::string_view::npos) return std::nullopt;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return Field{std::move(name), trimmed(line.substr(colon + 1))};
}

}  // namespace sentiment::http
