// SPDX-License-Identifier: MIT
#pragma once
// Settings of a hosting container, read from environment variables with SageMaker's names.

#include "lstmlib/serve/options.hpp"

#include "lstmlib/base/error.hpp"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

namespace lstmlib::inline LSTMLIB_ABI::serve {

/// Settings that a hosting platform passes to a container.
struct Hosting {
  std::filesystem::path root = "/opt/ml";       ///< the model is in root/model  [SAGEMAKER_BASE_DIR]
  std::string default_accept;                   ///< [SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT]
  std::string batch_strategy = "MULTI_RECORD";  ///< [SAGEMAKER_BATCH_STRATEGY]
  std::size_t payload_megabytes = 6;            ///< for /execution-parameters  [SAGEMAKER_MAX_PAYLOAD_IN_MB]
};

namespace detail {
inline std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}
/// The number in a variable, or `otherwise` if it is not set. Throws Error unless it is in `min` to `max`.
inline std::size_t number_in(const char* name, std::size_t min, std::size_t max, std::size_t otherwise) {
  const std::string_view text = variable(name);
  if (text.empty()) return otherwise;
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < min || value > max)
    fail<Error>(name, " is \"", text.substr(0, 80), "\", expected a number from ", min, " to ", max);
  return value;
}
}  // namespace detail

inline Hosting hosting_from_environment() {
  Hosting hosting;
  if (const auto root = detail::variable("SAGEMAKER_BASE_DIR"); !root.empty()) hosting.root = root;
  hosting.default_accept = detail::variable("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT");
  if (const auto strategy = detail::variable("SAGEMAKER_BATCH_STRATEGY"); strategy == "SINGLE_RECORD")
    hosting.batch_strategy = strategy;
  hosting.payload_megabytes =
      detail::number_in("SAGEMAKER_MAX_PAYLOAD_IN_MB", 1, 1024, hosting.payload_megabytes);
  return hosting;
}

/// `options` with port, threads, body limit and request timeout from the environment, where set. Throws Error
/// for an invalid variable.
inline ServerOptions with_environment(ServerOptions options) {
  options.port =
      static_cast<std::uint16_t>(detail::number_in("SAGEMAKER_BIND_TO_PORT", 0, 65535, options.port));
  options.queue.threads = static_cast<unsigned>(
      detail::number_in("SAGEMAKER_MODEL_SERVER_WORKERS", 1, 1024, options.queue.threads));
  options.max_body_bytes =
      detail::number_in("SAGEMAKER_MAX_PAYLOAD_IN_MB", 1, 1024, options.max_body_bytes >> 20) << 20;
  const auto seconds = static_cast<std::size_t>(options.request_timeout.count());
  options.request_timeout =
      std::chrono::seconds(detail::number_in("SAGEMAKER_MODEL_SERVER_TIMEOUT", 1, 86400, seconds));
  return options;
}

}  // namespace lstmlib::serve
