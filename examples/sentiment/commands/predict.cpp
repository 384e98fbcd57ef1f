// SPDX-License-Identifier: MIT
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/prediction_line.hpp"
#include "sentiment/commands/predictor_options.hpp"
#include "sentiment/commands/text_options.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/data/file.hpp"
#include "sentiment/model/predict.hpp"

#include <fstream>
#include <iostream>

namespace sentiment {

namespace fs = std::filesystem;

namespace {

struct PredictOptions {
  fs::path model_dir;
  std::vector<fs::path> files;
  std::string format = "text";
  PredictorOptions predictor;
  TextOptions text;
  std::string path;
};

/// Predicts all lines in order, a few thousand at a time, so that memory use is bounded.
void answer(std::istream& input, const std::string& name, const Predictor& predictor,
            const PredictOptions& options) {
  constexpr std::size_t chunk = 4096;
  std::vector<std::string> sentences;
  const auto flush = [&] {
    for (const auto& p : predict(predictor, sentences))
      std::cout << prediction_line(p, options.format) << '\n';
    if (!std::cout.flush()) fail<FileError>("standard output: cannot write");
    sentences.clear();
  };
  TextDecoder decoder(name, options.text);
  LineReader lines(input, decoder);
  for (std::string line; lines.next(line);) {
    sentences.push_back(std::move(line));
    if (sentences.size() == chunk) flush();
  }
  flush();
  decoder.report();
}

void run(const PredictOptions& options) {
  const Predictor predictor(load_model_folder(options.model_dir, options.path), options.predictor);
  if (options.files.empty()) return answer(std::cin, "standard input", predictor, options);
  for (const auto& file : options.files) {
    std::ifstream input(file, std::ios::binary);
    if (!input) fail<FileError>(file.string(), ": cannot read");
    answer(input, file.string(), predictor, options);
  }
}

}  // namespace

void add_predict(CLI::App& app) {
  auto* command =
      app.add_subcommand("predict", "Classify sentences, one per line, from files or standard input");
  const auto options = std::make_shared<PredictOptions>();
  command->add_option("--model-dir", options->model_dir, "Folder of the model")
      ->required()
      ->check(local_path());
  add_model_path_option(*command, options->path);
  command->add_option("files", options->files, "Text files; none: standard input")->check(local_path());
  command
      ->add_option("--format", options->format,
                   "text (prediction, score and sentence, separated by tabs), json or csv")
      ->check(CLI::IsMember({"text", "json", "csv"}))
      ->capture_default_str();
  add_text_options(*command, options->text);
  add_predictor_options(*command, options->predictor);
  add_device_option(*command, options->predictor);
  command
      ->add_option("--batch-size", options->predictor.batch_size,
                   "Batch size of cnn and bow models, and of all models on a GPU")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command->footer("Example:\n  echo 'a warm and funny film' | sentiment predict --model-dir result/model");
  command->callback([options] { run(*options); });
}

}  // namespace sentiment
