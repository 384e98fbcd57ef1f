// SPDX-License-Identifier: MIT
#include "sentiment/data/download.hpp"

#include <arpa/inet.h>

#include "sentiment/data/part_file.hpp"
#include "sentiment/data/progress_line.hpp"
#include "sentiment/data/sha256.hpp"
#include "sentiment/support/curl.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

namespace sentiment {
namespace {

using lstmlib::fail;
using lstmlib::FormatError;

constexpr long connect_seconds = 5;
constexpr long stalled_seconds = 30;  // without data; then the connection counts as lost

bool is_loopback(const std::string& host) {
  in_addr numbers{};
  if (::inet_pton(AF_INET, host.c_str(), &numbers) == 1) return (ntohl(numbers.s_addr) >> 24) == 127;
  return host == "localhost" || host == "[::1]";
}

/// One request. The response is written to the part file as it arrives.
class Transfer {
 public:
  enum class End { done, retry, restart };  ///< restart: the part file does not match

  Transfer(const Download& request, PartFile& part, ProgressLine& progress)
      : request_(request), part_(part), progress_(progress), offset_(part.size()) {}

  /// Throws UnavailableError if retrying is pointless. Otherwise `reason` says why to retry. `tag` identifies
  /// the version of the file, so that a later request continues only the same version.
  End run(std::string& tag, std::string& reason) {
    const http::Handle handle(curl_easy_init());
    if (!handle) fail<UnavailableError>(request_.address, ": libcurl does not start");
    handle_ = handle.get();
    char curl_error[CURL_ERROR_SIZE] = "";
    const auto set = [&](CURLoption option, auto value) { http::set(handle_, option, value); };
    http::begin(handle_, request_.address, curl_error, {connect_seconds, stalled_seconds});
    set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 5L);
    set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    set(CURLOPT_WRITEDATA, this);
    set(CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    set(CURLOPT_HEADERDATA, this);
    http::Lines headers;
    const std::string range = std::to_string(offset_) + "-";
    if (offset_ > 0) {
      set(CURLOPT_RANGE, range.c_str());
      if (!tag.empty()) http::add(headers, "If-Range: " + tag);
      set(CURLOPT_HTTPHEADER, headers.get());
    }

    const CURLcode code = curl_easy_perform(handle_);
    if (failure_) std::rethrow_exception(failure_);
    tag = tag_;
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    if (misfit_) {
      reason = "the server sent a different range than requested";
      return End::restart;
    }
    if (status == 416) {
      reason = "the server does not have this range";
      return End::restart;
    }
    if (status >= 400) {
      reason = lstmlib::message("the server responded with status ", status);
      const bool passing = status >= 500 || status == 408 || status == 429;
      if (!passing) fail<UnavailableError>(request_.address, ": ", reason);
      return End::retry;
    }
    if (code != CURLE_OK) {
      reason = lstmlib::message(*curl_error != 0 ? curl_error : curl_easy_strerror(code), http::hint(code));
      if (!was_cut(code)) fail<UnavailableError>(request_.address, ": ", reason);
      return End::retry;
    }
    if (!accepted_ && (status != 200 && status != 206))
      fail<UnavailableError>(request_.address, ": the server responded with status ", status,
                             " instead of sending the file");
    if (!accepted_ && status == 200) part_.clear();  // an empty file
    if (request_.sha256.empty() && !length_known_)
      fail<UnavailableError>(request_.address, ": the server does not say how long the file is");
    return End::done;
  }

 private:
  /// Whether an established connection was lost, so that a retry may succeed.
  bool was_cut(CURLcode code) const {
    curl_off_t connected = 0;
    curl_easy_getinfo(handle_, CURLINFO_CONNECT_TIME_T, &connected);
    switch (code) {
      case CURLE_OPERATION_TIMEDOUT: return connected > 0;
      case CURLE_PARTIAL_FILE:
      case CURLE_GOT_NOTHING:
      case CURLE_RECV_ERROR:
      case CURLE_SEND_ERROR:
      case CURLE_HTTP2:
      case CURLE_HTTP2_STREAM: return true;
      default: return false;
    }
  }

  static std::size_t on_header(const char* data, std::size_t, std::size_t size, void* self) {
    static_cast<Transfer*>(self)->take_header({data, size});
    return size;
  }
  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) {  // start of the final response, after redirections
      tag_.clear();
      range_start_.reset();
      length_known_ = line.starts_with("HTTP/2") || line.starts_with("HTTP/3");
      return;
    }
    const auto field = http::parse_field(line);
    if (!field) return;
    const auto& [name, value] = *field;
    if (name == "etag" && !value.starts_with("W/")) tag_ = value;
    if (name == "content-length" || name == "transfer-encoding") length_known_ = true;
    if (name == "content-range" && value.starts_with("bytes "))
      range_start_ = std::strtoull(std::string(value.substr(6)).c_str(), nullptr, 10);
  }

