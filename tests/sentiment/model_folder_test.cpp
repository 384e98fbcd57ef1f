// SPDX-License-Identifier: MIT
// Model folders: the reference's are read and give its predictions, ours come back, damaged ones are refused.
#include "sentiment/data/file.hpp"
#include "sentiment/model/predict.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"
#include "hostile.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>

using namespace lstmlib;
using namespace sentiment;
namespace fs = std::filesystem;

namespace {

/// Compares with an expected.json of the reference.
void check_predictions(const Predictor& predictor, const nlohmann::json& expected) {
  std::vector<std::string> sentences;
  std::vector<std::vector<std::int32_t>> ids;
  for (const auto& p : expected.at("predictions")) {
    sentences.push_back(p.at("sentence").get<std::string>());
    ids.push_back(predictor.vocabulary().ids(sentences.back(), predictor.settings().char_based));
    CHECK(ids.back() == p.at("ids").get<std::vector<std::int32_t>>());
  }
  const double logit_tolerance = expected.at("tolerance_abs_logit"),
               p_tolerance = expected.at("tolerance_abs_prob");
  const std::vector<std::span<const std::int32_t>> views(ids.begin(), ids.end());
  std::vector<float> logits(ids.size() * static_cast<std::size_t>(predictor.settings().classes));
  predictor.scores(views, logits);
  const auto predictions = predict(predictor, sentences);
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    const auto& p = expected.at("predictions")[i];
    CAPTURE(sentences[i]);
    CHECK(predictions[i].sentence == p.at("words").get<std::string>());
    CHECK(predictions[i].label == p.at("label").get<std::int32_t>());
    CHECK(std::abs(static_cast<double>(predictions[i].score) - p.at("score").get<double>()) <= p_tolerance);
    const auto theirs = p.at("logits").get<std::vector<double>>();
    for (std::size_t c = 0; c < theirs.size(); ++c) {
      CHECK(std::abs(static_cast<double>(logits[i * theirs.size() + c]) - theirs[c]) <= logit_tolerance);
      CHECK(std::abs(static_cast<double>(predictions[i].probabilities[c]) - p.at("probs")[c].get<double>()) <=
            p_tolerance);
    }
  }
}

/// A small model of the project's own, written to a scratch folder.
fs::path small_model(const char* name, ModelType type, bool char_based = false) {
  set_seed(9);
  ModelSettings settings;
  settings.type = type;
  settings.units = 6;
  settings.layers = 2;
  settings.char_based = char_based;
  const Vocabulary vocabulary({{"<eos>", 0}, {"<unk>", 1}, {"good", 2}, {"bad", 3}, {"film", 4}});
  const fs::path folder = lstmlib::test::scratch(name);
  save_model_folder(folder, settings, vocabulary, Classifier<float>(settings, vocabulary.size()));
  return folder;
}

std::string reason(const fs::path& folder) {
  try {
    load_model_folder(folder);
  } catch (const Error& error) { return error.what(); }
  return "loaded";
}

}  // namespace

TEST_CASE("model folder: every folder of the reference's gives its predictions, and so does our copy of it") {
  std::vector<fs::directory_entry> folders(fs::directory_iterator(lstmlib::test::fixtures() / "models"), {});
  CHECK(folders.size() == 3);
  if (lstmlib::test::kit_has("compat/models")) {
    folders.insert(folders.end(), fs::directory_iterator(lstmlib::test::kit() / "compat/models"), {});
    CHECK(folders.size() == 3 + 9);
  }
  for (const auto& entry : folders) {
    CAPTURE(entry.path().string());
    std::ifstream file(entry.path() / "expected.json");
    const auto expected = nlohmann::json::parse(file);
    TrainedModel model = load_model_folder(entry.path());
    const fs::path copy = lstmlib::test::scratch("model_copy");
    save_model_folder(copy, model.settings, model.vocabulary, model.classifier);
    check_predictions(Predictor(std::move(model)), expected);
    const Predictor again(load_model_folder(copy));
    CHECK(again.settings() == load_model_folder(entry.path()).settings);
    check_predictions(again, expected);
    if (fs::exists(entry.path() / "my_model.npz")) {
      CHECK(read_text(copy / "vocab.json") == read_text(entry.path() / "vocab.json"));
      CHECK(read_text(copy / "args.json") == read_text(entry.path() / "args.json"));
    }
  }
}

TEST_CASE("model folder: a saved model loads with the same bits") {
  for (const auto type : {ModelType::rnn, ModelType::cnn, ModelType::bow})
    for (const bool char_based : {false, true}) {
      const fs::path folder = small_model("model_saved", type, char_based);
      TrainedModel first = load_model_folder(folder);
      CHECK(first.settings.char_based == char_based);
      save_model_folder(folder, first.settings, first.vocabulary, first.classifier);
      const std::vector<std::string> sentences{"good film", "", "bad"};
      const auto before = predict(Predictor(std::move(first)), sentences);
      const auto after = predict(Predictor(load_model_folder(folder)), sentences);
      for (std::size_t i = 0; i < sentences.size(); ++i)
        CHECK(before[i].probabilities == after[i].probabilities);
    }
}

