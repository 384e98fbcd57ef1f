// SPDX-License-Identifier: MIT
#pragma once
// What a server can be told.

#include "lstmlib/version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// How requests wait for the model, and how they are joined.
struct QueueOptions {
  unsigned threads = 0;                 ///< that read, compute and write; 0: as many as there are CPUs
  unsigned max_concurrent_batches = 0;  ///< computed at the same time at most; 0: threads
  std::size_t min_requests_for_another_batch =
      12;                                   ///< requests that must wait before a batch begins beside others
  std::size_t max_waiting_requests = 1024;  ///< that may wait; further ones are answered with 503
  std::size_t max_batch_requests = 24;      ///< joined at most
  std::size_t max_batch_cost =
      4096;                      ///< of the rows computed together (their words); a costlier row is alone
  std::size_t long_cost = 1024;  ///< of a request; a costlier one leaves a thread to the others
  std::size_t loop_cost = 192;   ///< of all requests that the event loop computes itself at once; 0: none
  std::chrono::microseconds max_delay{1000};  ///< added at most, under load, to fill a batch
};

struct ServerOptions {
  std::string host = "127.0.0.1";           ///< an address, not a name
  std::uint16_t port = 8080;                ///< 0: any that is free
  std::size_t max_connections = 4096;       ///< at the same time; further ones wait to be accepted
  std::size_t max_header_bytes = 64 << 10;  ///< of a request; above: 431
  std::size_t max_body_bytes = 25 << 20;    ///< of a request; above: 413
  std::size_t max_memory_bytes =
      512 << 20;  ///< that all requests and their answers hold together; above: 503
  std::chrono::seconds idle_timeout{
      60};  ///< without a byte from or to a client, then its connection is closed
  std::chrono::seconds header_timeout{60};    ///< from a header's first byte to its last
  std::chrono::seconds request_timeout{60};   ///< from a whole request to its answer; above: 503
  std::chrono::seconds shutdown_timeout{25};  ///< from `stop` to the end, whatever is still open
  std::chrono::microseconds spin{50};         ///< that an idle event loop looks for more before it sleeps
  /// A SIGINT or SIGTERM stops the server in order while it runs: see SignalWatch. Else they do what they
  /// always do: the handlers of a process are its program's affair.
  bool stop_at_signals = false;
  std::vector<std::string>
      cors_origins;  ///< of pages elsewhere that may ask, as browsers send them; "*": all
  QueueOptions queue;
  /// Takes a line of JSON, without its end, for each request; must not wait.
  std::function<void(std::string_view)> access_log;
};

}  // namespace lstmlib::serve
