// SPDX-License-Identifier: MIT
#pragma once
// Whose certificates are trusted in place of the system's, for networks that have an authority of their own.

#include <string>

namespace sentiment::http {

struct Certificates {
  std::string
      path{};  ///< a file of certificates in PEM, or a folder of them as OpenSSL has it; empty: the system's
  std::string named_by{};  ///< what named it, for messages

  /// REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE or SSL_CERT_DIR: the first that is not empty, as Python's
  /// requests, curl and OpenSSL take them.
  static Certificates of_environment();
  /// Throws Error where the path is neither a file nor a folder.
  void check() const;
};

}  // namespace sentiment::http
