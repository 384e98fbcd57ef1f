// SPDX-License-Identifier: MIT
#pragma once
// One HTTP/1.1 connection. Requests are parsed as bytes arrive and answered in order. Client errors, timeouts
// and lack of memory end this connection only. All functions run in the event loop.

#include "lstmlib/serve/options.hpp"
#include "lstmlib/serve/request_parser.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

class Connection;

/// A request and its response, for logs and metrics.
struct Exchange {
  const Request& request;
  int status;
  std::size_t received, sent;  ///< bytes of the bodies
  std::chrono::duration<double> time;
  const std::string& client;
};

/// What a connection needs from the server.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual const ServerOptions& options() const = 0;
  virtual bool stopping() const = 0;
  virtual MemoryBudget& budget() = 0;
  /// Buffer to read into, shared by all connections.
  virtual std::span<char> read_buffer() = 0;
  /// Calls the connection's `answer` immediately or `respond` later.
  virtual void handle(Request request, const std::shared_ptr<Connection>& connection) = 0;
  /// Throws HttpError if the request must be refused for any body.
  virtual void check(Request head) const = 0;
  /// Adds the header fields that all responses have.
  virtual void complete(const Request& request, Response& response) const = 0;
  virtual std::string_view date() = 0;  ///< value of the Date field
  virtual void answered(const Exchange& exchange) = 0;
  virtual void closed(Connection& connection) noexcept = 0;
  virtual std::string next_id() = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;
  using Socket = boost::asio::ip::tcp::socket;
  using ErrorCode = boost::system::error_code;

  Connection(Socket socket, std::string client, ConnectionOwner& owner)
      : socket_(std::move(socket)), owner_(owner), client_(std::move(client)), reservation_(owner.budget()) {
    ErrorCode ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  }

  /// Starts reading.
  void start() noexcept {
    guarded([&] { wait_for_input(); });
  }

  /// Sends the response to the current request. Call within ConnectionOwner::handle;
  void answer(Response response) { send(std::move(response)); }
  /// after it, call this.
  void respond(Response response) noexcept {
    guarded([&] {
      send(std::move(response));
      go_on();
    });
  }

  /// Whether no byte of a next request has arrived.
  bool idle() {
    ErrorCode ignored;
    return state_ == State::reading && pending_.empty() && !parser_ && socket_.available(ignored) == 0;
  }

  /// Closes the connection if it has stalled.
  void check_time(Clock::time_point now) noexcept {
    const auto& o = owner_.options();
    const bool late_header = parser_ && !parser_->is_head_done() && now - began_ > o.header_timeout;
    if (state_ == State::leaving
            ? now - active_ > leaving_time
            : state_ != State::waiting && (now - active_ > o.idle_timeout || late_header))
      close();
  }

  void close() noexcept {
    const auto self = weak_from_this().lock();
    ErrorCode ignored;
    socket_.close(ignored);
    parser_.reset();
    std::string().swap(pending_);
    reservation_.release();
    if (!std::exchange(reported_, true)) owner_.closed(*this);
  }

 private:
  // leaving: the last response was sent; further input is discarded
  enum class State { reading, waiting, writing, leaving };

  static constexpr std::size_t dropped_at_most = 64 << 20;
  static constexpr std::size_t written_at_once = 256 << 10;  ///< then other connections get a turn
  static constexpr std::chrono::seconds leaving_time{5};

  /// Closes only this connection if `step` throws, usually for lack of memory.
  template <class Step>
  void guarded(const Step& step) noexcept {
    try {
      step();
    } catch (...) { close(); }
  }
  /// Calls `next` in the loop when the socket is ready, unless it was closed.
  template <class Next>
  void wait(Socket::wait_type what, const Next& next) {
    socket_.async_wait(what, [self = shared_from_this(), next](ErrorCode error) {
      if (error || !self->socket_.is_open()) return self->close();
      self->guarded([&] { next(*self); });
    });
  }
  void wait_for_input() {
    wait(Socket::wait_read, [](Connection& c) { c.read(); });
  }

  /// Reads once, so that a busy client cannot starve other connections.
  void read() {
    const auto buffer = owner_.read_buffer();
    ErrorCode error;
    const std::size_t count = socket_.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
    if (error == boost::asio::error::would_block || error == boost::asio::error::try_again)
      return wait_for_input();
    if (error) return close();
    active_ = Clock::now();
    if (state_ == State::leaving) {
      if ((dropped_ += count) > dropped_at_most) return close();
      return wait_for_input();
    }
    take({buffer.data(), count});
    go_on();
  }

  /// After a response: continues with pending input, then waits for more.
  void go_on() {
    if (state_ == State::reading && socket_.is_open() && !pending_.empty()) {
      const std::string input = std::exchange(pending_, {});
      reservation_.give_back(input.size());
      take(input);
    }
    if (state_ == State::reading && socket_.is_open()) wait_for_input();
  }

  /// Handles requests while they can be answered immediately. Keeps the rest of the input for later.
  void take(std::string_view input) {
    while (state_ == State::reading && socket_.is_open() && !input.empty()) parse(input);
    if (input.empty() || state_ == State::leaving || !socket_.is_open()) return;
    if (state_ == State::writing && !keep_alive_) return;  // the connection ends after this response
    reservation_.add(input.size());
    pending_ = input;
  }

  void parse(std::string_view& input) {
    if (!parser_) {
      parser_.emplace(RequestLimits{owner_.options().max_header_bytes, owner_.options().max_body_bytes},
                      reservation_);
      began_ = active_;
      received_ = 0;
    }
    try {
      const bool had_head = parser_->is_head_done();
      parser_->take(input);
      if (!had_head && parser_->is_head_done() && parser_->head().expects_continue) {
        owner_.check(parser_->head().request);
        if (input.empty()) send_continue();
      }
      if (!parser_->is_done()) return;
    } catch (...) {  // the position in the stream is lost: ignore the rest
      input = {};
      keep_alive_ = false;
      request_ = std::move(parser_->head().request);
      received_ = parser_->body().size();
      if (request_.id.empty()) request_.id = owner_.next_id();
      parser_.reset();
      return send(error_response(std::current_exception()));
    }
    handle();
  }

  void handle() {
    RequestHead& head = parser_->head();
    keep_alive_ = head.keep_alive;
    minor_version_ = head.minor_version;
    Request request = std::move(head.request);
    request.body = std::move(parser_->body());
    received_ = request.body.size();
    if (request.id.empty()) request.id = owner_.next_id();
    attributes_ = std::move(head.custom_attributes);
    parser_.reset();
    request_ = request.without_body();
    request_complete_ = Clock::now();
    state_ = State::waiting;
    owner_.handle(std::move(request), shared_from_this());
  }

  void send_continue() {
    // The send buffer is empty at this point of a request, so this small write does not block.
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    ErrorCode ignored;
    socket_.write_some(boost::asio::buffer(text), ignored);
  }

  void send(Response response) {
    if (!socket_.is_open()) return;
    keep_alive_ = keep_alive_ && !owner_.stopping();
    owner_.complete(request_, response);
    status_ = response.status;
    body_ = std::move(response.content.body);
    reservation_.add(body_.capacity());
    sent_ = body_.size();
    write_head(response);
    if (request_.method == "HEAD") body_.clear();
    written_ = 0;
    state_ = State::writing;
    active_ = Clock::now();
    write();
  }

  void write_head(const Response& response) {
    head_.clear();
    head_.append("HTTP/1.1 ")
        .append(std::to_string(response.status))
        .append(" ")
        .append(reason_of(response.status));
    const auto field = [&](std::string_view name, std::string_view value) {
      head_.append("\r\n").append(name).append(": ").append(value);
    };
    field("Date", owner_.date());
    if (!response.content.type.empty()) field("Content-Type", response.content.type);
    if (response.status != 204) field("Content-Length", std::to_string(body_.size()));
    field("X-Request-Id", request_.id);
    if (!attributes_.empty()) field("X-Amzn-SageMaker-Custom-Attributes", attributes_);
    for (const auto& [name, value] : response.fields) field(name, value);
    if (!keep_alive_) field("Connection", "close");
    else if (minor_version_ == 0) field("Connection", "keep-alive");
    head_.append("\r\n\r\n");
  }

  /// Most responses fit into the socket's buffer. The rest is written as the client reads.
  void write() {
    for (const std::size_t before = written_; written_ - before < written_at_once;) {
      ErrorCode error;
      const std::size_t count = socket_.write_some(rest(), error);
      if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) break;
      if (error) return close();
      active_ = Clock::now();
      written_ += count;
      if (written_ == head_.size() + body_.size()) return finish();
    }
    wait(Socket::wait_write, [](Connection& c) {
      c.write();
      c.go_on();
    });
  }
  std::array<boost::asio::const_buffer, 2> rest() const {
    const std::size_t of_head = std::min(written_, head_.size()), of_body = written_ - of_head;
    return {boost::asio::buffer(head_) + of_head,
            boost::asio::buffer(body_, of_body + written_at_once) + of_body};
  }

  void finish() {
    owner_.answered(
        {request_, status_, received_, sent_, active_ - std::max(request_complete_, began_), client_});
    std::string().swap(body_);
    reservation_.give_back(reservation_.bytes() - pending_.size());
    attributes_.clear();
    if (keep_alive_) {
      state_ = State::reading;
      return;
    }
    // Closing with unread input would reset the connection, and the client could lose the response.
    state_ = State::leaving;
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    wait_for_input();
  }

  Socket socket_;
  ConnectionOwner& owner_;
  const std::string client_;
  MemoryReservation reservation_;        // pending input, and bodies until their response is sent
  std::string pending_;                  // input after a request that is not yet answered
  std::optional<RequestParser> parser_;  // exists from a request's first byte to its last
  State state_ = State::reading;
  bool keep_alive_ = true, reported_ = false;
  Request request_;         // the current one, without its body
  std::string attributes_;  // of the request, to be echoed
  int minor_version_ = 1;
  std::string head_, body_;  // of the response
  std::size_t written_ = 0, dropped_ = 0, received_ = 0, sent_ = 0;
  int status_ = 0;
  Clock::time_point active_ = Clock::now(), began_ = active_, request_complete_ = active_;
};

}  // namespace lstmlib::serve
