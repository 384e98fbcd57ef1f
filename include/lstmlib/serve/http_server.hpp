// SPDX-License-Identifier: MIT
#pragma once
// The server over Boost.Asio. Slow to compile: programs include server.hpp, and this through entry.hpp in one
// file.

#include "lstmlib/base/signals.hpp"
#include "lstmlib/serve/connection.hpp"
#include "lstmlib/serve/log_line.hpp"
#include "lstmlib/serve/metrics.hpp"
#include "lstmlib/serve/queue.hpp"
#include "lstmlib/serve/routes.hpp"
#include "lstmlib/serve/server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <random>
#include <thread>
#include <unordered_set>

namespace lstmlib::inline LSTMLIB_ABI::serve {

class HttpServer final : public Server, private ConnectionOwner {
 public:
  explicit HttpServer(const ServerOptions& options)
      : options_(options),
        acceptor_(loop_),
        timer_(loop_),
        queue_(
            std::in_place, options.queue, [this](Queue::Jobs jobs) { take_back(std::move(jobs)); },
            [this](const BatchReport& r) { metrics_.batch(r); }) {
    using boost::asio::ip::tcp;
    const std::string name = options_.host + " port " + std::to_string(options_.port);
    ErrorCode error;
    const auto address = boost::asio::ip::make_address(options_.host, error);
    if (error) fail<Error>("serve: ", options_.host, " is not an address");
    const tcp::endpoint endpoint(address, options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
    if (error) fail<Error>("serve: cannot listen on ", name, ": ", error.message());
    get("/ping", [this](const Request&) {
      if (!is_ready())
        throw HttpError(503, stopping() ? "the server is stopping" : "the model is being loaded");
      return Response{};
    });
    get("/metrics", [this](const Request&) {
      return Response{200, {"text/plain; version=0.0.4; charset=utf-8", metrics()}, {}};
    });
  }

  ~HttpServer() override {
    queue_.reset();  // its threads call us
    close_all();
  }

  void get(const std::string& path, Answer answer) override { routes_.add(path).answer = std::move(answer); }
  void post(const std::string& path, Computed computed) override {
    routes_.add(path).computed = std::move(computed);
  }

  std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }
  unsigned threads() const override { return queue_->threads(); }
  void ready() override { ready_ = true; }
  bool is_ready() const override { return ready_ && !stopping_; }
  std::string metrics() const override {
    return metrics_.text(connections_.size(), queue_->waiting(), held_);
  }

  int run() override {
    std::optional<Signals> signals;
    if (options_.stop_at_signals) {
      signals.emplace(loop_);
      stop_at(*signals);
    }
    accept();
    watch();
    while (!loop_.stopped()) {
      work_while_warm();
      loop_.run_one();
    }
    return signal_;
  }
  void stop() override {
    boost::asio::post(loop_, [this] { begin_to_stop(); });
  }

 private:
  using Clock = std::chrono::steady_clock;
  using ErrorCode = boost::system::error_code;

  static constexpr std::chrono::milliseconds watch_interval{250};

  void accept() {
    if (accepting_ || stopping_ || connections_.size() >= options_.connections) return;
    accepting_ = true;
    acceptor_.async_accept([this](ErrorCode error, Connection::Socket socket) {
      accepting_ = false;
      if (error) return;  // none left of something: `watch` tries again
      ErrorCode ignored;
      const auto client = socket.remote_endpoint(ignored).address().to_string(ignored);
      const auto connection =
          std::make_shared<Connection>(std::move(socket), client, static_cast<ConnectionOwner&>(*this));
      connections_.insert(connection.get());
      connection->advance();
      accept();
    });
  }

  /// A thread that sleeps takes long to wake up: the loop looks for more a little longer while nothing
  /// computes.
  void work_while_warm() {
    for (auto last = Clock::now(); !loop_.stopped();) {
      if (loop_.poll() > 0) last = Clock::now();
      else if (Clock::now() - last > options_.spin || !queue_->idle()) return;
    }
  }

  /// Signals, noted in whatever thread they arrive, and the sockets through which they wake the loop up.
  struct Signals {
    explicit Signals(boost::asio::io_context& loop) : heard(loop), told(loop) {
      boost::asio::local::connect_pair(heard, told);
      told.non_blocking(true);
      watch.emplace(told.native_handle());
    }
    boost::asio::local::stream_protocol::socket heard, told;
    std::optional<SignalWatch> watch;  // last: it uses the sockets
  };
  void stop_at(Signals& signals) {
    const auto stop_if_noted = [this, &signals] {
      if ((signal_ = signals.watch->received()) != 0) begin_to_stop();
    };
    signals.heard.async_wait(boost::asio::socket_base::wait_read, [stop_if_noted](ErrorCode error) {
      if (!error) stop_if_noted();
    });
    boost::asio::post(loop_, stop_if_noted);  // the program's own watch may have noted one before
  }

