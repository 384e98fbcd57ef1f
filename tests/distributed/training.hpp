// SPDX-License-Identifier: MIT
#pragma once
// A small classifier of sentences and its training, by one process or several.

#include "lstmlib/core.hpp"
#include "lstmlib/data/iterator.hpp"
#include "lstmlib/data/sequences.hpp"
#include "lstmlib/distributed/evaluator.hpp"
#include "lstmlib/distributed/updater.hpp"
#include "lstmlib/train/log_report.hpp"
#include "lstmlib/train/snapshot.hpp"
#include "support.hpp"

#include <random>

namespace lstmlib::test {

template <Real T>
struct SmallClassifier final : nn::Module {
  SmallClassifier(Index words, Index units, double ratio)
      : embedding({.vocabulary_size = words, .output_size = units}),
        dropout{ratio},
        encoder({.input_size = units, .hidden_size = units, .layers = 2}),
        output({.input_size = units, .output_size = 3}) {}
  Variable<T> operator()(const Tokens& tokens) const {
    return output(dropout(encoder(dropout(embedding(tokens))).last_hidden()));
  }
  void visit_members(nn::MemberVisitor& visit) override {
    visit("embedding", embedding)("encoder", encoder)("output", output);
  }
  nn::Embedding<T> embedding;
  nn::Dropout dropout;
  nn::Lstm<T> encoder;
  nn::Linear<T> output;
};

/// Sentences of 1 to 30 words.
inline data::LabelledSequences random_sentences(std::size_t count, std::int32_t words, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<std::vector<std::int32_t>> sentences(count);
  std::vector<std::int32_t> labels;
  for (auto& sentence : sentences) {
    sentence.resize(1 + random() % 30);
    for (auto& word : sentence) word = static_cast<std::int32_t>(random() % static_cast<unsigned>(words));
    labels.push_back(static_cast<std::int32_t>(random() % 3));
  }
  return {std::move(sentences), std::move(labels)};
}

struct TrainingOptions {
  Index words = 50, units = 12;
  double dropout = 0;
  Index batch_size = 16, epochs = 1;
  std::size_t sentences = 75;  // no multiple of the batch
  bool by_length = false;
  std::uint64_t seed = 4;        // of the order
  std::uint64_t model_seed = 4;  // of first values and dropout
  /// Not emptied: all processes of a test name it.
  std::filesystem::path folder = std::filesystem::path(LSTMLIB_TEST_SCRATCH_DIR) / "distributed";
};

/// All of a run's parts but the updater.
template <Real T>
struct Training {
  explicit Training(TrainingOptions given)
      : options(given),
        data(random_sentences(options.sentences, static_cast<std::int32_t>(options.words), 1)),
        model(words_after_seeding(), options.units, options.dropout),
        adam(model),
        batches(
            data,
            {.batch_size = options.batch_size, .bucket_by_length = options.by_length, .seed = options.seed}),
        validation(data, {.batch_size = 8, .shuffle = false, .repeat = false}) {
    adam.add_hook(optim::WeightDecay{1e-4});
    adam.add_hook(optim::ClipGradNorm{1});
  }
  Variable<T> operator()(const data::LabelledTokens& batch, train::Observation& seen) {
    const auto scores = model(batch.tokens);
    seen["accuracy"] = ops::accuracy(scores, batch.labels);
    seen.set("of_sentences", ops::accuracy(scores, batch.labels), batch.labels.size());
    return ops::softmax_cross_entropy(scores, batch.labels);
  }
  train::TrainerOptions trainer_options() const {
    return {train::epochs(static_cast<double>(options.epochs)), options.folder};
  }
  std::vector<T> parameters() {
    std::vector<T> values;
    adam.parameters().for_each([&]<Real U>(optim::Entry<U>& entry) {
      for (const U value : entry.parameter.value().values()) values.push_back(static_cast<T>(value));
    });
    return values;
  }

  TrainingOptions options;
  data::LabelledSequences data;
  SmallClassifier<T> model;
  optim::Adam adam;
  data::SerialIterator<data::LabelledSequences> batches, validation;

 private:
  Index words_after_seeding() const {
    set_seed(options.model_seed);
    return options.words;
  }
};

/// What a run ends with.
template <Real T>
struct Outcome {
  std::vector<T> parameters;
  std::vector<double> losses;           // of each step
  std::optional<double> validation;     // loss
  std::optional<double> of_sentences;   // accuracy, weighted
  std::vector<Index> accuracy_weights;  // of each step
};

template <Real T>
Outcome<T> run(Training<T>& training, train::Updater& updater, train::Extension evaluator) {
  Outcome<T> outcome;
  train::Trainer trainer(updater, training.trainer_options());
  trainer.extend(std::move(evaluator));
  trainer.extend([&](train::Trainer& t) {
    outcome.losses.push_back(*t.observation().find("main/loss"));
    for (const auto& entry : t.observation())
      if (entry.key == "main/of_sentences") outcome.accuracy_weights.push_back(entry.weight);
    outcome.validation = t.observation().find("validation/main/loss");
    outcome.of_sentences = t.observation().find("validation/main/of_sentences");
  });
  trainer.run();
  outcome.parameters = training.parameters();
  return outcome;
}

template <Real T>
Outcome<T> train_alone(const TrainingOptions& options) {
  Training<T> training(options);
  train::StandardUpdater updater(training.batches, training.model, training.adam, training);
  return run(training, updater, train::evaluator(training.validation, training));
}

template <Real T>
Outcome<T> train_together(distributed::Communicator& all, TrainingOptions options,
                          distributed::ReducerOptions exchange = {}) {
  options.model_seed += 100 * static_cast<std::uint64_t>(all.rank());  // the first one's counts
  Training<T> training(options);
  distributed::ParallelUpdater updater(all, training.batches, training.model, training.adam, training,
                                       exchange);
  return run(training, updater, distributed::evaluator(all, training.validation, training));
}

/// Largest difference of two runs' parameters.
template <Real T>
double difference(const std::vector<T>& a, const std::vector<T>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    worst = std::max(worst, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  return worst;
}

}  // namespace lstmlib::test
