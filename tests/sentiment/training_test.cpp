// SPDX-License-Identifier: MIT
// What train_model sets itself: optimizer, hooks, the choice of the best model, the summary.
#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/serialization/archive.hpp"
#include "lstmlib/train/trainer.hpp"
#include "sentiment/data/prepared.hpp"
#include "sentiment/model/model_folder.hpp"
#include "sentiment/data/text/vocabulary_file.hpp"
#include "sentiment/training/best_model.hpp"
#include "sentiment/training/train.hpp"

#include "support.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <random>

using namespace lstmlib;
using namespace sentiment;
namespace fs = std::filesystem;

namespace {

constexpr Index word_count = 30;

/// Sentences of two classes; the label is whether the first word's number is even.
PreparedData sentences(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  PreparedData made;
  for (std::size_t i = 0; i < count; ++i) {
    auto& sentence = made.sentences.emplace_back(1 + random() % 9);
    for (auto& word : sentence) word = static_cast<std::int32_t>(random() % word_count);
    made.labels.push_back(sentence[0] % 2);
  }
  return made;
}

/// Prepared data below `folder`, and options of a small model without anything but the notebook's settings.
TrainOptions options_in(const fs::path& folder) {
  TrainOptions o;
  o.train = folder / "train", o.test = folder / "test", o.vocab = folder / "vocab";
  o.model_dir = folder / "model", o.output_data_dir = folder / "output";
  for (const auto& path : {o.train, o.test, o.vocab}) fs::create_directories(path);
  write_prepared(o.train / "train.npz", sentences(150, 1));
  write_prepared(o.test / "test.npz", sentences(40, 2));
  std::vector<Vocabulary::Entry> words{{"<eos>", 0}, {"<unk>", 1}};
  for (std::int32_t id = 2; id < word_count; ++id) words.emplace_back("word" + std::to_string(id), id);
  write_vocabulary_npy(o.vocab / "vocab.npy", Vocabulary(words));
  o.model.units = 6;
  o.epochs = 3;
  o.seed = 5;
  o.device = "cpu";
  o.quiet = true;
  return o;
}

/// The largest difference between parameters, and how large they are.
double difference(const io::Archive& a, const io::Archive& b) {
  REQUIRE(a.names() == b.names());
  double worst = 0;
  for (const auto& entry : a) {
    const auto mine = entry.array.as_numbers<double>(), theirs = b.at(entry.name).as_numbers<double>();
    REQUIRE(mine.size() == theirs.size());
    for (std::size_t i = 0; i < mine.size(); ++i) worst = std::max(worst, std::abs(mine[i] - theirs[i]));
  }
  return worst;
}

/// The same training written out: Adam as Chainer has it, a weight decay of 1e-4, the model of the first best
/// epoch.
io::Archive plain_training(const TrainOptions& o, double decay) {
  set_seed(o.seed);
  ModelSettings settings = o.model;
  settings.classes = 2;
  Classifier<float> model(settings, word_count);
  optim::Adam adam(model, {.learning_rate = 0.001, .beta1 = 0.9, .beta2 = 0.999, .epsilon = 1e-8});
  adam.add_hook(optim::WeightDecay{decay});
  const auto training = sentences(150, 1), test = sentences(40, 2);
  const data::LabelledSequences training_set(training.sentences, training.labels),
      test_set(test.sentences, test.labels);
  data::SerialIterator batches(training_set, {.batch_size = 64, .seed = o.seed});
  io::Archive best;
  double most = -1;
  std::uint64_t step = 0;
  for (Index epoch = 0; epoch < o.epochs; ++epoch) {
    while (batches.epoch() == epoch) {
      const auto batch = batches.next();
      begin_step(step++);
      const auto loss = ops::softmax_cross_entropy(model(batch.tokens), batch.labels);
      loss.backward();
      adam.step();
      adam.zero_grad();
    }
    const Inference scope;
    data::SerialIterator once(test_set, {.batch_size = 64, .shuffle = false, .repeat = false});
    const auto batch = once.next();
    const double accuracy = ops::accuracy(model(batch.tokens), batch.labels);
    if (accuracy > most) most = accuracy, best = io::to_archive(model);
  }
  return best;
}

}  // namespace

TEST_CASE("train_model: the parameters are those of the notebook's training written out, decay included") {
  const auto folder = lstmlib::test::scratch("train_model");
  for (const auto type : {ModelType::rnn, ModelType::bow}) {
    TrainOptions o = options_in(folder / std::string(name_of(type)));
    o.model.type = type;
    train_model(o);
    const auto mine = io::to_archive(load_model_folder(o.model_dir).classifier);
    CHECK(difference(mine, plain_training(o, 1e-4)) < 1e-7);
    // So that the comparison sees another decay.
    CHECK(difference(mine, plain_training(o, 1e-5)) > 1e-6);
  }
}

TEST_CASE("train_model: the summary has the seconds of each epoch") {
  TrainOptions o = options_in(lstmlib::test::scratch("train_summary"));
  o.json_summary = o.output_data_dir / "summary.json";
  o.epochs = 4;
  train_model(o);
  std::ifstream file(o.json_summary);
  const auto summary = nlohmann::json::parse(file);
  const auto seconds = summary.at("train_seconds_by_epoch").get<std::vector<double>>();
  REQUIRE(seconds.size() == 4);
  for (const double one : seconds) {
    CHECK(one > 0);
    CHECK(one < 60);
  }
  CHECK(summary.at("epochs") == 4);
  CHECK(summary.at("best_epoch").get<int>() >= 1);
}

TEST_CASE(
    "best model: of epochs of equal accuracy the first is kept, and a worse or no number changes nothing") {
  struct Counter final : train::Updater {
    train::Observation update() override {
      ++count;
      return {};
    }
    Index iteration() const override { return count; }
    Index epoch() const override { return count; }
    double epoch_detail() const override { return static_cast<double>(count); }
    double previous_epoch_detail() const override { return static_cast<double>(count - 1); }
    void serialize(io::Serializer&) override {}
    Index count = 0;
  } counter;
  const ModelSettings settings{.classes = 2, .type = ModelType::bow, .units = 2};
  Classifier<float> model(settings, 4), copy(settings, 4);
  train::Trainer trainer(counter, {train::iterations(6), lstmlib::test::scratch("best_model")});
  const std::vector<double> accuracies{0.25, 0.75, 0.75, 0.5, std::nan(""), 0.75};
  std::vector<io::Archive> models;
  trainer.extend([&](train::Trainer& t) {
    t.observation()["accuracy"] = accuracies[static_cast<std::size_t>(t.iteration()) - 1];
    set_seed(static_cast<std::uint64_t>(t.iteration()));
    Classifier<float> other(settings, 4);
    models.push_back(io::to_archive(other));
    io::from_archive(models.back(), model);
  });
  trainer.extend(BestModel(model, std::move(copy), "accuracy"));
  trainer.run();
  BestModel& best = *trainer.find<BestModel>();
  CHECK(best.epoch() == 2);
  CHECK(best.value() == 0.75);
  CHECK(difference(io::to_archive(best.model()), models[1]) == 0);
  CHECK(difference(io::to_archive(best.model()), models[2]) > 0);
}
