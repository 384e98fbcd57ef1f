// SPDX-License-Identifier: MIT
#pragma once
// The server, based on Boost.Asio. Slow to compile, so programs include server.hpp, and one source file
// entry.hpp.

#include "lstmlib/base/signals.hpp"
#include "lstmlib/serve/connection.hpp"
#include "lstmlib/serve/cors.hpp"
#include "lstmlib/serve/log_line.hpp"
#include "lstmlib/serve/metrics.hpp"
#include "lstmlib/serve/queue.hpp"
#include "lstmlib/serve/routes.hpp"
#include "lstmlib/serve/server.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>
#include <thread>
#include <unordered_set>

namespace lstmlib::inline LSTMLIB_ABI::serve {

class HttpServer final : public Server, private ConnectionOwner {
 public:
  explicit HttpServer(const ServerOptions& options)
      : options_(options),
        budget_(options.max_memory_bytes),
        acceptor_(loop_),
        queue_(
            std::in_place, options.queue, [this](Queue::Jobs jobs) { on_done(std::move(jobs)); },
            [this](const BatchReport& r) { metrics_.batch(r); }) {
    using boost::asio::ip::tcp;
    for (const auto& origin : options_.cors_origins) check_origin(origin);
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
    queue_.reset();  // its threads call this object
    close_all();
  }

  void get(const std::string& path, RouteHandler handler) override {
    routes_.add(path).handler = std::move(handler);
  }
  void post(const std::string& path, InferenceRoute route) override {
    routes_.add(path).inference = std::move(route);
  }

  std::uint16_t port() const override { return acceptor_.local_endpoint().port(); }
  unsigned threads() const override { return queue_->threads(); }
  void ready() override { ready_ = true; }
  bool is_ready() const override { return ready_ && !stopping_; }
  std::string metrics() const override {
    return metrics_.text(connections_.size(), queue_->waiting(), budget_.held());
  }

