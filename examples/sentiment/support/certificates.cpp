// SPDX-License-Identifier: MIT
#include "sentiment/support/certificates.hpp"

#include "lstmlib/base/error.hpp"

#include <cstdlib>
#include <filesystem>

namespace sentiment::http {

Certificates Certificates::of_environment() {
  for (const char* name : {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR"})
    if (const char* path = std::getenv(name); path && *path) return {path, name};
  return {};
}

void Certificates::check() const {
  std::error_code error;
  if (path.empty() || std::filesystem::is_regular_file(path, error) ||
      std::filesystem::is_directory(path, error))
    return;
  lstmlib::fail<lstmlib::Error>(named_by, ": there is no file or folder of certificates ", path);
}

}  // namespace sentiment::http
