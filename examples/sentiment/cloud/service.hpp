// SPDX-License-Identifier: MIT
#pragma once
// A service of the cloud. Signs all requests, retries temporary errors, and turns refusals into one-line
// errors.

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/error_text.hpp"
#include "sentiment/cloud/http_client.hpp"
#include "sentiment/cloud/session.hpp"

#include <string>

namespace sentiment::cloud {

/// An error reported by a service. Its text contains no credentials.
struct ServiceError : RemoteError {
  ServiceError(const std::string& text, bool may_pass, long http_status, std::string error_code)
      : RemoteError(text, may_pass), status(http_status), code(std::move(error_code)) {}
  long status;
  std::string code;  ///< error name, such as NoSuchKey or ValidationException; empty if missing
};

/// Whether requests are signed. Requests for credentials are not.
enum class Signing { by_session, none };

class Service {
 public:
  /// `session` must outlive it.
  Service(const Session& session, const ServiceName& name, Signing signing = Signing::by_session)
      : session_(&session), name_(name), signing_(signing), http_(session.certificates) {}

  /// Calls `attempt` and returns its result. Retries a few times, with pauses, if it throws a temporary
  /// RemoteError (status 500, 502, 503, 504, 429, throttling, lost connections).
  template <class Attempt>
  auto repeat(const Attempt& attempt) {
    for (int number = 1;; ++number) {
      try {
        return attempt();
      } catch (const RemoteError& error) {
        if (!error.passing || number >= session_->retries.attempts) throw;
      }
      wait_after(number);
    }
  }

  /// Sends a request, with retries, and returns the response, whose status is below 300. Messages begin with
  /// `what`: an operation or an object. Throws ServiceError, and what HttpClient::send throws.
  Answer send(const std::string& what, const Request& request, const Exchange& exchange = {}) {
    return repeat([&] { return send_once(what, request, exchange); });
  }
  Answer send_once(const std::string& what, const Request& request, const Exchange& exchange = {});

  /// Calls a JSON service. `target` is for example "SageMaker.CreateModel". Throws like `send`.
  std::string call_json(const std::string& target, const std::string& body);

  const Session& session() const { return *session_; }

 private:
  void wait_after(int attempts) const;
  [[noreturn]] void refuse(const std::string& what, const Answer& answer, const ErrorText& error,
                           const Credentials& credentials) const;

  const Session* session_;
  ServiceName name_;
  Signing signing_;
  HttpClient http_;
};

}  // namespace sentiment::cloud
