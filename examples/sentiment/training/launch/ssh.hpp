// SPDX-License-Identifier: MIT
#pragma once
// Connections between the hosts of a job: OpenSSH with its own files, independent of the user's.

#include "sentiment/support/process.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sentiment::launch {

/// The private key that all hosts share: $SENTIMENT_HOSTS_KEY, else /etc/sentiment/hosts_key, which the
/// image's build creates. Whoever has it can run commands as this user on a host that waits for the first
/// one.
std::filesystem::path hosts_key();

/// A private folder with the key and the files of client and server, removed at the end. The server uses the
/// same key: each side proves that it has it, and nobody else is accepted.
class SshFolder {
 public:
  /// Throws Error if there is no valid key.
  SshFolder();
  SshFolder(const SshFolder&) = delete;
  SshFolder& operator=(const SshFolder&) = delete;
  ~SshFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path client() const { return path_ / "client"; }

 private:
  std::filesystem::path path_;
};

/// 22 for root, 2222 for others, who may not use port 22.
int ssh_port();

/// An ssh server that accepts only this key, for this user. Commands run with this process's search paths for
/// programs and libraries.
class SshServer {
 public:
  /// Throws Error if sshd is not installed or does not start.
  explicit SshServer(const SshFolder& folder);

  /// Waits at most `time`. Throws Error if the server has ended.
  void check(std::chrono::milliseconds time);
  /// Whether a command has arrived.
  bool begun() const;
  /// Exit status of the command, once it has ended.
  std::optional<int> ended() const;

 private:
  std::filesystem::path folder_;
  std::string last_line_;
  process::Process process_;
};

/// The reason why a host cannot be reached yet, to follow its name. Nothing if its server responds.
std::optional<std::string> why_unreachable(const std::string& host, int port);

}  // namespace sentiment::launch
