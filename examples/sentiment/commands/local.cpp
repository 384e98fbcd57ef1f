// SPDX-License-Identifier: MIT
#include "sentiment/cloud/archive.hpp"
#include "sentiment/cloud/interrupt.hpp"
#include "sentiment/cloud/scratch_folder.hpp"
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/prepare_options.hpp"
#include "sentiment/commands/result_folder.hpp"
#include "sentiment/commands/session_options.hpp"
#include "sentiment/commands/train_options.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/cloud/local/endpoint.hpp"
#include "sentiment/cloud/local/progress_reporter.hpp"
#include "sentiment/cloud/local/training_job.hpp"
#include "sentiment/commands/notebook_sentences.hpp"
#include "sentiment/serving/client.hpp"
#include "sentiment/data/text/unicode.hpp"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <ctime>
#include <iostream>
#include <map>
#include <memory>

namespace sentiment {

namespace fs = std::filesystem;
using lstmlib::fail;
using lstmlib::message;

namespace {

struct LocalOptions {
  PrepareOptions prepare;
  TrainOptions train;
  fs::path out = "local";
  bool force = false;
};

constexpr const char* bucket_name = "sagemaker-local-000000000000";  // like sagemaker-REGION-ACCOUNT
constexpr const char* data_prefix = "notebook/chainer_sentiment";
constexpr const char* endpoint_name = "sentiment";

/// The steps of the notebook. Its destructor ends what is still running.
class LocalNotebook {
 public:
  LocalNotebook(const LocalOptions& options, std::map<std::string, std::string> hyperparameters)
      : o_(options), hyperparameters_(std::move(hyperparameters)), bucket_(o_.out / "s3", bucket_name) {}

  void run() {
    get_data();
    train();
    fetch();
    plots();
    deploy();
    predict();
    remove();
  }

 private:
  /// The prepared data is temporary: it is uploaded to the bucket.
  void get_data() {
    progress_.step("The data: the first 20 lines of the training sentences");
    make_folder(o_.out);
    const cloud::ScratchFolder data(o_.out);
    o_.prepare.out = data.path();
    const PrepareResult made = prepare_or_fall_back(o_.prepare);
    DatasetPlaces places = DatasetPlaces::from_environment();
    places.folder = o_.prepare.data;
    places.quiet = o_.prepare.quiet;
    const LabelledLines lines = read_lines(find_dataset(o_.prepare.dataset), places, o_.prepare.seed);
    for (const auto& line : first_lines(lines.train, 20)) std::cout << line << '\n';
    test_sentences_ = first_sentences(lines.test);
    progress_.info(message(o_.prepare.dataset, ": ", made.train_size, " training sentences, ", made.test_size,
                           " test sentences, ", made.words, " words"));
    cloud::stop_if_interrupted();

    progress_.step("Uploading the channels");
    for (const char* channel : {"train", "test", "vocab"}) {
      channels_[channel] = bucket_.upload(data.path() / channel, message(data_prefix, '/', channel));
      std::cout << channels_[channel] << '\n';
    }
    cloud::stop_if_interrupted();
  }

  void train() {
    progress_.step("Training, as a job");
    std::string settings;
    for (const auto& [name, value] : hyperparameters_)
      settings += message(settings.empty() ? "" : ", ", name, ' ', value);
    const std::string name = message("sentiment-", std::time(nullptr));
    progress_.info("training job " + name + ": " + settings);
    results_ = local::run_job({name, hyperparameters_, channels_}, bucket_, o_.out,
                              {[&](const auto& state, const auto& text) { progress_.status(state, text); },
                               [&](const auto& line) { progress_.quote("algo-1", line); }});
    std::cout << results_.model << '\n' << results_.output << '\n';
  }

  void fetch() {
    progress_.step("Fetching the job's output");
    cloud::unpack_archive(bucket_.file(results_.output), output());
    for (const char* file : {"log", "accuracy.png", "loss.png"})
      std::cout << (output() / file).string() << '\n';
    cloud::stop_if_interrupted();
  }

  void plots() {
    progress_.step("The plots: accuracy and loss over epochs");
    const auto log = nlohmann::json::parse(read_text(output() / "log"));
    for (const char* key :
         {"main/accuracy", "validation/main/accuracy", "main/loss", "validation/main/loss"}) {
      std::vector<double> values;
      for (const auto& entry : log)
        if (entry.contains(key) && entry[key].is_number()) values.push_back(entry[key].get<double>());
      if (values.empty()) continue;
      char line[200];
      std::snprintf(line, sizeof line, "%-24s  %6.4f to %6.4f  ", key, values.front(), values.back());
      std::cout << line << local::sparkline(values) << '\n';
    }
  }

