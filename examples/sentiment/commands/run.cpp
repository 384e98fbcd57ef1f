// SPDX-License-Identifier: MIT
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/prepare_options.hpp"
#include "sentiment/commands/result_folder.hpp"
#include "sentiment/commands/train_options.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/data/datasets.hpp"
#include "sentiment/model/class_names.hpp"
#include "sentiment/model/predict.hpp"
#include "sentiment/commands/notebook_sentences.hpp"

#include <iomanip>
#include <iostream>
#include <memory>

namespace sentiment {

namespace fs = std::filesystem;

namespace {

struct RunOptions {
  PrepareOptions prepare;
  TrainOptions train;
  fs::path out = "result";
  bool force = false, resume = false;
};

void print_predictions(const Predictor& predictor) {
  std::cout << "prediction  score   sentence\n";
  for (const auto& p : predict(predictor, example_sentences()))
    std::cout << std::setw(10) << p.label << "  " << std::fixed << std::setprecision(4) << p.score << "  "
              << p.sentence << '\n';
}

void run(const CLI::App& command, RunOptions& o) {
  if (!o.resume) make_room(o.out, o.force, {"data", "model", "output"}, "--resume to continue it, ");
  o.train.seed = o.prepare.seed = chosen_seed(command, o.train.seed);
  o.prepare.quiet = o.train.quiet;
  o.prepare.out = o.out / "data";
  const PrepareResult data = prepare_or_fall_back(o.prepare);
  o.train.model.char_based = o.prepare.char_based;
  o.train.train = o.prepare.out / "train";
  o.train.test = o.prepare.out / "test";
  o.train.vocab = o.prepare.out / "vocab";
  if (data.dev_size > 0) o.train.dev = o.prepare.out / "dev";
  o.train.model_dir = o.out / "model";
  o.train.output_data_dir = o.out / "output";
  if (o.resume) o.train.resume = "auto";

  const TrainResult result = train_model(o.train);
  if (result.signal)
    end_after_signal(result, message("the same command with --seed ", o.train.seed, " --resume"));
  write_class_names(o.train.model_dir, find_dataset(o.prepare.dataset).class_names);
  print_predictions(Predictor(load_model_folder(o.train.model_dir)));
  std::cerr << "Data set " << o.prepare.dataset << ": " << result.correct << " of " << result.total
            << " test sentences correct. Plots in " << (o.train.output_data_dir / "loss.png").string()
            << " and " << (o.train.output_data_dir / "accuracy.png").string() << ", the model in "
            << o.train.model_dir.string() << ".\nTry it: echo 'what a film' | sentiment predict --model-dir "
            << o.train.model_dir.string() << '\n';
}

}  // namespace

void add_run(CLI::App& app) {
  auto* command =
      app.add_subcommand("run", "The whole pipeline: get the data, prepare, train, plot, save, predict");
  const auto options = std::make_shared<RunOptions>();
  options->prepare.dataset = "stsa.binary";
  add_prepare_options(*command, options->prepare);
  command->get_option("--dataset")->capture_default_str();
  command->add_option("--out", options->out, "Folder for data, model and output")
      ->check(local_path())
      ->capture_default_str();
  command->add_flag("--force", options->force, "Replace an earlier run in that folder");
  command->add_flag("--resume", options->resume,
                    "Continue an earlier run in that folder, with the same options and seed");
  add_training_options(*command, options->train);
  command->footer(
      "A data set with a dev file chooses the best model there; else the test sentences choose it.\n"
      "Example:\n  sentiment run --dataset stsa.binary --epochs 10 --out result");
  command->callback([command, options] { run(*command, *options); });
}

}  // namespace sentiment