  int run() override {
    std::optional<Signals> signals;
    if (options_.stop_at_signals) {
      signals.emplace(loop_);
      stop_at(*signals);
    }
    accept();
    // Keeps the loop running while nothing is pending.
    const auto guard = boost::asio::make_work_guard(loop_);
    for (auto next_watch = Clock::now() + watch_interval; !loop_.stopped();) {
      try {
        work_while_warm();
        loop_.run_one_until(next_watch);
      } catch (const std::bad_alloc&) {  // connections catch theirs: this was a new one, which is lost
        accepting_ = false;
      }
      if (Clock::now() < next_watch) continue;
      watch();
      next_watch = Clock::now() + watch_interval;
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

  void accept() noexcept {
    if (accepting_ || stopping_ || connections_.size() >= options_.max_connections) return;
    try {
      acceptor_.async_accept([this](ErrorCode error, Connection::Socket socket) {
        accepting_ = false;
        if (error) return;  // out of some resource: `watch` tries again
        open(std::move(socket));
        accept();
      });
      accepting_ = true;
    } catch (const std::exception&) {}  // no memory: `watch` tries again
  }
  void open(Connection::Socket socket) noexcept {
    try {
      ErrorCode ignored;
      const auto client = socket.remote_endpoint(ignored).address().to_string(ignored);
      const auto connection =
          std::make_shared<Connection>(std::move(socket), client, static_cast<ConnectionOwner&>(*this));
      connections_.insert(connection.get());
      connection->start();
    } catch (const std::exception&) {}  // no memory: the connection ends
  }

  /// Waking a sleeping thread is slow. So the loop polls a little longer while nothing computes.
  void work_while_warm() {
    for (auto last = Clock::now(); !loop_.stopped();) {
      if (loop_.poll() > 0) last = Clock::now();
      else if (Clock::now() - last > options_.spin || !queue_->idle()) return;
    }
  }

  /// Signals may arrive in any thread. They are recorded and wake the loop through a pair of sockets.
  struct Signals {
    explicit Signals(boost::asio::io_context& loop) : read_end(loop), write_end(loop) {
      boost::asio::local::connect_pair(read_end, write_end);
      write_end.non_blocking(true);
      watch.emplace(write_end.native_handle());
    }
    boost::asio::local::stream_protocol::socket read_end, write_end;
    std::optional<SignalWatch> watch;  // last, because it uses the sockets
  };
  void stop_at(Signals& signals) {
    const auto stop_if_noted = [this, &signals] {
      if ((signal_ = signals.watch->received()) != 0) begin_to_stop();
    };
    signals.read_end.async_wait(boost::asio::socket_base::wait_read, [stop_if_noted](ErrorCode error) {
      if (!error) stop_if_noted();
    });
    boost::asio::post(loop_, stop_if_noted);  // the program's own watch may have recorded one before
  }

  /// Finishes requests that have started. Closes idle connections now and the others after their response.
  void begin_to_stop() {
    if (stopping_.exchange(true)) return;
    stop_by_ = Clock::now() + options_.shutdown_timeout;
    ErrorCode ignored;
    acceptor_.close(ignored);
    for_each_connection([](Connection& connection) {
      if (connection.idle()) connection.close();
    });
    end_if_done();
  }
  void end_if_done() noexcept {
    if (!stopping_ || !connections_.empty()) return;
    loop_.stop();
  }
  void close_all() {
    for_each_connection([](Connection& connection) { connection.close(); });
  }
  /// `each` may close its connection.
  template <class Each>
  void for_each_connection(const Each& each) {
    for (auto at = connections_.begin(); at != connections_.end();) each(**at++);
  }

  /// Runs periodically. Closes stalled connections, enforces the shutdown timeout, and retries what failed
  /// for lack of memory: accepting connections and waking threads for requests.
  void watch() noexcept {
    const auto now = Clock::now();
    for_each_connection([&](Connection& connection) { connection.check_time(now); });
    if (stopping_ && now > stop_by_) {
      queue_->abandon();
      close_all();
    }
    submit();
    give_answers();
    accept();
  }

  // ConnectionOwner
  const ServerOptions& options() const override { return options_; }
  bool stopping() const override { return stopping_; }
  MemoryBudget& budget() override { return budget_; }
  std::span<char> read_buffer() override { return read_buffer_; }
  std::string_view date() override {
    if (const std::time_t now = std::time(nullptr); now != date_of_) {
      std::tm utc{};
      gmtime_r(&now, &utc);
      static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
      static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
      std::snprintf(date_, sizeof date_, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[utc.tm_wday],
                    utc.tm_mday, months[utc.tm_mon], utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
      date_of_ = now;
    }
    return date_;
  }
  std::string next_id() override {
    char text[40];
    std::snprintf(text, sizeof text, "%08x-%llx", run_id_, static_cast<unsigned long long>(++requests_));
    return text;
  }
  void closed(Connection& connection) noexcept override {
    connections_.erase(&connection);
    accept();
    end_if_done();
  }
  void answered(const Exchange& exchange) override {
    try {
      metrics_.request(exchange.status, exchange.time);
      if (options_.access_log) options_.access_log(log_line(exchange));
    } catch (const std::bad_alloc&) {}  // the response was sent: the connection continues
  }
  void complete(const Request& request, Response& response) const override {
    add_cors_fields(options_.cors_origins, request, response);
  }

  void handle(Request request, const std::shared_ptr<Connection>& connection) override {
    Response response;
    try {
      if (request.method == "OPTIONS") {
        response = routes_.options(request);
      } else {
        const Route& route = routes_.find(request);
        if (request.method == "POST") return enqueue(*route.inference, std::move(request), connection);
        response = route.handler(request);
      }
    } catch (...) { response = error_response(std::current_exception()); }
    connection->answer(std::move(response));
  }
  void check(Request head) const override {
    if (head.method == "OPTIONS") return;
    const Route& route = routes_.find(head);
    if (head.method == "POST") negotiate_types(*route.inference, head);
  }

  void enqueue(const InferenceRoute& route, Request request, const std::shared_ptr<Connection>& connection) {
    if (!ready_) throw HttpError(503, "the model is being loaded");
    negotiate_types(route, request);
    const auto job = route.make_job();
    job->request = std::move(request);
    job->arrival = Job::Clock::now();
    job->deadline = job->arrival + options_.request_timeout;
    job->max_bytes = options_.max_body_bytes;
    job->reservation = MemoryReservation(budget_);
    job->answer = [connection](Job& done) { connection->respond(std::move(done.response)); };
    arrived_.push_back(job);
    if (arrived_.size() == 1) post([this] { submit(); });
  }
  /// Calls `next` in the loop soon. If there is no memory, `watch` does it later.
  template <class Next>
  void post(const Next& next) noexcept {
    try {
      boost::asio::post(loop_, next);
    } catch (const std::bad_alloc&) {}
  }
  /// Submits all requests that arrived together. If the last batch was larger, yields and polls for more
  /// while they keep coming, so that clients on the same machine can use the core.
  void submit() noexcept {
    if (arrived_.empty()) return;
    if (Clock::now() < arrived_.back()->arrival + options_.spin && queue_->wants_more(arrived_)) {
      std::this_thread::yield();
      return post([this] { submit(); });
    }
    for (const auto& job : queue_->submit(std::exchange(arrived_, {}))) job->answer(*job);
  }
  /// Called by the queue's threads.
  void on_done(Queue::Jobs jobs) noexcept {
    const std::lock_guard lock(done_mutex_);
    const bool posted = !done_.empty();
    for (auto& job : jobs) done_.push_back(std::move(job));
    if (!posted) post([this] { give_answers(); });
  }
  void give_answers() noexcept {
    for (;;) {
      std::shared_ptr<Job> job;
      {
        const std::lock_guard lock(done_mutex_);
        if (done_.empty()) return;
        job = done_.pop_front();
      }
      job->answer(*job);
    }
  }

  const ServerOptions options_;
  MemoryBudget budget_;
  boost::asio::io_context loop_{1};
  boost::asio::ip::tcp::acceptor acceptor_;
  Routes routes_;
  mutable Metrics metrics_;
  std::unordered_set<Connection*> connections_;
  std::array<char, 64 << 10> read_buffer_;
  char date_[40] = "";
  std::time_t date_of_ = -1;
  std::atomic<bool> ready_ = false;
  std::atomic<bool> stopping_ = false;
  bool accepting_ = false;
  int signal_ = 0;
  Clock::time_point stop_by_;
  const unsigned run_id_ = std::random_device()();
  std::uint64_t requests_ = 0;
  Queue::Jobs arrived_;
  std::mutex done_mutex_;
  JobList done_;
  std::optional<Queue> queue_;
};

template <class>
std::unique_ptr<Server> make_server(const ServerOptions& options) {
  return std::make_unique<HttpServer>(options);
}

}  // namespace lstmlib::serve