  static std::size_t on_body(const char* data, std::size_t, std::size_t size, void* self) {
    auto& transfer = *static_cast<Transfer*>(self);
    try {
      return transfer.take_body({data, size}) ? size : 0;
    } catch (...) {  // exceptions must not pass through libcurl's C code
      transfer.failure_ = std::current_exception();
      return 0;
    }
  }
  /// Returns false to stop.
  bool take_body(std::string_view bytes) {
    long status = 0;
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206) {  // ignore the text of error pages
      discarded_ += bytes.size();
      return discarded_ < (1 << 16);
    }
    if (!accepted_) {
      if (status == 206 && range_start_ != offset_) {
        misfit_ = true;
        return false;
      }
      if (status == 200) {  // the whole file, although a range was requested
        part_.clear();
        offset_ = 0;
      }
      accepted_ = true;
      curl_off_t length = -1;
      curl_easy_getinfo(handle_, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
      if (length > 0) total_ = offset_ + static_cast<std::uint64_t>(length);
    }
    const std::uint64_t size = part_.size() + bytes.size();
    if ((std::max)(size, total_) > request_.max_bytes) {
      part_.clear();
      fail<FormatError>(request_.address, ": the file is larger than ", request_.max_bytes, " bytes");
    }
    part_.append(bytes);
    progress_.update(size, total_);
    return true;
  }

  const Download& request_;
  PartFile& part_;
  ProgressLine& progress_;
  std::uint64_t offset_;  ///< first byte requested
  CURL* handle_ = nullptr;
  bool accepted_ = false, misfit_ = false, length_known_ = false;
  std::optional<std::uint64_t> range_start_;
  std::uint64_t total_ = 0;  ///< size of the whole file; 0: unknown
  std::size_t discarded_ = 0;
  std::string tag_;
  std::exception_ptr failure_;
};

bool is_complete(const std::filesystem::path& file, const std::string& sha256) {
  return sha256.empty() || sha256_of_file(file) == sha256;
}

}  // namespace

void check_address(const std::string& address) {
  const std::unique_ptr<CURLU, http::CurlDelete> parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, address.c_str(), 0) != CURLUE_OK)
    fail<lstmlib::Error>("'", address, "' is not a web address");
  const std::string scheme = http::part_of(parsed.get(), CURLUPART_SCHEME),
                    host = http::part_of(parsed.get(), CURLUPART_HOST);
  if (scheme != "https" && (scheme != "http" || !is_loopback(host)))
    fail<lstmlib::Error>("'", address, "' is not allowed: only https, and http to this machine");
}

void download(const Download& request) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) fail<UnavailableError>("libcurl: ", curl_easy_strerror(started));
  check_address(request.address);
  auto part_path = request.target;
  part_path += ".part";
  PartFile part(part_path);
  std::error_code error;
  if (std::filesystem::is_regular_file(request.target, error) &&
      is_complete(request.target, request.sha256)) {
    part.remove();  // another process was faster
    return;
  }
  // Continue an earlier part file only if the hash will verify the result.
  if (request.sha256.empty()) part.clear();
  bool resumed = part.size() > 0;
  std::string tag, reason;
  auto pause = request.retries.first_pause;
  for (int attempt = 1;; ++attempt) {
    Transfer::End end = Transfer::End::done;
    const bool whole =
        resumed && is_complete(part.path(), request.sha256);  // only the final rename was missing
    if (!whole) {
      ProgressLine progress("downloading " + request.target.filename().string(), request.progress);
      end = Transfer(request, part, progress).run(tag, reason);
    }
    if (end == Transfer::End::done) {
      if (whole || is_complete(part.path(), request.sha256)) return part.move_to(request.target);
      const std::string got = sha256_of_file(part.path());
      part.remove();
      if (!resumed)
        fail<FormatError>(request.address, ": the file is not the expected one: its SHA-256 is ", got,
                          ", expected ", request.sha256);
      return download(request);  // the part file belonged to another version
    }
    if (end == Transfer::End::restart) {
      part.clear();
      resumed = false;
      tag.clear();
    }
    // Without a version tag, two attempts could mix different files without anybody noticing.
    if (request.sha256.empty() && tag.empty()) part.clear();
    if (attempt >= request.retries.attempts)
      fail<UnavailableError>(request.address, ": ", reason, " (", attempt, " attempts)");
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

}  // namespace sentiment
