// SPDX-License-Identifier: MIT
#pragma once
// One HTTP/1.1 connection: requests are parsed by Boost.Beast as bytes come, answered one after another, and
// what a client does wrong or not at all ends the connection and nothing else. All of it runs in the event
// loop.

#include "lstmlib/serve/media_type.hpp"
#include "lstmlib/serve/options.hpp"
#include "lstmlib/serve/request_parser.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace lstmlib::inline LSTMLIB_ABI::serve {

class Connection;

/// What was answered, for logs and metrics.
struct Exchange {
  const Request& request;
  int status;
  std::size_t received, sent;  ///< bytes of the bodies
  std::chrono::duration<double> time;
  const std::string& client;
};

/// The server, as its connections see it.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  virtual const ServerOptions& options() const = 0;
  virtual bool stopping() const = 0;
  /// Counts bytes that are held from now on, or with a negative number no more. False where they are too
  /// many.
  virtual bool hold(std::ptrdiff_t bytes) = 0;
  /// Calls the connection's `answer` at once or `respond` later.
  virtual void handle(Request request, const std::shared_ptr<Connection>& connection) = 0;
  virtual void answered(const Exchange& exchange) = 0;
  virtual void closed(Connection& connection) = 0;
  virtual std::string next_id() = 0;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;
  using Socket = boost::asio::ip::tcp::socket;
  using ErrorCode = boost::system::error_code;

  Connection(Socket socket, std::string client, ConnectionOwner& owner)
      : socket_(std::move(socket)), owner_(owner), client_(std::move(client)) {
    ErrorCode ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  }

  /// Reads and answers until something must be waited for.
  void advance() {
    while (state_ == State::reading && !leaving_) {
      if (buffer_.size() == 0 || !parse()) {
        if (state_ == State::reading && !leaving_) read();
        return;
      }
    }
  }

  /// The answer to the request that `handle` was given: within `handle`, or
  void answer(Response response) { send(std::move(response)); }
  /// later.
  void respond(Response response) {
    send(std::move(response));
    advance();
  }

  /// Nothing of a next request has come yet.
  bool idle() {
    ErrorCode ignored;
    return state_ == State::reading && buffer_.size() == 0 && !parser_ && socket_.available(ignored) == 0;
  }

  /// Closes what has stalled.
  void check_time(Clock::time_point now) {
    const auto& o = owner_.options();
    const bool late_header = parser_ && !parser_->is_header_done() && now - began_ > o.header_time;
    if (state_ == State::leaving ? now - active_ > leaving_time
                                 : state_ != State::waiting && (now - active_ > o.idle_time || late_header))
      close();
  }

  void close() {
    if (std::exchange(leaving_, true) && !socket_.is_open()) return;
    ErrorCode ignored;
    socket_.close(ignored);
    owner_.hold(-std::exchange(held_, 0));
    if (!std::exchange(reported_, true)) owner_.closed(*this);
  }

 private:
  // leaving: the last answer is out, the rest of the input is dropped
  enum class State { reading, waiting, writing, leaving };

  static constexpr std::size_t chunk = 64 << 10, first_chunk = 8 << 10;
  static constexpr std::size_t dropped_at_most = 64 << 20;
  static constexpr std::chrono::seconds leaving_time{5};

  void read() {
    const std::size_t size = parser_ && parser_->is_header_done() ? chunk : first_chunk;
    socket_.async_read_some(buffer_.prepare(size),
                            [self = shared_from_this()](ErrorCode error, std::size_t count) {
                              if (error) return self->close();
                              self->active_ = Clock::now();
                              self->buffer_.commit(count);
                              self->advance();
                            });
  }

  /// Takes what is in the buffer. False where more is needed.
  bool parse() {
    if (!parser_) {
      parser_.emplace(owner_.options().header_bytes);
      began_ = active_;
      received_ = 0;
    }
    try {
      const std::size_t before = parser_->body().size();
      const bool more = parser_->take(buffer_);
      if (parser_->takes_head()) {
        parser_->check_head(owner_.options().body_bytes);
        if (parser_->expects_continue()) send_continue();
      }
      if (!hold(parser_->body().size() - before))
        throw HttpError(503, "too many bytes are being held, please try again");
      if (parser_->body().size() > owner_.options().body_bytes) throw too_large(owner_.options().body_bytes);
      if (!parser_->is_done()) return more;
    } catch (const HttpError& error) {  // out of step: whatever follows is not looked at
      keep_alive_ = false;
      request_ = parser_->is_header_done() ? parser_->head() : Request{};
      received_ = parser_->body().size();
      if (request_.id.empty()) request_.id = owner_.next_id();
      parser_.reset();
      send(error_response(error));
      return true;
    }
    handle();
    return true;
  }

  void handle() {
    keep_alive_ = parser_->keep_alive();
    version_ = parser_->version();
    Request request = parser_->head();
    request.body = std::move(parser_->body());
    received_ = request.body.size();
    if (request.id.empty()) request.id = owner_.next_id();
    attributes_ = parser_->custom_attributes();
    parser_.reset();
    request_ = request.without_body();
    whole_ = Clock::now();
    state_ = State::waiting;
    owner_.handle(std::move(request), shared_from_this());
  }

  void send_continue() {
    // The client's buffer is empty at this point of a request, so this small write does not block.
    static constexpr std::string_view text = "HTTP/1.1 100 Continue\r\n\r\n";
    ErrorCode ignored;
    socket_.write_some(boost::asio::buffer(text), ignored);
  }

  void send(Response response) {
    if (leaving_) return;
    keep_alive_ = keep_alive_ && !owner_.stopping();
    status_ = response.status;
    body_ = std::move(response.content.body);
    hold(body_.size());
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
    if (!response.content.type.empty()) field("Content-Type", response.content.type);
    field("Content-Length", std::to_string(body_.size()));
    field("X-Request-Id", request_.id);
    if (!attributes_.empty()) field("X-Amzn-SageMaker-Custom-Attributes", attributes_);
    for (const auto& [name, value] : response.fields) field(name, value);
    if (!keep_alive_) field("Connection", "close");
    else if (version_ == 10) field("Connection", "keep-alive");
    head_.append("\r\n\r\n");
  }

  /// Most answers fit into the socket's buffer at once; else the rest is written as the client takes it.
  void write() {
    for (;;) {
      ErrorCode error;
      const std::size_t count = socket_.write_some(rest(), error);
      if (error == boost::asio::error::would_block || error == boost::asio::error::try_again) break;
      if (error) return close();
      active_ = Clock::now();
      written_ += count;
      if (written_ == head_.size() + body_.size()) return finish();
    }
    socket_.async_wait(Socket::wait_write, [self = shared_from_this()](ErrorCode error) {
      if (error) return self->close();
      self->write();
      self->advance();
    });
  }
  std::array<boost::asio::const_buffer, 2> rest() const {
    const std::size_t of_head = std::min(written_, head_.size()), of_body = written_ - of_head;
    return {boost::asio::buffer(head_) + of_head, boost::asio::buffer(body_) + of_body};
  }

  void finish() {
    owner_.answered({request_, status_, received_, sent_, active_ - std::max(whole_, began_), client_});
    owner_.hold(-std::exchange(held_, 0));
    std::string().swap(body_);
    attributes_.clear();
    if (keep_alive_) {
      state_ = State::reading;
      if (buffer_.size() == 0 && buffer_.capacity() > first_chunk) buffer_.shrink_to_fit();
      return;
    }
    // Closing with unread input would reset the connection and could take the answer from the client.
    state_ = State::leaving;
    ErrorCode ignored;
    socket_.shutdown(Socket::shutdown_send, ignored);
    buffer_.clear();
    drop_input();
  }
  void drop_input() {
    socket_.async_read_some(buffer_.prepare(chunk),
                            [self = shared_from_this()](ErrorCode error, std::size_t count) {
                              if (error || (self->dropped_ += count) > dropped_at_most) return self->close();
                              self->drop_input();
                            });
  }

  bool hold(std::size_t bytes) {
    held_ += static_cast<std::ptrdiff_t>(bytes);
    return owner_.hold(static_cast<std::ptrdiff_t>(bytes));
  }

  Socket socket_;
  ConnectionOwner& owner_;
  const std::string client_;
  boost::beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;  // there from a request's first byte to its last
  State state_ = State::reading;
  bool keep_alive_ = true, leaving_ = false, reported_ = false;
  Request request_;         // the one at hand, without its body
  std::string attributes_;  // of the request, to be sent back
  unsigned version_ = 11;
  std::string head_, body_;  // of the answer
  std::size_t written_ = 0, dropped_ = 0, received_ = 0, sent_ = 0;
  std::ptrdiff_t held_ = 0;
  int status_ = 0;
  Clock::time_point active_ = Clock::now(), began_ = active_, whole_ = active_;
};

}  // namespace lstmlib::serve
