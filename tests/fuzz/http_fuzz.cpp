// SPDX-License-Identifier: MIT
// Any bytes as what a client sends: requests or an HttpError, the same however the bytes are cut, and never more
// held than is counted.
#include "lstmlib/serve/content_coding.hpp"
#include "lstmlib/serve/request_parser.hpp"
#include "lstmlib/serve/routes.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace lstmlib::serve;

namespace {

void expect(bool truth) {
  if (!truth) std::abort();
}

/// What a server does with the input that comes in these pieces: its requests, and the status that ends them.
std::string read(std::string_view input, std::size_t piece) {
  constexpr RequestLimits limits{4096, 8192};
  static constexpr std::string_view types[] = {"application/json", "text/csv"};
  MemoryBudget budget(16384);
  std::string seen;
  while (!input.empty()) {
    MemoryReservation reservation(budget);
    RequestParser parser(limits, reservation);
    try {
      while (!parser.is_done() && !input.empty()) {
        std::string_view part = input.substr(0, piece);
        input.remove_prefix(part.size());
        while (!part.empty() && !parser.is_done()) parser.take(part);
        expect(parser.body().size() <= limits.max_body_bytes &&
               parser.body().size() <= reservation.bytes() + 15);
        expect(reservation.bytes() == budget.held());
        input = std::string_view(part.data(), part.size() + input.size());  // what was not taken
      }
      if (!parser.is_done()) return seen + "unfinished";
      RequestHead& head = parser.head();
      expect(head.request.path == "*" || head.request.path.starts_with('/'));
      seen +=
          head.request.method + ' ' + head.request.path + ' ' + head.request.id + ' ' + parser.body() + '\n';
      InferenceRoute route;
      route.types = route.response_types = types;
      try {
        negotiate_types(route, head.request);
        if (!head.request.content_coding.empty())
          seen += decoded_body(parser.body(), limits.max_body_bytes, reservation);
      } catch (const HttpError& error) {
        seen += std::to_string(error.status()) + '\n';
        expect(error_response(error).content.body.find("\"message\"") != std::string::npos);
      }
      if (!head.keep_alive) return seen + "closed";
    } catch (const HttpError& error) { return seen + std::to_string(error.status()); }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string whole = read(input, size);
  expect(read(input, 1) == whole);
  expect(read(input, 7) == whole);
  return 0;
}
