// SPDX-License-Identifier: MIT
#pragma once
// A model as an endpoint with the routes that hosting platforms expect of a container: GET /ping,
// /execution-parameters and /metrics, POST /invocations and /endpoints/NAME/invocations.

#include "lstmlib/serve/environment.hpp"
#include "lstmlib/serve/handler.hpp"
#include "lstmlib/serve/routes.hpp"
#include "lstmlib/serve/server.hpp"

#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// A server for one model. See handler.hpp for handlers.
///
///     serve::Service service(MyHandler{}, "model_folder", {.port = 8080, .stop_at_signals = true});
///     return service.run();
template <Handler H>
class Service {
 public:
  /// Starts listening. Throws Error if that fails.
  Service(H handler, std::filesystem::path model_dir, const ServerOptions& options = {},
          const Hosting& hosting = {})
      : handler_(std::move(handler)), model_dir_(std::move(model_dir)), server_(make_server<>(options)) {
    const InferenceRoute invocation = inference_route(
        handler_, [this]() -> auto& { return *model_; }, default_accept(hosting));
    server_->post("/invocations", invocation);
    server_->post("/endpoints/*/invocations", invocation);
    const std::string parameters =
        message("{\"MaxConcurrentTransforms\": ", server_->threads(), ", \"BatchStrategy\": \"",
                hosting.batch_strategy, "\", \"MaxPayloadInMB\": ", hosting.payload_megabytes, "}");
    server_->get("/execution-parameters", [parameters](const Request&) {
      return Response{200, {"application/json", parameters}, {}};
    });
  }

  /// For additional routes, to be set before `run`.
  Server& server() { return *server_; }
  H& handler() { return handler_; }
  /// Valid once the server is ready.
  const ModelOf<H>& model() const { return *model_; }

  /// Loads the model while /ping answers 503, then serves: see Server::run. Throws what `load` throws.
  int run() {
    std::exception_ptr error;
    std::thread loader([&] {
      try {
        model_.reset(new const ModelOf<H>(handler_.load(model_dir_)));
        server_->ready();
      } catch (...) {
        error = std::current_exception();
        server_->stop();
      }
    });
    const int signal = server_->run();
    loader.join();
    if (error) std::rethrow_exception(error);
    return signal;
  }

 private:
  /// The response type that the container's setting selects. Throws Error if the handler does not have it.
  static std::string default_accept(const Hosting& hosting) {
    constexpr auto types = response_types_of<H>();
    if (hosting.default_accept.empty() || types.empty()) return hosting.default_accept;
    std::string type = negotiated_type(hosting.default_accept, types, types[0]);
    if (type.empty())
      fail<Error>("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT is \"", hosting.default_accept.substr(0, 80),
                  "\", expected one of ", detail::listed(types));
    return type;
  }

  H handler_;
  const std::filesystem::path model_dir_;
  std::unique_ptr<const ModelOf<H>> model_;
  std::unique_ptr<Server> server_;  // last: destroyed first, with the requests that use the other members
};

}  // namespace lstmlib::serve
