// SPDX-License-Identifier: MIT
#pragma once
// One service of the cloud: every request to it is signed, tried again where that may help, and its refusals
// become errors of one line.

#include "lstmlib/base/error.hpp"
#include "sentiment/cloud/error_text.hpp"
#include "sentiment/cloud/http_client.hpp"
#include "sentiment/cloud/session.hpp"

#include <string>

namespace sentiment::cloud {

/// What a service refused. Of the text nothing is a credential.
struct ServiceError : RemoteError {
  ServiceError(const std::string& text, bool may_pass, long http_status, std::string error_code)
      : RemoteError(text, may_pass), status(http_status), code(std::move(error_code)) {}
  long status;
  std::string code;  ///< its name: NoSuchKey, ValidationException; empty where the answer has none
};

/// Whether requests carry a signature; without one they ask for credentials.
enum class Signing { by_session, none };

class Service {
 public:
  /// `session` outlives it.
  Service(const Session& session, const ServiceName& name, Signing signing = Signing::by_session)
      : session_(&session), name_(name), signing_(signing), http_(session.certificates) {}

  /// What `attempt` gives; again after a pause, some times, while it throws a RemoteError that may pass
  /// (status 500, 502, 503, 504, 429, throttling, cut connections).
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

  /// The answer, which has a status below 300; what may pass is tried again. `what` begins the messages: an
  /// operation or an object. Throws ServiceError, and what HttpClient::send throws.
  Answer send(const std::string& what, const Request& request, const Exchange& exchange = {}) {
    return repeat([&] { return send_once(what, request, exchange); });
  }
  Answer send_once(const std::string& what, const Request& request, const Exchange& exchange = {});

  /// A call of a service that takes and gives JSON: `target` is "SageMaker.CreateModel". Throws as `send`.
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
