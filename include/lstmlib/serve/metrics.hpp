// SPDX-License-Identifier: MIT
#pragma once
// Counters of a server for Prometheus.

#include "lstmlib/serve/queue.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <string>

namespace lstmlib::inline LSTMLIB_ABI::serve {

class Metrics {
  template <class Metric>
  prometheus::Family<Metric>& family(const char* name, const char* help) {
    return prometheus::detail::Builder<Metric>()
        .Name(std::string("lstmlib_serve_") + name)
        .Help(help)
        .Register(registry_);
  }
  prometheus::Gauge& gauge(const char* name, const char* help) {
    return family<prometheus::Gauge>(name, help).Add({});
  }
  prometheus::Counter& counter(const char* name, const char* help) {
    return family<prometheus::Counter>(name, help).Add({});
  }
  prometheus::Histogram& histogram(const char* name, const char* help,
                                   const prometheus::Histogram::BucketBoundaries& bounds) {
    return family<prometheus::Histogram>(name, help).Add({}, bounds);
  }

 public:
  /// Call only from the event loop.
  void request(int status, std::chrono::duration<double> time) {
    auto& counter = by_status_[status];
    if (counter == nullptr) counter = &requests_.Add({{"code", std::to_string(status)}});
    counter->Increment();
    seconds_.Observe(time.count());
  }
  void batch(const BatchReport& report) {
    batch_requests_.Observe(static_cast<double>(report.requests));
    rows_.Increment(static_cast<double>(report.rows));
    computing_.Increment(report.time.count());
  }
  /// Prometheus' text format, with the given current values.
  std::string text(std::size_t connections, std::size_t waiting, std::size_t held_bytes) {
    connections_.Set(static_cast<double>(connections));
    waiting_.Set(static_cast<double>(waiting));
    held_.Set(static_cast<double>(held_bytes));
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

 private:
  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_ =
      family<prometheus::Counter>("requests_total", "Requests answered, by status");
  std::map<int, prometheus::Counter*> by_status_;
  prometheus::Histogram& seconds_ =
      histogram("request_seconds", "From the complete request to the last byte of the response",
                {1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30});
  prometheus::Histogram& batch_requests_ =
      histogram("batch_requests", "Requests in a batch", {1, 2, 4, 8, 16, 32, 64, 128});
  prometheus::Counter& rows_ = counter("rows_total", "Rows (sentences) computed");
  prometheus::Counter& computing_ =
      counter("computing_seconds_total", "Time in the model, summed over threads");
  prometheus::Gauge& connections_ = gauge("connections", "Open connections");
  prometheus::Gauge& waiting_ = gauge("waiting_requests", "Requests in the queue");
  prometheus::Gauge& held_ = gauge("held_bytes", "Bytes of request and response bodies in memory");
};

}  // namespace lstmlib::serve