  /// What has begun goes on; connections close after their answers, idle ones now.
  void begin_to_stop() {
    if (stopping_.exchange(true)) return;
    stop_by_ = Clock::now() + options_.stop_time;
    ErrorCode ignored;
    acceptor_.close(ignored);
    for (Connection* connection : std::vector(connections_.begin(), connections_.end()))
      if (connection->idle()) connection->shared_from_this()->close();
    end_if_done();
  }
  void end_if_done() {
    if (!stopping_ || !connections_.empty()) return;
    ErrorCode ignored;
    timer_.cancel(ignored);
    loop_.stop();
  }
  void close_all() {
    for (Connection* connection : std::vector(connections_.begin(), connections_.end()))
      connection->shared_from_this()->close();
  }

  /// Once in a while: connections that have stalled, accepting after an error, the end of stopping.
  void watch() {
    timer_.expires_after(watch_interval);
    timer_.async_wait([this](ErrorCode error) {
      if (error) return;
      const auto now = Clock::now();
      for (Connection* connection : std::vector(connections_.begin(), connections_.end()))
        connection->shared_from_this()->check_time(now);
      if (stopping_ && now > stop_by_) {
        queue_->abandon();
        close_all();
      }
      accept();
      if (!loop_.stopped()) watch();
    });
  }

  // ConnectionOwner
  const ServerOptions& options() const override { return options_; }
  bool stopping() const override { return stopping_; }
  bool hold(std::ptrdiff_t bytes) override {
    held_ = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(held_) + bytes);
    return held_ <= options_.memory_bytes;
  }
  std::string next_id() override {
    char text[40];
    std::snprintf(text, sizeof text, "%08x-%llx", run_id_, static_cast<unsigned long long>(++requests_));
    return text;
  }
  void closed(Connection& connection) override {
    connections_.erase(&connection);
    accept();
    end_if_done();
  }
  void answered(const Exchange& exchange) override {
    metrics_.request(exchange.status, exchange.time);
    if (options_.access_log) options_.access_log(log_line(exchange));
  }

  void handle(Request request, const std::shared_ptr<Connection>& connection) override {
    Response response;
    try {
      const Route& route = routes_.find(request);
      if (request.method == "POST") return enqueue(*route.computed, std::move(request), connection);
      response = route.answer(request);
    } catch (const HttpError& error) {
      response = error_response(error);
    } catch (const std::exception& error) { response = error_response(HttpError(500, error.what())); }
    connection->answer(std::move(response));
  }

  void enqueue(const Computed& computed, Request request, const std::shared_ptr<Connection>& connection) {
    if (!ready_) throw HttpError(503, "the model is being loaded");
    settle_types(computed, request);
    const auto job = computed.make_job();
    job->request = std::move(request);
    job->arrival = Job::Clock::now();
    job->deadline = job->arrival + options_.request_time;
    job->answer = [connection](Job& done) { connection->respond(std::move(done.response)); };
    arrived_.push_back(job);
    if (arrived_.size() == 1) boost::asio::post(loop_, [this] { submit(); });
  }
  /// All requests that came together, at once. Where the last ones were more, the loop looks for the rest,
  /// and lets clients on the same machine have the core, while they keep coming.
  void submit() {
    if (Clock::now() < arrived_.back()->arrival + options_.spin && queue_->wants_more(arrived_)) {
      std::this_thread::yield();
      return boost::asio::post(loop_, [this] { submit(); });
    }
    for (const auto& job : queue_->submit(std::exchange(arrived_, {}))) job->answer(*job);
  }
  /// From the queue's threads.
  void take_back(Queue::Jobs jobs) {
    const std::lock_guard lock(done_mutex_);
    const bool posted = !done_.empty();
    done_.insert(done_.end(), std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end()));
    if (posted) return;
    boost::asio::post(loop_, [this] {
      Queue::Jobs done;
      {
        const std::lock_guard done_lock(done_mutex_);
        done.swap(done_);
      }
      for (const auto& job : done) job->answer(*job);
    });
  }

  const ServerOptions options_;
  boost::asio::io_context loop_{1};
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  Routes routes_;
  mutable Metrics metrics_;
  std::unordered_set<Connection*> connections_;
  std::size_t held_ = 0;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> stopping_ = false;
  bool accepting_ = false;
  int signal_ = 0;
  Clock::time_point stop_by_;
  const unsigned run_id_ = std::random_device()();
  std::uint64_t requests_ = 0;
  Queue::Jobs arrived_;
  std::mutex done_mutex_;
  Queue::Jobs done_;
  std::optional<Queue> queue_;
};

template <class>
std::unique_ptr<Server> make_server(const ServerOptions& options) {
  return std::make_unique<HttpServer>(options);
}

}  // namespace lstmlib::serve
