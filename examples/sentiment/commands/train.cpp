// SPDX-License-Identifier: MIT
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/failure.hpp"
#include "sentiment/commands/train_options.hpp"
#include "sentiment/commands/train_processes.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/training/job/container.hpp"
#include "sentiment/training/job/train_job.hpp"
#include "sentiment/training/launch/rank.hpp"
#include "sentiment/model/device.hpp"
#include "sentiment/training/processes.hpp"

#include <lstmlib/train/signals.hpp>

#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <random>

namespace sentiment {

namespace fs = std::filesystem;

void add_training_options(CLI::App& command, TrainOptions& o) {
  command.add_option("--epochs", o.epochs, "Number of passes over the training sentences")
      ->check(whole_number(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--batch-size", o.batch_size, "Sentences per update")
      ->check(whole_number(1, 1'000'000))
      ->capture_default_str();
  command.add_option("--dropout", o.model.dropout, "Dropout ratio in training, 0 to below 1")
      ->check(number_below(0, 1))
      ->capture_default_str();
  command.add_option("--num-layers", o.model.layers, "Number of layers")
      ->check(whole_number(1, 100))
      ->capture_default_str();
  command.add_option("--num-units", o.model.units, "Size of word vectors and layers")
      ->check(whole_number(1, 16384))
      ->capture_default_str();
  command
      .add_option_function<std::string>(
          "--model-type", [&o](const std::string& name) { o.model.type = parse_model_type(name); },
          "rnn: LSTM; cnn: convolutions; bow: bag of words")
      ->check(CLI::IsMember({"rnn", "cnn", "bow"}))
      ->default_str("rnn");
  command
      .add_option("--seed", o.seed,
                  "Seed of all random numbers; equal seeds give equal models. Default: a random seed")
      ->check(whole_number(0));
  command.add_option("--device", o.device, about_devices)->capture_default_str();
  command.add_option("--threads", o.threads, "Number of CPU threads. Default: as many as the machine has")
      ->check(whole_number(1, 1024));
  command.add_flag("--bucket", o.bucket_by_length,
                   "Make batches of sentences of similar length: faster, but in another order");
  command
      .add_option("--snapshot-every", o.snapshot_every,
                  "Number of epochs between snapshots; the newest two are kept")
      ->check(whole_number(1, 1'000'000))
      ->capture_default_str();
  command
      .add_option_function<std::string>(
          "--precision", [&o](const std::string& name) { o.precision = lstmlib::parse_precision(name); },
          "Of an LSTM's products: fp32; bf16 is faster where the processor has it, and rounds their "
          "operands. On "
          "a GPU also fp16 (operands of 11 bits) and fp32_strict (no shortcuts); a CPU takes both for fp32")
      ->check(CLI::IsMember({"fp32", "bf16", "fp16", "fp32_strict"}))
      ->default_str("fp32");
  command.add_option("--json-summary", o.json_summary, "Write a summary of the run as JSON to this file")
      ->check(local_path());
  command.add_flag("--quiet", o.quiet, "No progress");
}

void add_job_settings(CLI::App& command, TrainOptions& o, ProcessOptions& processes) {
  command.add_flag("--char-based", o.model.char_based,
                   "Sentences are sequences of characters, not words, as in `prepare`");
  add_training_options(command, o);
  command
      .add_option("--global-batch-size", o.global_batch_size,
                  "Sentences per update of all processes together, instead of --batch-size for each: "
                  "the run is then the same for any number of processes, except for rounding")
      ->check(whole_number(1, 100'000'000));
  command
      .add_option_function<std::string>(
          "--wire",
          [&o](const std::string& name) {
            o.compression = name == "bf16" ? lstmlib::distributed::GradientCompression::bf16
                                           : lstmlib::distributed::GradientCompression::none;
          },
          "Format of gradients between processes: exact, or bf16, which rounds them and halves the bytes")
      ->check(CLI::IsMember({"exact", "bf16"}))
      ->default_str("exact");
  add_process_options(command, processes);
}

std::uint64_t chosen_seed(const CLI::App& command, std::uint64_t given) {
  if (command.count("--seed") > 0) return given;
  std::random_device random;
  return random();
}

void end_after_signal(const TrainResult& result, const std::string& how_to_resume) {
  std::cerr << "Stopped by " << (result.signal == SIGINT ? "Ctrl-C" : "SIGTERM") << ". ";
  if (result.snapshot.empty()) std::cerr << "There is no snapshot yet.\n";
  else std::cerr << "To continue: " << how_to_resume << '\n';
  if (launch::stopped_by_user_signal()) throw ExitStatus{0};
  if (result.signal == SIGINT) throw ExitStatus{130};
  throw ExitStatus{job::in_training_job() ? 0 : 143};
}

namespace {

/// If this process `says` so, reports how the training ended and how to resume it. Returns the exit status.
int status_after_signal(const TrainResult& result, const TrainOptions& options, bool in_job, bool says) {
  if (says && in_job && result.best_epoch > 0)
    std::cerr << "The best model so far, of epoch " << result.best_epoch << ", is in "
              << options.model_dir.string() << ". ";
  try {
    if (!says) return 0;
    end_after_signal(result,
                     in_job ? "a job with the same settings and this checkpoint: " + result.snapshot.string()
                            : "the same command with --resume " + result.snapshot.string());
  } catch (const ExitStatus& end) { return end.status; }
}

void run(CLI::App& command, TrainOptions& options, ProcessOptions& processes, bool in_job) {
  if (launch::rank_from_environment()) launch::take_user_signal_for_a_stop();
  std::optional<lstmlib::train::SignalWatch> from_the_start;
  if (in_job) {
    // As process 1 of a container, a signal before training would not even end it.
    from_the_start.emplace();
    job::complete_options(command, options, processes);
  }
  if (trained_in_processes(command, options, processes)) return;
  // A job resumes from its checkpoint automatically.
  if (command.count("--resume") > 0 && options.resume.empty()) options.resume = "auto";
  if (in_job && options.resume == "auto") options.resume.clear();
  options.seed_given = command.count("--seed") > 0;
  options.seed = chosen_seed(command, options.seed);
  const auto work = [&](lstmlib::distributed::Communicator& all) {
    const TrainResult result = train_model(options, all);
    return result.signal ? status_after_signal(result, options, in_job, all.is_main_process()) : 0;
  };
  const int status =
      with_all_processes(work, [&](const std::string& text) { report_failed_work(in_job, text); });
  if (status != 0) throw ExitStatus{status};
}

}  // namespace

void add_train(CLI::App& app) {
  auto* command = app.add_subcommand("train", "Train a model from prepared data, here or as a training job");
  const auto options = std::make_shared<TrainOptions>();
  const auto processes = std::make_shared<ProcessOptions>();
  const bool in_job = job::in_training_job();
  command->add_option("--train", options->train, "Folder with train.npz")
      ->envname("SM_CHANNEL_TRAIN")
      ->required(!in_job)
      ->check(local_path());
  command->add_option("--test", options->test, "Folder with test.npz")
      ->envname("SM_CHANNEL_TEST")
      ->required(!in_job)
      ->check(local_path());
  command->add_option("--vocab", options->vocab, "Folder with vocab.npy")
      ->envname("SM_CHANNEL_VOCAB")
      ->required(!in_job)
      ->check(local_path());
  command
      ->add_option(
          "--dev", options->dev,
          "Folder with dev.npz: choose the best model on it, and use the test sentences only to report "
          "the result. Without it, the best model is chosen on the test sentences, as in the "
          "reference, which makes the result look better than it is")
      ->check(local_path());
  auto* model_dir = command->add_option("--model-dir", options->model_dir, "Folder for the best model")
                        ->envname("SM_MODEL_DIR")
                        ->required(!in_job);
  auto* output_dir =
      command
          ->add_option("--output-data-dir", options->output_data_dir, "Folder for log, plots and snapshots")
          ->envname("SM_OUTPUT_DATA_DIR")
          ->required(!in_job);
  // In a job, an address means the container's folder, from which the service takes the results.
  if (!in_job)
    for (auto* folder : {model_dir, output_dir}) folder->check(local_path());
  command
      ->add_option("--resume", options->resume,
                   "Resume from a snapshot: its file, or auto (the newest of the output folder)")
      ->expected(0, 1)
      ->default_str("auto")
      ->check(local_path());
  add_job_settings(*command, *options, *processes);
  command->footer(
      "Example:\n  sentiment prepare --dataset stsa.binary --out data\n"
      "  sentiment train --train data/train --test data/test --vocab data/vocab \\\n"
      "      --model-dir model --output-data-dir output\n"
      "As a training job (/opt/ml/input/config is there, or below $SAGEMAKER_BASE_DIR; or SM_* variables are "
      "set):\n"
      "  sentiment train\n"
      "takes these options from input/config/hyperparameters.json and the data from the channels train, test "
      "and vocab\n"
      "(and dev), ignores what it does not know, keeps a checkpoint in checkpoints/ if that folder is there "
      "and goes\n"
      "on from it, and writes model/, output/data/ and, where it fails, output/failure. SIGTERM ends it with "
      "the best\n"
      "model so far. On several hosts the first one starts all others' processes.\n"
      "In several processes, Ctrl-C and SIGTERM end all of them as they end one: in order, with a snapshot; "
      "a "
      "second\n"
      "one ends them at once. Status: 0, 1 where one failed, 130 after Ctrl-C, 143 after SIGTERM (a job: "
      "0).");
  command->allow_extras(in_job);  // a job may have settings of other programs
  command->callback([command, options, processes, in_job] { run(*command, *options, *processes, in_job); });
}

}  // namespace sentiment
