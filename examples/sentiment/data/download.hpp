// SPDX-License-Identifier: MIT
#pragma once
// Downloads: a file is complete and verified, or absent.

#include "lstmlib/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace sentiment {

/// The network did not deliver: no connection, no such file, or a server error.
struct UnavailableError : lstmlib::Error {
  using Error::Error;
};

struct DownloadRetries {
  int attempts = 4;                            ///< in total, after server errors or lost connections
  std::chrono::milliseconds first_pause{500};  ///< before the second attempt; doubles each time
};

struct Download {
  std::string address;           ///< https, or http on this machine
  std::filesystem::path target;  ///< in an existing folder
  std::string sha256{};          ///< in hex; empty: unknown
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
  bool progress = false;  ///< show progress on standard error if it is a terminal
  DownloadRetries retries{};
};

/// Downloads a file to `target`. Incomplete data is kept in `target`.part, where a later attempt continues.
/// Several processes may request the same file concurrently. Throws UnavailableError; FormatError if size or
/// hash are wrong; FileError; Error if the address is not allowed.
void download(const Download& request);

/// Throws Error unless the address is https, or http to a loopback address.
void check_address(const std::string& address);

}  // namespace sentiment
