// SPDX-License-Identifier: MIT
#pragma once
// An HTTP/1.1 server: one thread runs an event loop for all connections, and the threads of a queue compute.
// Link lstmlib::serve, or include lstmlib/serve/entry.hpp in one source file.

#include "lstmlib/serve/job.hpp"
#include "lstmlib/serve/options.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// A route whose requests go through the queue. inference_route makes one from a handler.
struct InferenceRoute {
  std::function<std::shared_ptr<Job>()> make_job;    ///< called in the event loop
  std::span<const std::string_view> types;           ///< request types, default first; empty: any
  std::span<const std::string_view> response_types;  ///< response types, default first; empty: any
  /// Response type if the client names none; empty: the first.
  std::string default_accept;
};

/// Created by make_server. Set the routes before `run`. The server itself answers errors: 404, 405, 406 and
/// 415; 400, 413 and 431 for malformed or too large requests; 503 before `ready`, while stopping and when
/// full.
///
///     auto server = serve::make_server<>({.port = 8080});
///     server->get("/hello", [](const serve::Request&) {
///       return serve::Response{200, {"text/plain", "hello"}, {}};
///     });
///     server->ready();
///     server->run();
class Server {
 public:
  virtual ~Server() = default;

  virtual void get(const std::string& path, RouteHandler handler) = 0;
  /// One segment of the path may be `*`, which matches any segment.
  virtual void post(const std::string& path, InferenceRoute route) = 0;

  /// The port it listens on.
  virtual std::uint16_t port() const = 0;
  virtual unsigned threads() const = 0;
  /// Starts accepting inference requests. Thread-safe; call before or during `run`.
  virtual void ready() = 0;
  virtual bool is_ready() const = 0;  ///< and not stopping
  /// Serves until `stop` is called or, with ServerOptions::stop_at_signals, SIGTERM or SIGINT arrives. Then
  /// it takes no more connections, finishes the requests that have started, and returns the number of the
  /// signal, or 0. A second signal has its previous effect, which is usually to end the process.
  virtual int run() = 0;
  /// Thread-safe.
  virtual void stop() = 0;
  /// The metrics in Prometheus' text format 0.0.4.
  virtual std::string metrics() const = 0;
};

/// Never defined. Its name is the hint in the linker's message if the server is missing.
struct link_lstmlib_serve_or_include_serve_entry_hpp;

/// Binds the address and listens. Connections are accepted once `run` is called. Throws Error if that fails.
template <class = link_lstmlib_serve_or_include_serve_entry_hpp>
std::unique_ptr<Server> make_server(const ServerOptions& options);

}  // namespace lstmlib::serve
