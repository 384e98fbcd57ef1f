// SPDX-License-Identifier: MIT
#pragma once
// Trusted certificates that replace the system's, for networks with their own certificate authority.

#include <string>

namespace sentiment::http {

struct Certificates {
  std::string path{};      ///< file of PEM certificates, or folder in OpenSSL's format; empty: the system's
  std::string named_by{};  ///< where the path comes from, for messages

  /// The first of REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE and SSL_CERT_DIR that is not empty. These
  /// are the variables of Python's requests, curl and OpenSSL.
  static Certificates of_environment();
  /// Throws Error if the path is neither a file nor a folder.
  void check() const;
};

}  // namespace sentiment::http
