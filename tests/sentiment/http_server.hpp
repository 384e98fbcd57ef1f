// SPDX-License-Identifier: MIT
#pragma once
// A web server for tests: on a port of its own of 127.0.0.1, in a thread of its own, one request a
// connection.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cctype>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace sentiment::test {

struct HttpRequest {
  std::string path;
  std::string head;  ///< the whole of it
  std::string body;  ///< as long as its Content-Length says

  /// The value of a header's field, its name in any case; empty where it is not there.
  std::string field(const std::string& name) const {
    const auto lower = [](std::string text) {
      for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      return text;
    };
    const auto at = lower(head).find("\r\n" + lower(name) + ":");
    if (at == std::string::npos) return "";
    const auto begin = head.find_first_not_of(' ', at + 3 + name.size());
    return head.substr(begin, head.find("\r\n", begin) - begin);
  }
  std::string method() const { return head.substr(0, head.find(' ')); }

  /// Where the bytes that are asked for begin; 0 without a Range.
  std::size_t range_start() const {
    constexpr std::string_view field = "Range: bytes=";
    const auto at = head.find(field);
    return at == std::string::npos ? 0 : std::stoul(head.substr(at + field.size()));
  }
};

class HttpServer {
 public:
  /// The bytes of the answer, after which the connection is closed.
  using Answer = std::function<std::string(const HttpRequest&)>;

  explicit HttpServer(Answer answer)
      : answer_(std::move(answer)), socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (socket_ < 0 || ::bind(socket_, generic, size) != 0 || ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, generic, &size) != 0)
      throw std::runtime_error("no socket for the test's server");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  ~HttpServer() {
    stopping_ = true;
    thread_.join();
    ::close(socket_);
  }

  std::string address(const std::string& file = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + "/" + file;
  }
  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void serve() {
    while (!stopping_) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 10) <= 0) continue;
      const int connection = ::accept(socket_, nullptr, nullptr);
      if (connection < 0) continue;
      HttpRequest request;
      char buffer[65536];
      const auto receive = [&](std::string& into) {
        const ssize_t count = ::recv(connection, buffer, sizeof buffer, 0);
        if (count > 0) into.append(buffer, static_cast<std::size_t>(count));
        return count > 0;
      };
      std::size_t end = std::string::npos;
      while ((end = request.head.find("\r\n\r\n")) == std::string::npos && receive(request.head)) {}
      if (end != std::string::npos) {
        request.body = request.head.substr(end + 4);
        request.head.resize(end + 2);
        const std::size_t length = std::strtoul(request.field("content-length").c_str(), nullptr, 10);
        while (request.body.size() < length && receive(request.body)) {}
      }
      const auto begin = request.head.find(' ') + 1;
      request.path = request.head.substr(begin, request.head.find(' ', begin) - begin);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const std::string bytes = answer_(request);
      for (std::size_t sent = 0; sent < bytes.size();) {
        const ssize_t count = ::send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      ::close(connection);
    }
  }

  Answer answer_;
  int socket_;
  int port_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  std::vector<HttpRequest> requests_;
  std::thread thread_;
};

/// "HTTP/1.1 200 OK" with the whole content.
inline std::string whole(std::string_view content, const std::string& fields = "") {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(content.size()) + "\r\n" + fields + "\r\n" +
         std::string(content);
}
/// "HTTP/1.1 206 Partial Content" with what begins at `start`.
inline std::string rest(std::string_view content, std::size_t start, const std::string& fields = "") {
  return "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(start) + "-" +
         std::to_string(content.size() - 1) + "/" + std::to_string(content.size()) +
         "\r\nContent-Length: " + std::to_string(content.size() - start) + "\r\n" + fields + "\r\n" +
         std::string(content.substr(start));
}
/// An answer without content: "503 Service Unavailable".
inline std::string refused(const std::string& status) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: 5\r\n\r\nsorry";
}

}  // namespace sentiment::test