  void deploy() {
    progress_.step("Deploying the model");
    progress_.status("Creating", message("endpoint ", endpoint_name, " from ", results_.model));
    endpoint_ = std::make_unique<local::Endpoint>(endpoint_name, results_.model, bucket_, o_.out);
    progress_.status("InService", endpoint_->url() + "/endpoints/" + endpoint_name + "/invocations");
  }

  void predict() {
    EndpointClient client(endpoint_->url(), endpoint_name, 60);
    progress_.step("Predicting against the endpoint");
    std::cout << client.invoke(example_sentences(), "text");
    cloud::stop_if_interrupted();
    progress_.info(message("the first ", test_sentences_.size(), " test sentences:"));
    std::cout << client.invoke(test_sentences_, "text");
    cloud::stop_if_interrupted();
  }

  void remove() {
    progress_.step("Deleting the endpoint");
    if (const int status = endpoint_->remove(); status != 0)
      fail<lstmlib::Error>("endpoint ", endpoint_name, " ended with status ", status);
    endpoint_.reset();
    progress_.status("Deleted",
                     message("endpoint ", endpoint_name, "; nothing is left running. Plots in ",
                             output().string(), ", the stand-in for S3 in ", (o_.out / "s3").string()));
  }

  fs::path output() const { return o_.out / "output"; }

  LocalOptions o_;
  std::map<std::string, std::string> hyperparameters_, channels_;
  local::Bucket bucket_;
  local::ProgressReporter progress_{8};
  std::vector<std::string> test_sentences_;
  local::JobResults results_;
  std::unique_ptr<local::Endpoint> endpoint_;
};

/// The training options as hyperparameters of a job. Always includes those that the notebook sets: epochs and
/// batch size.
std::map<std::string, std::string> hyperparameters(const CLI::App& command,
                                                   const std::vector<std::string>& names,
                                                   const LocalOptions& o) {
  std::map<std::string, std::string> result{{"epochs", message(o.train.epochs)},
                                            {"batch-size", message(o.train.batch_size)}};
  for (const auto& name : names)
    if (const CLI::Option* option = command.get_option("--" + name); option->count() > 0)
      result[name] = option->results().back();
  if (o.prepare.char_based) result["char-based"] = "true";
  return result;
}

void run(const CLI::App& command, const std::vector<std::string>& names, LocalOptions& o) {
  make_room(o.out, o.force, {"s3", "output"});
  o.prepare.quiet = o.train.quiet;
  run_interruptible([&] {
    try {
      LocalNotebook(o, hyperparameters(command, names, o)).run();
    } catch (const cloud::Interrupted&) {
      std::cerr << "The job and the endpoint are stopped; nothing is left running.\n";
      throw;
    }
  });
}

}  // namespace

void add_local(CLI::App& app) {
  auto* command = app.add_subcommand(
      "local", "All steps of the notebook on this machine, without an account: upload, job, plots, endpoint");
  const auto options = std::make_shared<LocalOptions>();
  options->prepare.dataset = "stsa.binary";
  add_prepare_options(*command, options->prepare);
  command->get_option("--dataset")->capture_default_str();
  command
      ->add_option("--out", options->out,
                   "Folder for the stand-in of S3 (s3/) and the downloaded output (output/)")
      ->check(local_path())
      ->capture_default_str();
  command->add_flag("--force", options->force, "Replace an earlier run in that folder");
  options->train.epochs = 10;  // as in the notebook
  CLI::App training;           // holds the training options
  TrainOptions ignored;
  add_training_options(training, ignored);
  add_training_options(*command, options->train);
  std::vector<std::string> names;
  for (const CLI::Option* option : training.get_options())
    for (const auto& name : option->get_lnames())
      if (name != "help" && name != "quiet" && name != "json-summary") names.push_back(name);
  command->remove_option(command->get_option("--json-summary"));  // would be a file in the container
  command->footer(
      "Each step is as in the cloud, with a folder for S3 and processes of this program for the training "
      "job and\n"
      "the endpoint; both get the cloud's own folders and files. Nothing keeps running, whatever happens.\n"
      "Example:\n  sentiment local --epochs 2 --out local");
  command->callback([command, names, options] { run(*command, names, *options); });
}

}  // namespace sentiment
