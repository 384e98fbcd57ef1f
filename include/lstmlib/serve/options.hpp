// SPDX-License-Identifier: MIT
#pragma once
// Options of a server.

#include "lstmlib/version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// How requests wait for the model and are batched.
struct QueueOptions {
  unsigned threads = 0;                 ///< that read, compute and write; 0: one per CPU
  unsigned max_concurrent_batches = 0;  ///< limit of batches computed concurrently; 0: threads
  std::size_t min_requests_for_another_batch =
      12;                                   ///< waiting requests needed to start a batch while others run
  std::size_t max_waiting_requests = 1024;  ///< further requests get 503
  std::size_t max_batch_requests = 24;      ///< requests in a batch
  std::size_t max_batch_cost =
      4096;  ///< cost of a batch, such as words; a row that costs more is computed alone
  /// Cost above which a request is long: long ones leave a thread free for others.
  std::size_t long_cost = 1024;
  std::size_t loop_cost = 192;  ///< total cost up to which the event loop computes requests itself; 0: never
  std::chrono::microseconds max_delay{1000};  ///< maximum extra wait under load to fill a batch
};

struct ServerOptions {
  std::string host = "127.0.0.1";            ///< an IP address, not a host name
  std::uint16_t port = 8080;                 ///< 0: any free port
  std::size_t max_connections = 4096;        ///< concurrent ones; further clients wait to be accepted
  std::size_t max_header_bytes = 64 << 10;   ///< of a request; above: status 431
  std::size_t max_body_bytes = 25 << 20;     ///< of a request; above: status 413
  std::size_t max_memory_bytes = 512 << 20;  ///< of all requests and responses together; above: status 503
  std::chrono::seconds idle_timeout{60};     ///< a connection without traffic for this long is closed
  std::chrono::seconds header_timeout{60};   ///< from the first byte of a header to its last
  /// From the complete request to its response; above: status 503.
  std::chrono::seconds request_timeout{60};
  std::chrono::seconds shutdown_timeout{25};  ///< from `stop` to the end, even if connections are open
  std::chrono::microseconds spin{50};         ///< how long an idle event loop polls before it sleeps
  /// Whether SIGINT and SIGTERM stop the server cleanly: see SignalWatch. By default the server installs no
  /// signal handlers, which are the program's decision.
  bool stop_at_signals = false;
  std::vector<std::string> cors_origins = {};  ///< origins of web pages that may send requests; "*": all
  QueueOptions queue = {};
  /// Called with one line of JSON, without newline, per request. Must not block.
  std::function<void(std::string_view)> access_log;
};

}  // namespace lstmlib::serve
