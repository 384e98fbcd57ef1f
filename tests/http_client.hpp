// SPDX-License-Identifier: MIT
#pragma once
// An HTTP client for tests that can also do what clients should not: it sends any bytes and reads one answer
// at a time.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace lstmlib::test {

struct HttpReply {
  int status = 0;
  std::map<std::string, std::string> fields;  ///< names in lower case
  std::string body;
};

/// Thrown where the server closed the connection, or said nothing for the time-out.
struct NoReply : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using HttpFields = std::map<std::string, std::string>;

class WireClient {
 public:
  explicit WireClient(std::uint16_t port, int timeout_seconds = 20, int receive_buffer = 0)
      : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval time{timeout_seconds, 0};
    const int on = 1;
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
    ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0)
      ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      ::close(socket_);
      throw NoReply("no connection");
    }
  }
  WireClient(const WireClient&) = delete;
  WireClient& operator=(const WireClient&) = delete;
  ~WireClient() { ::close(socket_); }

  static std::string request(const std::string& method, const std::string& path,
                             const HttpFields& fields = {}, std::string_view body = {}) {
    std::string text = method + " " + path + " HTTP/1.1\r\nHost: test\r\n";
    for (const auto& [name, value] : fields) text += name + ": " + value + "\r\n";
    if (!body.empty() || method == "POST" || method == "PUT")
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return text.append("\r\n").append(body);
  }

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) throw NoReply("the server takes no more");
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  /// The next answer; those with status 100 are passed over unless wanted.
  HttpReply reply(bool to_head = false, bool wants_100 = false) {
    HttpReply made;
    do {
      const std::string head = take_until("\r\n\r\n");
      made = {std::stoi(head.substr(9, 3)), {}, {}};
      for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
        const auto colon = head.find(':', at), end = std::min(head.find("\r\n", at), head.size());
        std::string name = head.substr(at, colon - at);
        for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        made.fields[name] = head.substr(std::min(head.find_first_not_of(' ', colon + 1), end),
                                        end - std::min(head.find_first_not_of(' ', colon + 1), end));
        at = end + 2;
      }
    } while (made.status == 100 && !wants_100);
    if (!to_head && made.fields.contains("content-length"))
      made.body = take(std::stoul(made.fields["content-length"]));
    return made;
  }
  HttpReply ask(const std::string& method, const std::string& path, const HttpFields& fields = {},
                std::string_view body = {}) {
    send(request(method, path, fields, body));
    return reply(method == "HEAD");
  }
  /// Whether the server has closed the connection, waiting for it up to the time-out.
  bool closed() {
    char byte = 0;
    return buffer_.empty() && ::recv(socket_, &byte, 1, 0) <= 0 && errno != EAGAIN && errno != EWOULDBLOCK;
  }
  /// Goes away without a good-bye.
  void reset() const {
    const linger now{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }

 private:
  void more() {
    char bytes[65536];
    const auto count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) throw NoReply(count == 0 ? "the server closed the connection" : "no answer");
    buffer_.append(bytes, static_cast<std::size_t>(count));
  }
  std::string take(std::size_t count) {
    while (buffer_.size() < count) more();
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }
  std::string take_until(std::string_view end) {
    std::size_t at = 0;
    while ((at = buffer_.find(end)) == std::string::npos) more();
    std::string taken = buffer_.substr(0, at);
    buffer_.erase(0, at + end.size());
    return taken;
  }

  int socket_;
  std::string buffer_;
};

/// One request on a connection of its own.
inline HttpReply ask(std::uint16_t port, const std::string& method, const std::string& path,
                     const HttpFields& fields = {}, std::string_view body = {}) {
  return WireClient(port).ask(method, path, fields, body);
}

}  // namespace lstmlib::test
