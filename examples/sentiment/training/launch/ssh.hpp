// SPDX-License-Identifier: MIT
#pragma once
// How the hosts of one job reach each other: OpenSSH, with files of its own and none of the user's.

#include "sentiment/support/process.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sentiment::launch {

/// The private key that all hosts have: $SENTIMENT_HOSTS_KEY, else /etc/sentiment/hosts_key, which the
/// image's build makes. Who has it may run commands on a host, as this user, while that waits for the first
/// one.
std::filesystem::path hosts_key();

/// A private folder with the key and the files of client and server, gone at the end. The key is the server's
/// too: each side proves that it has it, and nobody else is let in.
class SshFolder {
 public:
  /// Throws Error where there is no key, or it is not one.
  SshFolder();
  SshFolder(const SshFolder&) = delete;
  SshFolder& operator=(const SshFolder&) = delete;
  ~SshFolder();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path client() const { return path_ / "client"; }

 private:
  std::filesystem::path path_;
};

/// 22 for root, 2222 for others, who may not use that.
int ssh_port();

/// A server that takes this key alone, for this user. Each command that comes in runs with this process's
/// variables for finding programs and libraries.
class SshServer {
 public:
  /// Throws Error where there is no sshd, or it does not start.
  explicit SshServer(const SshFolder& folder);

  /// Throws Error if it has ended. Waits at most `time` for that.
  void check(std::chrono::milliseconds time);
  /// Whether a command came.
  bool begun() const;
  /// The status of the command that came, once it has ended.
  std::optional<int> ended() const;

 private:
  std::filesystem::path folder_;
  std::string last_line_;
  process::Process process_;
};

/// Why a host cannot be reached yet, in words that follow its name; nothing where its server answers.
std::optional<std::string> why_unreachable(const std::string& host, int port);

}  // namespace sentiment::launch
