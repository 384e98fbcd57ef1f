// SPDX-License-Identifier: MIT
#include "sentiment/cloud/http_client.hpp"

#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/support/curl.hpp"

#include <exception>

namespace sentiment::cloud {
namespace {

using lstmlib::Error;
using lstmlib::fail;
using lstmlib::message;

constexpr long connect_seconds = 10;

/// One request and its response.
class Flight {
 public:
  Flight(CURL* handle, const http::Certificates& certificates, const Request& request,
         const Exchange& exchange)
      : handle_(handle), certificates_(certificates), request_(request), exchange_(exchange) {}

  Answer run() {
    prepare();
    const CURLcode code = curl_easy_perform(handle_);
    if (failure_) std::rethrow_exception(failure_);
    if (signal_ != 0) throw Interrupted(signal_);
    if (too_long_)
      throw ConnectionError(
          message(request_.address.host, ": the response has more than ", exchange_.max_bytes, " bytes"),
          false);
    if (code != CURLE_OK) {
      const char* reason = *error_ ? error_ : curl_easy_strerror(code);
      throw ConnectionError(message(request_.address.host, ": ", reason, http::hint(code)), may_pass(code));
    }
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &answer_.status);
    return std::move(answer_);
  }

 private:
  template <class Value>
  void set(CURLoption option, Value value) {
    http::set(handle_, option, value);
  }

  void prepare() {
    curl_easy_reset(handle_);  // keeps the connection
    const std::string url = request_.url();
    http::begin(handle_, url, error_, {connect_seconds, exchange_.stalled_seconds}, certificates_);
    set(CURLOPT_PATH_AS_IS, 1L);  // a key may contain "..", and is signed that way

    const bool has_body = !request_.body.empty() || request_.method == "PUT" || request_.method == "POST";
    if (has_body) {
      set(CURLOPT_POST, 1L);
      set(CURLOPT_POSTFIELDS, request_.body.data());
      set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    }
    if (request_.method == "HEAD") set(CURLOPT_NOBODY, 1L);
    else set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());

    http::add(headers_, "Expect:");  // saves a round trip for a part of 8 MiB
    // libcurl would add a wrong Content-Type.
    if (has_body && !request_.headers.contains("content-type")) http::add(headers_, "Content-Type:");
    for (const auto& [name, value] : request_.headers)
      http::add(headers_, value.empty() ? name + ";" : name + ": " + value);
    set(CURLOPT_HTTPHEADER, headers_.get());

    set(CURLOPT_HEADERFUNCTION, &Flight::on_header);
    set(CURLOPT_HEADERDATA, this);
    set(CURLOPT_WRITEFUNCTION, &Flight::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &Flight::on_progress);
    set(CURLOPT_XFERINFODATA, this);
  }

  /// Whether the error may be temporary.
  static bool may_pass(CURLcode code) {
    switch (code) {
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
      case CURLE_OUT_OF_MEMORY:
      case CURLE_WRITE_ERROR: return false;
      default: return true;
    }
  }

  static std::size_t on_header(const char* data, std::size_t, std::size_t size, void* self) {
    static_cast<Flight*>(self)->take_header({data, size});
    return size;
  }
  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) return answer_.headers.clear();  // a status 100 came before
    const auto field = http::parse_field(line);
    if (field && answer_.headers.size() <= 200) answer_.headers[field->name] = field->value;
  }

  static std::size_t on_body(const char* data, std::size_t, std::size_t size, void* self) {
    auto& flight = *static_cast<Flight*>(self);
    try {
      return flight.take_body({data, size}) ? size : 0;
    } catch (...) {  // exceptions must not pass through libcurl's C code
      flight.failure_ = std::current_exception();
      return 0;
    }
  }
  bool take_body(std::string_view bytes) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    if (exchange_.take && (status == 200 || status == 206)) {
      exchange_.take(bytes);
      return true;
    }
    too_long_ = answer_.body.size() + bytes.size() > exchange_.max_bytes;
    if (!too_long_) answer_.body.append(bytes);
    return !too_long_;
  }

  static int on_progress(void* self, curl_off_t expected, curl_off_t received, curl_off_t, curl_off_t sent) {
    auto& flight = *static_cast<Flight*>(self);
    flight.signal_ = interrupt();
    if (flight.exchange_.progress)
      flight.exchange_.progress(static_cast<std::uint64_t>(sent), static_cast<std::uint64_t>(received),
                                static_cast<std::uint64_t>(expected));
    return flight.signal_ != 0;
  }

  CURL* handle_;
  const http::Certificates& certificates_;
  const Request& request_;
  const Exchange& exchange_;
  http::Lines headers_;
  char error_[CURL_ERROR_SIZE] = "";
  Answer answer_;
  bool too_long_ = false;
  int signal_ = 0;
  std::exception_ptr failure_;
};

}  // namespace

struct HttpClient::Handle {
  CURL* curl = curl_easy_init();
  ~Handle() { curl_easy_cleanup(curl); }
};

HttpClient::HttpClient(http::Certificates certificates) : certificates_(std::move(certificates)) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) fail<Error>("libcurl: ", curl_easy_strerror(started));
  handle_ = std::make_unique<Handle>();
  if (!handle_->curl) fail<Error>("libcurl does not start");
}

HttpClient::~HttpClient() = default;

Answer HttpClient::send(const SignedRequest& request, const Exchange& exchange) {
  stop_if_interrupted();
  return Flight(handle_->curl, certificates_, request.get(), exchange).run();
}

}  // namespace sentiment::cloud
