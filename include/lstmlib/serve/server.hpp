// SPDX-License-Identifier: MIT
#pragma once
// An HTTP/1.1 server: one thread with an event loop for all connections, and a queue whose threads compute.
// Links lstmlib::serve, or has one file of the program include lstmlib/serve/entry.hpp.

#include "lstmlib/serve/job.hpp"
#include "lstmlib/serve/options.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// Requests that are computed.
struct InferenceRoute {
  std::function<std::shared_ptr<Job>()> make_job;    ///< called in the loop
  std::span<const std::string_view> types;           ///< of bodies, the default first; empty: any
  std::span<const std::string_view> response_types;  ///< the same of answers
  std::string default_accept;                        ///< where a client says nothing; empty: the first
};

/// Made by make_server. Routes are set before `run`. Errors are answered by the server itself: 404 and 405,
/// 406 and 415, 400, 413 and 431 for requests that are malformed or too large, 503 before `ready`, while
/// stopping and when full.
class Server {
 public:
  virtual ~Server() = default;

  virtual void get(const std::string& path, RouteHandler handler) = 0;
  /// One part of the path may be `*`: any word.
  virtual void post(const std::string& path, InferenceRoute route) = 0;

  /// The port it listens on.
  virtual std::uint16_t port() const = 0;
  virtual unsigned threads() const = 0;
  /// From now on computed requests are taken. Any thread may call it, before or during `run`.
  virtual void ready() = 0;
  virtual bool is_ready() const = 0;  ///< and not stopping
  /// Serves until `stop` or, with ServerOptions::stop_at_signals, a SIGTERM or SIGINT; then no connection is
  /// taken any more, requests that have begun are answered, and it returns the signal's number, or 0. A second
  /// signal does what it did before `run`: as a rule it ends the process at once.
  virtual int run() = 0;
  /// Any thread may call it.
  virtual void stop() = 0;
  /// The metrics in Prometheus' text format 0.0.4.
  virtual std::string metrics() const = 0;
};

/// Only a name, for the linker's message: link lstmlib::serve, or include serve/entry.hpp in one file.
struct link_lstmlib_serve_or_include_serve_entry_hpp;

/// Binds the address and listens; connections are taken from `run` on. Throws Error where it cannot.
template <class = link_lstmlib_serve_or_include_serve_entry_hpp>
std::unique_ptr<Server> make_server(const ServerOptions& options);

}  // namespace lstmlib::serve
