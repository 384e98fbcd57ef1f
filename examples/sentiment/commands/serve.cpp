// SPDX-License-Identifier: MIT
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/predictor_options.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/model/class_names.hpp"
#include "sentiment/serving/endpoint.hpp"
#include "sentiment/serving/explainer.hpp"
#include "sentiment/serving/pages.hpp"

#include <lstmlib/backend/cpu/threads.hpp>
#include <lstmlib/serve.hpp>

#include <malloc.h>

#include <csignal>
#include <cstdlib>
#include <iostream>

namespace sentiment {

namespace fs = std::filesystem;
namespace serve = lstmlib::serve;

namespace {

struct ServeOptions {
  fs::path model_dir;
  serve::ServerOptions server;
  PredictorOptions predictor;
  double max_wait_ms = 1;
  std::vector<std::string> labels;
  bool no_access_log = false;
};

/// Bodies are large, so return their memory to the system instead of keeping it.
void return_memory() {
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  mallopt(M_TRIM_THRESHOLD, 4 << 20);
}

/// Handles signals outside of the server's run, and the second one during it. The first process of a
/// container needs a handler, because the system does not end it for unhandled signals.
void end_at_once(int signal) { std::_Exit(128 + signal); }

void run(ServeOptions options) {
  return_memory();
  std::signal(SIGINT, end_at_once);
  std::signal(SIGTERM, end_at_once);
  options.server.stop_at_signals = true;
  if (options.server.queue.threads > 0) cpu::set_threads(static_cast<int>(options.server.queue.threads));
  std::signal(SIGPIPE, SIG_IGN);
  serve::Hosting hosting = serve::hosting_from_environment();
  if (options.model_dir.empty()) options.model_dir = hosting.root / "model";
  options.server.queue.max_delay = std::chrono::microseconds(static_cast<long>(1000 * options.max_wait_ms));
  std::unique_ptr<serve::AccessLog> log;
  if (!options.no_access_log) {
    log = std::make_unique<serve::AccessLog>(2);
    options.server.access_log = [&log](std::string_view line) { (*log)(line); };
  }

  Endpoint endpoint(options.predictor, 8 * options.server.max_body_bytes);
  serve::Service<Endpoint> service(std::move(endpoint), options.model_dir, options.server, hosting);
  const Explainer explainer([&]() -> auto& { return service.model(); });
  auto& server = service.server();
  server.post("/explain", serve::inference_route(
                              explainer, [&]() -> auto& { return service.model(); }));
  if (options.labels.empty()) options.labels = read_class_names(options.model_dir);
  const std::string page = page_html(options.labels);
  server.get("/", [&page](const serve::Request&) {
    return serve::Response{
        200, {"text/html; charset=utf-8", page}, {{"Content-Security-Policy", std::string(page_policy)}}};
  });
  server.get("/openapi.json", [](const serve::Request&) {
    return serve::Response{200, {"application/json", std::string(openapi_json())}, {}};
  });

  std::cerr << "sentiment: " << options.model_dir.string() << " at http://" << options.server.host << ':'
            << server.port() << "/ with " << server.threads() << " threads, "
            << name_of(options.predictor.precision) << std::endl;
  if (service.run() == SIGINT) throw ExitStatus{130};
}

}  // namespace

void add_serve(CLI::App& app) {
  auto* command = app.add_subcommand("serve", "Answer predictions over HTTP");
  const auto o = std::make_shared<ServeOptions>();
  command
      ->add_option("--model-dir", o->model_dir,
                   "Folder of the model; without it, the program runs as a hosting container: "
                   "$SAGEMAKER_BASE_DIR/model, on all "
                   "addresses")
      ->check(local_path());
  const auto* host = command->add_option("--host", o->server.host,
                                         "Address to listen on; default 127.0.0.1, in a container 0.0.0.0");
  const auto* port = command->add_option("--port", o->server.port,
                                         "0: any free port; default $SAGEMAKER_BIND_TO_PORT, else 8080");
  const auto* threads =
      command
          ->add_option("--threads", o->server.queue.threads,
                       "Number of computing threads; default $SAGEMAKER_MODEL_SERVER_WORKERS, else the CPUs")
          ->check(CLI::Range(1, 1024));
  add_predictor_options(*command, o->predictor);
  command
      ->add_option("--max-wait-ms", o->max_wait_ms,
                   "Maximum time that a request waits, under load, to be computed together with others")
      ->check(CLI::Range(0.0, 1000.0))
      ->capture_default_str();
  command
      ->add_option("--queue", o->server.queue.max_waiting_requests,
                   "Maximum number of waiting requests; more get status 503")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command
      ->add_option("--labels", o->labels,
                   "Names of the classes on the page, starting with class 0; default: those of the model's "
                   "labels.json")
      ->delimiter(',');
  command->add_option(
      "--cors", o->server.cors_origins,
      "Origin whose pages may use this server, such as https://example.com, or * for all; may be "
      "repeated. Without it browsers let no page of another origin read a response");
  command->add_flag("--no-access-log", o->no_access_log,
                    "Do not log each request as a line of JSON to standard error");
  command->footer(
      "Example:\n  sentiment serve --model-dir result/model\n  curl -d '[\"a warm and funny film\"]' "
      "http://127.0.0.1:8080/invocations");
  command->callback([=] {
    ServeOptions options = *o;
    const auto given = options.server;
    if (options.model_dir.empty()) options.server.host = "0.0.0.0";
    options.server = serve::with_environment(options.server);  // the command line has precedence:
    if (host->count() > 0) options.server.host = given.host;
    if (port->count() > 0) options.server.port = given.port;
    if (threads->count() > 0) options.server.queue.threads = given.queue.threads;
    run(std::move(options));
  });
}

}  // namespace sentiment
