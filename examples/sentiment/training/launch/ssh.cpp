// SPDX-License-Identifier: MIT
#include "sentiment/training/launch/ssh.hpp"

#include <netdb.h>
#include <poll.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lstmlib/base/error.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/training/launch/command.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <memory>

namespace sentiment::launch {

using lstmlib::Error;
using lstmlib::fail;
using lstmlib::FileError;
using lstmlib::message;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t largest_key = 1 << 16;  // bytes

fs::path needed(const char* program, const char* package) {
  const auto file = find_program(program);
  if (!file)
    fail<Error>("a job on several hosts needs ", program, ", which is not in PATH (Debian's package ",
                package, ")");
  return *file;
}

/// A text quoted for a shell script.
std::string quoted(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

std::string user_name() {
  const passwd* user = ::getpwuid(::geteuid());
  if (user == nullptr)
    fail<Error>("a job on several hosts needs a user with a name, for ssh, but ", ::geteuid(), " has none");
  return user->pw_name;
}

/// A script that runs the requested command and records its beginning and its end. sshd passes almost no
/// variables on.
std::string session_script(const fs::path& folder) {
  std::string script = "#!/bin/sh\n: >" + quoted(folder / "begun") + "\n";
  for (const char* name : {"PATH", "LD_LIBRARY_PATH", "TMPDIR"})
    if (const char* value = std::getenv(name)) script += message("export ", name, "=", quoted(value), "\n");
  return script + "sh -c \"$SSH_ORIGINAL_COMMAND\"\necho $? >" + quoted(folder / "status.part") + "\nmv " +
         quoted(folder / "status.part") + " " + quoted(folder / "status") + "\n";
}

std::string client_settings(const fs::path& folder) {
  return message(
      "Host *\nPort ", ssh_port(), "\nUser ", user_name(), "\nIdentityFile ", (folder / "key").string(),
      "\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile ", (folder / "known_hosts").string(),
      "\nGlobalKnownHostsFile /dev/null\nStrictHostKeyChecking yes\nCheckHostIP no\n"
      "PreferredAuthentications publickey\nBatchMode yes\nConnectTimeout 20\nConnectionAttempts 3\n"
      "ServerAliveInterval 5\nServerAliveCountMax 4\nForwardX11 no\nLogLevel ERROR\n");
}

std::string server_settings(const fs::path& folder) {
  return message("Port ", ssh_port(), "\nHostKey ", (folder / "key").string(), "\nAuthorizedKeysFile ",
                 (folder / "authorized_keys").string(), "\nForceCommand /bin/sh ",
                 (folder / "session").string(), "\nAllowUsers ", user_name(),
                 "\nPidFile none\n"
                 // This folder is private; its parent may be writable for others.
                 "StrictModes no\nUsePAM no\nPermitRootLogin prohibit-password\nPubkeyAuthentication yes\n"
                 "PasswordAuthentication no\nKbdInteractiveAuthentication no\nDisableForwarding yes\n"
                 "PermitUserRC no\nPrintMotd no\nUseDNS no\nClientAliveInterval 5\nClientAliveCountMax 4\n"
                 "MaxStartups 64:30:128\nLogLevel FATAL\n");
}

void write_private(const fs::path& file, const std::string& text) {
  write_text(file, text);
  if (::chmod(file.c_str(), 0600) != 0) fail<FileError>(file.string(), ": cannot make it private");
}

/// The public half of a key, computed by ssh-keygen.
std::string public_half(const fs::path& key) {
  const fs::path file = key.string() + ".pub";
  const std::string words =
      quoted(needed("ssh-keygen", "openssh-client")) + " -y -P '' -f " + quoted(key) + " >" + quoted(file);
  process::Process keygen({.words = {"/bin/sh", "-c", words}});
  std::string reason;
  while (keygen.wait(100ms, [&](const std::string& line) { reason = line; })) {}
  if (keygen.end(10s) != 0)
    fail<Error>(hosts_key().string(), ": is not an OpenSSH private key without a passphrase (", reason, ")");
  std::string text = read_text(file, largest_key);
  return text.substr(0, text.find('\n'));
}

}  // namespace

fs::path hosts_key() {
  const char* file = std::getenv("SENTIMENT_HOSTS_KEY");
  return file && *file ? file : "/etc/sentiment/hosts_key";
}

int ssh_port() { return ::geteuid() == 0 ? 22 : 2222; }

SshFolder::SshFolder() {
  std::string key;
  try {
    key = read_text(hosts_key(), largest_key);
  } catch (const FileError& error) {
    fail<Error>(
        error.what(),
        "; a job on several hosts needs one OpenSSH private key there, the same on all hosts, as in the "
        "image that examples/sentiment/Dockerfile makes");
  }
  std::string name = (fs::temp_directory_path() / "sentiment-XXXXXX").string();
  // Settings are split at these characters.
  if (name.find_first_of(" \t\"'%") != name.npos) name = "/tmp/sentiment-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr)
    fail<FileError>(name, ": cannot make this folder: ", std::strerror(errno));
  path_ = name;
  try {
    write_private(path_ / "key", key);
    const std::string half = public_half(path_ / "key");
    write_private(path_ / "authorized_keys", half + '\n');
    write_private(path_ / "known_hosts", "* " + half + '\n');
    write_private(client(), client_settings(path_));
    write_private(path_ / "server", server_settings(path_));
    write_private(path_ / "session", session_script(path_));
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    throw;
  }
}

SshFolder::~SshFolder() {
  std::error_code ignored;  // what cannot be removed does no harm
  fs::remove_all(path_, ignored);
}

namespace {

std::vector<std::string> server_words(const fs::path& folder) {
  // sshd needs this folder for its privilege separation; usually packages create it when the system starts.
  if (::geteuid() == 0) make_folder("/run/sshd");
  return {needed("sshd", "openssh-server").string(), "-D", "-e", "-f", (folder / "server").string()};
}

}  // namespace

SshServer::SshServer(const SshFolder& folder)
    : folder_(folder.path()), process_({.words = server_words(folder.path())}) {}

void SshServer::check(std::chrono::milliseconds time) {
  process_.wait(time, [&](const std::string& line) {
    last_line_ = line;
    std::cerr << line << '\n';
  });
  if (const auto status = process_.ended())
    fail<Error>("sshd ended with status ", *status, last_line_.empty() ? "" : ": ", last_line_);
}

bool SshServer::begun() const {
  std::error_code error;
  return fs::exists(folder_ / "begun", error);
}

std::optional<int> SshServer::ended() const {
  std::error_code error;
  if (!fs::exists(folder_ / "status", error)) return std::nullopt;
  const std::string text = read_text(folder_ / "status", 100);
  int status = 1;
  std::from_chars(text.data(), text.data() + text.size(), status);
  return status;
}

namespace {

struct CloseSocket {
  int handle;
  ~CloseSocket() { ::close(handle); }
};

bool wait_for(int handle, short event) {
  constexpr int limit = 2000;  // ms
  pollfd waiting{handle, event, 0};
  return ::poll(&waiting, 1, limit) == 1;
}

/// Nothing if an ssh server responds there, else the reason.
std::optional<std::string> probe(const addrinfo& address) {
  const CloseSocket socket{::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (socket.handle < 0) return std::strerror(errno);
  if (::connect(socket.handle, address.ai_addr, address.ai_addrlen) != 0 && errno != EINPROGRESS)
    return std::strerror(errno);
  if (!wait_for(socket.handle, POLLOUT)) return "no response";
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(socket.handle, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  if (error != 0) return std::strerror(error);
  std::array<char, 4> greeting{};
  if (!wait_for(socket.handle, POLLIN) || ::recv(socket.handle, greeting.data(), 4, 0) != 4 ||
      std::string_view(greeting.data(), 4) != "SSH-")
    return "the server is not an ssh server";
  return std::nullopt;
}

}  // namespace

std::optional<std::string> why_unreachable(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) return message("the name does not resolve: ", ::gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  std::optional<std::string> reason;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    reason = probe(*each);
    if (!reason) return std::nullopt;
  }
  return message("port ", port, ": ", *reason);
}

}  // namespace sentiment::launch
