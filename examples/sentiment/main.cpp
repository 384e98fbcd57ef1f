// SPDX-License-Identifier: MIT
// sentiment: downloads and prepares text, and trains, evaluates and serves sentence classifiers.
//
// It reproduces a SageMaker notebook ("the notebook" in comments) whose Python scripts train models with
// Chainer ("the Chainer scripts"). Files can be exchanged with these in both directions.
//
// Exit status: 0 success; 1 failure; 2 wrong command line; some commands have others.

#include "sentiment/commands/command_line.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/failure.hpp"
#include "sentiment/training/job/container.hpp"

#include <lstmlib/base/error.hpp>
#include <lstmlib/version.hpp>

#include <exception>
#include <iostream>
#include <string>
#include <string_view>

namespace {

std::string version() {
  return "sentiment " + std::to_string(LSTMLIB_VERSION_MAJOR) + "." + std::to_string(LSTMLIB_VERSION_MINOR) +
         "." + std::to_string(LSTMLIB_VERSION_PATCH);
}

/// CLI11's message and, for an unknown option, the one that was probably meant.
std::string explained(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::string text = sentiment::one_line(error.what());
  if (app.get_subcommands().empty() && argc > 1 && argv[1][0] != '-')
    return "unknown command " + sentiment::one_line(argv[1]) + " (see --help)";
  const auto at = text.find("--");
  const CLI::App* chosen = &app;  // the innermost command that was given
  std::string command;
  while (!chosen->get_subcommands().empty()) {
    chosen = chosen->get_subcommands().front();
    command += chosen->get_name() + " ";
  }
  if (error.get_exit_code() != static_cast<int>(CLI::ExitCodes::ExtrasError) || at == std::string::npos ||
      command.empty())
    return text + " (see --help)";
  const std::string name = text.substr(at + 2, text.find_first_of(" =", at) - at - 2);
  const std::string meant = sentiment::nearest_option(*chosen, name);
  return "unknown option --" + name + (meant.empty() ? "" : ", did you mean " + meant + "?") + " (see " +
         command + "--help)";
}

int failed(bool in_job, const std::string& text, int status) {
  sentiment::report_failed_work(in_job, text);
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  const bool in_job = argc > 1 && std::string_view(argv[1]) == "train" && sentiment::job::in_training_job();
  CLI::App app("Sentence classifiers: get and prepare text, train, evaluate, predict");
  app.set_version_flag("--version", version());
  app.require_subcommand(1);
  app.footer(
      "The whole pipeline in one command:\n  sentiment run\n\n`sentiment COMMAND --help` describes a "
      "command.");
  sentiment::add_run(app);
  sentiment::add_prepare(app);
  sentiment::add_train(app);
  sentiment::add_evaluate(app);
  sentiment::add_predict(app);
  sentiment::add_serve(app);
  sentiment::add_invoke(app);
  sentiment::add_local(app);
  sentiment::add_inspect(app);
  sentiment::add_datasets(app);
  sentiment::add_upload(app);
  sentiment::add_download(app);
  sentiment::add_cloud(app);

  try {
    int status = 0;
    try {
      app.parse(sentiment::normalized_arguments(argc, argv, in_job));
    } catch (const CLI::Success& success) {  // --help, --version
      status = app.exit(success);
    }
    // The last results are flushed here, so a full disk or a closed pipe is reported.
    if (!std::cout.flush()) lstmlib::fail<lstmlib::FileError>("standard output: cannot write");
    return status;
  } catch (const CLI::ParseError& error) {
    return failed(in_job, explained(app, error, argc, argv), 2);
  } catch (const sentiment::ExitStatus& end) { return end.status; } catch (const std::bad_alloc&) {
    return failed(in_job, "not enough memory", 1);
  } catch (const std::exception& error) { return failed(in_job, error.what(), 1); }
}
