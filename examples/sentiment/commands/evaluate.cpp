// SPDX-License-Identifier: MIT
#include "sentiment/commands/commands.hpp"
#include "sentiment/commands/predictor_options.hpp"
#include "sentiment/commands/text_options.hpp"
#include "sentiment/commands/value_checks.hpp"
#include "sentiment/data/labelled_text.hpp"
#include "sentiment/model/predict.hpp"

#include <lstmlib/io/npz.hpp>

#include <nlohmann/json.hpp>

#include <iomanip>
#include <iostream>

namespace sentiment {

namespace fs = std::filesystem;

namespace {

struct EvaluateOptions {
  fs::path model_dir, test;
  bool json = false;
  PredictorOptions predictor;
  TextOptions text;
  std::string path;
};

PreparedData read_test(const EvaluateOptions& options, const Predictor& predictor) {
  if (lstmlib::io::is_npz(options.test)) {  // whatever its name is
    PreparedData data = read_prepared(options.test);
    check_ids(data, predictor.vocabulary().size(), options.test);
    check_labels(data, predictor.settings().classes, options.test);
    return data;
  }
  const auto sentences = read_labelled_text(options.test, options.text);
  check_labels(sentences, static_cast<std::int32_t>(predictor.settings().classes), options.test.string());
  PreparedData data;
  for (const auto& sentence : sentences) {
    data.sentences.push_back(predictor.vocabulary().ids(sentence.text, predictor.settings().char_based));
    data.labels.push_back(sentence.label);
  }
  return data;
}

void print(const Evaluation& result) {
  std::cout << "accuracy  " << std::fixed << std::setprecision(2) << 100 * result.accuracy() << " %  ("
            << result.correct << " of " << result.total << ")\n"
            << "loss      " << std::setprecision(4) << result.loss << "\n\n"
            << "true class, predicted as\n        ";
  for (std::size_t c = 0; c < result.confusion.size(); ++c) std::cout << std::setw(8) << c;
  std::cout << '\n';
  for (std::size_t c = 0; c < result.confusion.size(); ++c) {
    std::cout << std::setw(8) << c;
    for (const Index count : result.confusion[c]) std::cout << std::setw(8) << count;
    std::cout << '\n';
  }
}

void run(const EvaluateOptions& options) {
  const Predictor predictor(load_model_folder(options.model_dir, options.path), options.predictor);
  const Evaluation result = evaluate(predictor, read_test(options, predictor));
  if (!options.json) return print(result);
  const nlohmann::ordered_json json{{"correct", result.correct},
                                    {"total", result.total},
                                    {"accuracy", result.accuracy()},
                                    {"loss", result.loss},
                                    {"confusion", result.confusion}};
  std::cout << json.dump() << '\n';
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto* command =
      app.add_subcommand("evaluate", "Accuracy, loss and confusion matrix of a model on labelled sentences");
  const auto options = std::make_shared<EvaluateOptions>();
  command->add_option("--model-dir", options->model_dir, "Folder of the model")
      ->required()
      ->check(local_path());
  command
      ->add_option("--test", options->test, "Labelled text file (label, space, sentence), or a prepared .npz")
      ->required()
      ->check(local_path());
  add_model_path_option(*command, options->path);
  add_text_options(*command, options->text);
  add_predictor_options(*command, options->predictor);
  add_device_option(*command, options->predictor);
  command->add_flag("--json", options->json, "One line of JSON");
  command->footer("Example:\n  sentiment evaluate --model-dir result/model --test data/stsa.binary.test");
  command->callback([options] { run(*options); });
}

}  // namespace sentiment
