// SPDX-License-Identifier: MIT
#include "sentiment/cloud/service.hpp"

#include "sentiment/cloud/interrupt.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <random>
#include <string_view>

namespace sentiment::cloud {
namespace {

using lstmlib::message;

/// Temporary errors, whatever their status.
bool is_throttled(const std::string& code) {
  constexpr std::array<std::string_view, 10> names = {"ThrottlingException",
                                                      "Throttling",
                                                      "ThrottledException",
                                                      "RequestThrottled",
                                                      "RequestThrottledException",
                                                      "TooManyRequestsException",
                                                      "RequestLimitExceeded",
                                                      "SlowDown",
                                                      "RequestTimeout",
                                                      "PriorRequestNotComplete"};
  return std::find(names.begin(), names.end(), code) != names.end();
}

bool is_passing(long status, const std::string& code) {
  // The model's own error has status 424, or 500 with this name. A retry would compute it again.
  if (code == "ModelError") return false;
  return status == 500 || status == 502 || status == 503 || status == 504 || status == 429 ||
         is_throttled(code);
}

bool is_about_credentials(const std::string& code) {
  constexpr std::array<std::string_view, 10> names = {
      "SignatureDoesNotMatch", "InvalidSignatureException",
      "InvalidClientTokenId",  "UnrecognizedClientException",
      "InvalidAccessKeyId",    "ExpiredToken",
      "ExpiredTokenException", "InvalidToken",
      "IncompleteSignature",   "MissingAuthenticationTokenException"};
  return std::find(names.begin(), names.end(), code) != names.end();
}

}  // namespace

void Service::wait_after(int attempts) const {
  const auto& retries = session_->retries;
  auto longest = retries.first_pause;
  for (int i = 1; i < attempts && longest < retries.longest_pause; ++i) longest *= 2;
  longest = (std::min)(longest, retries.longest_pause);
  // Random, so that programs that were refused together do not return together.
  static std::mt19937_64 random(std::random_device{}());
  pause(std::chrono::milliseconds(
      std::uniform_int_distribution<long>(longest.count() / 2, longest.count())(random)));
}

Answer Service::send_once(const std::string& what, const Request& request, const Exchange& exchange) {
  const Scope scope{session_->region, name_.signing};
  const Credentials credentials = session_->current();
  const auto start = std::chrono::steady_clock::now();
  const auto log = [&](const std::string& result) {
    if (!session_->log) return;
    std::array<char, 32> time{};
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::snprintf(time.data(), time.size(), ", %.3f s", seconds.count());
    const std::string line =
        message(request.method, " ", request.url(), " (", what, "): ", result, time.data());
    session_->log(one_line(credentials.hide(line), 2000));
  };
  try {
    Answer answer =
        http_.send(signing_ == Signing::none ? unsigned_request(request)
                                             : sign(request, credentials, scope, std::time(nullptr)),
                   exchange);
    const ErrorText error = answer.status < 300 ? ErrorText() : read_error(answer);
    log(message(answer.status, error.code.empty() ? "" : " ", error.code));
    if (answer.status < 200 || answer.status >= 300) refuse(what, answer, error, credentials);
    return answer;
  } catch (const ConnectionError& error) {
    log(error.what());
    throw ConnectionError(one_line(credentials.hide(message(what, ": ", error.what()))), error.passing);
  }
}

std::string Service::call_json(const std::string& target, const std::string& body) {
  Request request{.method = "POST", .address = session_->address(name_), .body = body};
  request.headers = {{"content-type", "application/x-amz-json-1.1"}, {"x-amz-target", target}};
  return send(target.substr(target.rfind('.') + 1), request).body;
}

void Service::refuse(const std::string& what, const Answer& answer, const ErrorText& error,
                     const Credentials& credentials) const {
  // Hide secrets before the text is cut: half a token would not be recognised.
  std::string text = message(what, ": ");
  if (!error.code.empty()) text += error.code + ": ";
  if (!error.text.empty()) text += one_line(credentials.hide(error.text));
  else if (answer.status == 404) text += "Not Found";
  else text += "the server refused";
  text += message(" (status ", answer.status);
  if (const std::string region = answer.header("x-amz-bucket-region");
      !region.empty() && region != session_->region)
    text += "; the bucket is in the region " + one_line(region, 40);
  if (is_about_credentials(error.code)) text += "; the credentials are from " + session_->credentials_from;
  throw ServiceError(one_line(credentials.hide(text + ")"), 1200), is_passing(answer.status, error.code),
                     answer.status, error.code);
}

}  // namespace sentiment::cloud
