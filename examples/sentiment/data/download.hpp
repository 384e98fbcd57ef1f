// SPDX-License-Identifier: MIT
#pragma once
// Files from the network: whole and checked, or not there.

#include "lstmlib/base/error.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace sentiment {

/// What the network did not give: no connection, no such file there, a server that fails.
struct UnavailableError : lstmlib::Error {
  using Error::Error;
};

struct DownloadRetries {
  int attempts = 4;                            ///< in all, after a server's error or a cut connection
  std::chrono::milliseconds first_pause{500};  ///< before the second one; each further pause is twice as long
};

struct Download {
  std::string address;           ///< https, or http to this machine
  std::filesystem::path target;  ///< in a folder that is there
  std::string sha256{};          ///< in hex; empty: not known
  std::uint64_t max_bytes = std::uint64_t{1} << 30;
  bool progress = false;  ///< on standard error, where that is a terminal
  DownloadRetries retries{};
};

/// Downloads a file to `target`. What has come stands in `target`.part until it is whole, and a later attempt
/// goes on there. Several processes may ask for one file at the same time. Throws UnavailableError;
/// FormatError where size or hash are not those that are known; FileError; Error for an address that is not
/// allowed.
void download(const Download& wanted);

/// Throws Error unless the address is https, or http to a loopback address.
void check_address(const std::string& address);

}  // namespace sentiment
