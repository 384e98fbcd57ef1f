// SPDX-License-Identifier: MIT
#include "sentiment/serving/client.hpp"

#include "sentiment/support/curl.hpp"
#include "sentiment/serving/invocation.hpp"

#include <nlohmann/json.hpp>

namespace sentiment {

using lstmlib::Error;
using lstmlib::fail;
using lstmlib::message;

namespace {

constexpr std::size_t max_bytes = std::size_t{1} << 30;  // of a response

std::size_t take(char* bytes, std::size_t, std::size_t count, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + count > max_bytes) return 0;
  body.append(bytes, count);
  return count;
}

/// The message in an error's body, else its status.
std::string message_of(const std::string& body, long status) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("error-message") && json["error-message"].is_string())
    return message("status ", status, ": ", json["error-message"].get<std::string>());
  return message("status ", status);
}

}  // namespace

struct EndpointClient::Session {
  http::Lines fields;
  char error[CURL_ERROR_SIZE] = "";
  http::Handle owner{curl_easy_init()};
  CURL* handle = owner.get();
};

EndpointClient::EndpointClient(const std::string& url, const std::string& name, long timeout_seconds)
    : session_(std::make_unique<Session>()) {
  CURL* handle = session_->handle;
  if (handle == nullptr) fail<Error>("libcurl does not start");
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    fail<Error>(url, ": expected an address that begins with http:// or https://");
  char* escaped = curl_easy_escape(handle, name.data(), static_cast<int>(name.size()));
  const std::string root = url.substr(0, url.find_last_not_of('/') + 1);
  address_ = root + "/endpoints/" + (escaped ? escaped : "") + "/invocations";
  ping_ = root + "/ping";
  curl_free(escaped);
  for (const char* field : {"Content-Type: application/json", "Accept: application/json", "Expect:"})
    http::add(session_->fields, field);
  http::begin(handle, address_, session_->error, {.connect = 5});
  http::set(handle, CURLOPT_HTTPHEADER, session_->fields.get());
  http::set(handle, CURLOPT_TIMEOUT, timeout_seconds);
  http::set(handle, CURLOPT_WRITEFUNCTION, take);
}

EndpointClient::~EndpointClient() = default;

std::string EndpointClient::invoke(std::span<const std::string> sentences, const std::string& format) {
  const std::string request = invocation_body(sentences);
  std::string body;
  CURL* handle = session_->handle;
  curl_easy_setopt(handle, CURLOPT_URL, address_.c_str());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.data());
  curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.size()));
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
  if (const CURLcode code = curl_easy_perform(handle); code != CURLE_OK)
    fail<Error>(address_, ": ", *session_->error ? session_->error : curl_easy_strerror(code),
                http::hint(code));
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) fail<Error>(address_, ": ", message_of(body, status));
  return prediction_lines(body, sentences.size(), format, address_);
}

bool EndpointClient::healthy() {
  std::string body;
  CURL* handle = session_->handle;
  curl_easy_setopt(handle, CURLOPT_URL, ping_.c_str());
  curl_easy_setopt(handle, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &body);
  long status = 0;
  if (curl_easy_perform(handle) == CURLE_OK) curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return status == 200;
}

}  // namespace sentiment