TEST_CASE("model folder: the message names missing and mismatched parts") {
  const fs::path folder = small_model("model_damaged", ModelType::rnn);
  const std::string args = read_text(folder / "args.json"), vocab = read_text(folder / "vocab.json");
  const auto with_args = [&](const std::string& json) {
    write_text(folder / "args.json", json);
    const std::string text = reason(folder);
    write_text(folder / "args.json", args);
    return text;
  };
  CHECK(reason(folder) == "loaded");
  CHECK(with_args("{").find("args.json: is not JSON") != std::string::npos);
  CHECK(with_args("[]").find("is not an object") != std::string::npos);
  CHECK(with_args(R"({"model_type": "rnn"})").find("no key num_classes") != std::string::npos);
  // Nested so deep that writing it into the message would exhaust the stack.
  const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
  CHECK(with_args(R"({"model_type": )" + deep + "}").find("model_type is a list") != std::string::npos);
  CHECK(with_args(
            R"({"num_classes": 2, "model_type": "lstm", "num_layers": 1, "num_units": 6, "dropout": 0.4})")
            .find("expected rnn, cnn or bow") != std::string::npos);
  CHECK(
      with_args(
          R"({"num_classes": 2, "model_type": "rnn", "num_layers": 1, "num_units": 1000000, "dropout": 0.4})")
          .find("too few") != std::string::npos);
  // Another number of layers: every missing key is named.
  const std::string layers = with_args(
      R"({"num_classes": 2, "model_type": "rnn", "num_layers": 3, "num_units": 6, "dropout": 0.4})");
  CHECK(layers.find("encoder/encoder/2/w0") != std::string::npos);
  CHECK(layers.find("encoder/encoder/2/b7") != std::string::npos);
  // A vocabulary of another size.
  write_text(folder / "vocab.json", R"({"<eos>": 0, "<unk>": 1, "good": 2})");
  CHECK(reason(folder).find("encoder/embed/W") != std::string::npos);
  write_text(folder / "vocab.json", vocab);

  for (const char* name : {"args.json", "vocab.json", "my_model.npz"}) {
    fs::rename(folder / name, folder / "aside");
    CHECK(reason(folder).find(name) != std::string::npos);
    fs::rename(folder / "aside", folder / name);
  }
}

TEST_CASE("model folder: damaged settings and models are refused") {
  int count = 0;
  const auto hostile = lstmlib::test::hostile_files();
  for (const auto& file : hostile.files) {
    CAPTURE(file.name);
    bool refused = false;
    try {
      if (file.name.starts_with("args_json")) {
        parse_settings_json(read_text(file.path), file.name);
      } else if (file.area == "model") {
        ModelSettings settings;
        settings.units = 6;
        Classifier<float> model(settings, 10);
        const fs::path folder = lstmlib::test::scratch("malicious_model");
        std::vector<Vocabulary::Entry> words{{"<eos>", 0}, {"<unk>", 1}};
        for (std::int32_t i = 2; i < 10; ++i)
          words.emplace_back(std::string(1, static_cast<char>('a' + i)), i);
        save_model_folder(folder, settings, Vocabulary(words), model);
        fs::copy_file(file.path, folder / "my_model.npz", fs::copy_options::overwrite_existing);
        load_model_folder(folder);
      } else {
        continue;
      }
    } catch (const Error& error) {
      refused = true;
      CHECK(std::string(error.what()).size() > 10);
    }
    if (file.must_refuse) CHECK(refused);
    ++count;
  }
  CHECK(count == (hostile.with_kit ? 18 : 0) + 9);
}

TEST_CASE("prediction: scores are written as the reference writes them") {
  CHECK(score_text(1.0f) == "1.0");
  CHECK(score_text(0.5f) == "0.5");
  CHECK(score_text(0.7f) == "0.699999988079071");
  CHECK(score_text(0.50000006f) == "0.5000000596046448");
}

TEST_CASE("evaluation: counts, loss and confusion add up; a label that the model lacks is refused") {
  const TrainedModel model = load_model_folder(small_model("model_evaluate", ModelType::bow));
  PreparedData data{{{2, 4, 0}, {3, 4, 0}, {0}}, {1, 0, 1}};
  const Evaluation result = evaluate(model.classifier, data);
  Index sum = 0, diagonal = 0;
  for (std::size_t a = 0; a < 2; ++a)
    for (std::size_t b = 0; b < 2; ++b) {
      sum += result.confusion[a][b];
      if (a == b) diagonal += result.confusion[a][b];
    }
  CHECK(sum == 3);
  CHECK(diagonal == result.correct);
  CHECK(result.loss > 0);
  data.labels[1] = 2;
  CHECK_THROWS_AS(evaluate(model.classifier, data), FormatError);
}
